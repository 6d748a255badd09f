"""What a kept reference says is what `compare` says, and a change costs what it changes."""

import pandas as pd
import pytest

import lightning_v2 as lv2
from lightning_v2.analysis.sites.kept_reference import KeptReference

TEXT = "Seven ships. They sail!"  # two sentences: every site runs twice


@pytest.fixture(scope="module")
def kept(voice):
    return KeptReference(voice, TEXT, seed=3)


@pytest.mark.parametrize("plan", ["naive", "lightning-v2", "naive"])  # noqa: PT014 (one reference)
def test_one_candidate_after_the_other_is_as_if_it_were_alone(voice, kept, plan):
    alone = lv2.compare(voice, TEXT, plan, seed=3)
    said = kept.say(lv2.Plan.load(plan))
    assert (said.speech.waveform == alone.candidate.waveform).all()
    assert (kept.speech.waveform == alone.reference.waveform).all()
    assert (said.speech.plan, said.speech.tier) == (plan, "fast")
    pd.testing.assert_frame_equal(kept.layers(said), alone.layers)


def test_the_reference_may_be_a_plan(voice):
    alone = lv2.compare(voice, TEXT, "naive", reference="bf16")
    kept = KeptReference(voice, TEXT, "bf16")
    said = kept.say(lv2.Plan.load("naive"))
    assert kept.reference.name == kept.speech.plan == "bf16"
    assert (said.speech.waveform == alone.candidate.waveform).all()
    pd.testing.assert_frame_equal(kept.layers(said), alone.layers)


def test_only_what_has_changed_is_measured_again(kept, monkeypatch):
    plan = lv2.Plan.load("bf16")
    kept.layers(kept.say(plan))
    text = plan.to_yaml() + "- {sites: decoder.input, weights: bfloat8_b}\n"
    again = []
    measured = KeptReference._alone
    monkeypatch.setattr(
        KeptReference,
        "_alone",
        lambda self, site, *rest: again.append(site) or measured(self, site, *rest),
    )
    kept.layers(kept.say(lv2.Plan.parse(text)))
    assert again == ["decoder.input"]


def test_a_run_can_be_given_up_at_any_site(voice, kept):
    class Enough(Exception):
        pass

    def stop_after(count):
        left = iter(range(count))

        def after_site():
            if next(left, None) is None:
                raise Enough

        return after_site

    plan = lv2.Plan.load("naive")
    with pytest.raises(Enough):
        kept.say(plan, stop_after(20))
    said = kept.say(plan)
    with pytest.raises(Enough):
        kept.layers(said, stop_after(20))
    with pytest.raises(Enough):
        KeptReference(voice, TEXT, after_site=stop_after(20))
    pd.testing.assert_frame_equal(kept.layers(said), lv2.compare(voice, TEXT, plan, seed=3).layers)


def test_a_plan_that_the_voice_cannot_run_is_refused(kept):
    with pytest.raises(lv2.PlanError, match="matches no site"):
        kept.say(lv2.Plan.parse("default: {}\nrules: [{sites: nowhere, output: float32}]"))
