"""A voice of another architecture goes wherever ours does, and nothing here knows its name."""

import numpy as np
import pytest
from distributed import LocalCluster

import lightning_v2 as lv2
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.analysis.sites.isolated import lowered_precisions
from lightning_v2.errors import ArgumentError
from lightning_v2.precision import voice_sites
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.constraints import Constraints
from lightning_v2.search.plans.find import space_of
from lightning_v2.search.plans.quality import prosody_of
from lightning_v2.search.sweep.sweep import Unit
from lightning_v2.search.sweep.worker import run_unit
from lightning_v2.tensix.numbers.sites import SitePrecision
from tests import second_voice
from widgets.explorer.explorer_session import Session
from widgets.explorer.explorer_state import State

TEXT = "seven silver ships"
PLAN = lv2.Plan.parse(
    "{name: low, default: {weights: bfloat4_b, activations: bfloat8_b, math_fidelity: LoFi}}"
)
BEST = lv2.Plan.parse("{name: bf16, default: {weights: bfloat16, math_fidelity: HiFi4}}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("site-packages")
        patch.syspath_prepend(place)
        yield second_voice.install(place)


@pytest.fixture(scope="module")
def voice(folder):
    return lv2.load(folder)


@pytest.fixture(scope="module")
def compared(voice):
    return lv2.compare(voice, TEXT, PLAN)


def test_it_is_a_voice(voice):
    assert isinstance(voice, lv2.Voice) and isinstance(lv2.load(), lv2.Voice)
    assert not isinstance(voice.model, lv2.Voice)


def test_no_format_that_nobody_has_brought(folder, tmp_path):
    for form in ('"third-voice/1"', "[1]"):
        (tmp_path / "config.json").write_text(f'{{"format": {form}}}')
        with pytest.raises(lv2.CheckpointError, match=r"expected .*, 'second"):
            lv2.load(tmp_path)


def test_what_is_no_voice_is_told_what_it_lacks(folder, monkeypatch):
    monkeypatch.delattr(second_voice.SecondVoice, "phonemize")
    monkeypatch.delattr(second_voice.SecondVoice, "takes")
    with pytest.raises(
        lv2.CheckpointError, match="a SecondVoice is no voice: it lacks phonemize, takes"
    ):
        lv2.load(folder)


def test_emulated_by_interception(voice):
    plain = voice.synthesize(TEXT)
    with lv2.emulate(voice, PLAN, tier="exact") as run:
        low = voice.synthesize(TEXT, forced=plain)
    assert (low.plan, low.tier) == ("low", "exact") and (plain.plan, plain.tier) == (None, None)
    assert {"length", "mix", "sound"} <= run.sites.keys()
    assert low.waveform.shape == plain.waveform.shape
    assert not np.array_equal(low.waveform, plain.waveform)
    foreign = lv2.Plan.parse("rules: [{sites: nowhere, weights: float32}]")
    with pytest.raises(lv2.PlanError, match="'nowhere'"), lv2.emulate(voice, foreign):
        pass


def test_covered(voice):
    covered = PLAN.coverage(voice)
    assert covered.share("math_fidelity", "LoFi") == 1 and covered.weight_bytes > 1000
    assert {"length", "mix", "norm", "sound"} <= {site.name for site in voice_sites(voice)}


def test_compared_sample_by_sample(compared):
    assert compared.aligned and compared.candidate.sample_rate == second_voice.RATE
    assert 5 < compared.metrics["snr_db"] < 60
    assert np.isfinite(compared.metrics["lsd_db"])
    layers = compared.layers.set_index("site")
    assert layers.loc[["length", "mix", "sound"], "isolated_sqnr_db"].between(5, 60).all()
    assert layers.loc["sound", "accumulated_sqnr_db"] > 0


def test_what_it_does_not_tell_is_nan_with_a_reason(compared):
    why = compared.unmeasured
    assert set(why) == {name for name, value in compared.metrics.items() if np.isnan(value)}
    assert why["boundary_shift_p95_ms"] == "the voice does not tell how long its phones last"


def test_running_freely_only_levels_and_lengths_are_known(voice):
    c = lv2.compare(voice, TEXT, PLAN, teacher_forced=False, layers=False)
    assert not c.aligned and not np.array_equal(*(s.decisions["lengths"]
                                                  for s in (c.reference, c.candidate)))  # fmt: skip
    needs = {metric.name: metric.needs for metric in METRICS}
    assert np.isfinite(c.metrics["gain_db"]) and np.isfinite(c.metrics["length_change_percent"])
    for name, need in needs.items():
        if need != "nothing":
            assert np.isnan(c.metrics[name]) and "nothing is paired" in c.unmeasured[name]


def test_sites_alone(voice):
    found = lv2.localise(voice, TEXT, PLAN, ["mix", "sound"])
    assert list(found.sites) == ["mix", "sound"] and np.isfinite(found.snr_db).all()
    assert np.isfinite(found.table["snr_db"]).all()
    tiers = lv2.compare_tiers(voice, TEXT, PLAN).set_index("site")
    assert tiers.loc["sound", "deviation_percent"] < 5


def test_measured_by_a_unit_of_a_search(folder, voice):
    unit = Unit("prosody", {"voice": str(folder), "sentence": TEXT, "plan": PLAN.to_yaml(),
                            "tier": "fast"})  # fmt: skip
    outcome = run_unit(unit.entry, unit.parameters, unit.voice_digest, unit.surroundings, {})
    assert outcome.error is None
    assert all(np.isnan(value) for value in outcome.rows[0].values())
    assert all(np.isnan(v) for v in prosody_of(*[voice.synthesize(TEXT)] * 2).values())


def test_searched(folder):
    space = space_of(str(folder), Constraints(lofi_share=0.6, bfp8_share=0.2), BEST)
    everything = space.figures(frozenset(range(len(space.moves))))
    assert everything.lofi_share == 1 and everything.cycles < space.figures(frozenset()).cycles
    assert not space.unmet(frozenset(range(len(space.moves))))


def test_checked(folder, tmp_path):
    texts = {"a": "seven silver ships", "b": "a quick brown fox"}
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        asked = {"voice": str(folder), "folder": tmp_path, "progress": False, "resamples": 99}
        found = lv2.check(PLAN, texts, scheduler=cluster.scheduler_address, **asked)
        there = {"scheduler": cluster.scheduler_address, "metric": "lsd_db", "progress": False}
        bench = Bench(tuple(texts.values()), tmp_path, voice=str(folder), **there)
        better, worse = bench.measure([BEST, PLAN])["score"]
    assert better < worse
    assert found.answer in ("not equivalent", "no verdict")
    names = {control.name for control in found.controls}
    assert names == {"rerun", "polarity flip", "16-bit rounding", "white noise", "naive plan"}
    assert found.left_out["pitch shift"] == "this voice cannot be given f0"
    assert found.left_out["bfloat16 phase"] == "no site of this voice sums a phase"
    assert "without the control 'prosody plan'" in " ".join(found.notes)
    assert lv2.Check.from_dict(found.to_dict()) == found
    unjudged = {endpoint.label for endpoint in found.verdict.not_judged}
    assert "phone boundaries, 95th percentile" in unjudged and "gain error" not in unjudged
    with pytest.raises(ArgumentError, match="cannot be given durations"):
        lv2.check(PLAN, texts, voice=str(folder), recordings=tmp_path, folder=tmp_path)


def test_explored(folder):
    session = Session(State(TEXT, str(folder), "fp32", BEST), debounce_s=0)
    try:
        assert session.shown.whole and session.shown.comparison.aligned
        assert session.choose(lambda state: state.edited(["sound"], {"weights": "bfloat4_b"}))
        result = session.wait(60)
        assert result.metrics["snr_db"] < session.trials[0].metrics["snr_db"]
        assert not session.set(text="x" * 61)
        assert "61 letters; this voice speaks 1 to 60" in session.message
    finally:
        session.close()


def test_no_device_has_it(voice):
    with pytest.raises(ArgumentError, match="'bars' is not written out as device operations"):
        lv2.Deployment(voice, PLAN, device=None)


def test_kept_results_are_those_of_its_weights(voice, tmp_path):
    kept = lv2.cached(lv2.compare, tmp_path)
    first = kept(voice, TEXT, BEST, layers=False)
    assert kept(voice, TEXT, BEST, layers=False).metrics["snr_db"] == first.metrics["snr_db"]


def test_its_precisions_are_those_of_the_plan(voice):
    assert set(lowered_precisions(voice, PLAN).values()) == {SitePrecision(**PLAN.default)}
