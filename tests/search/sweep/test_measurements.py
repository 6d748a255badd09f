"""Measurements of a voice, one sentence each."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lightning_v2.analysis.metrics.judges import recogniser
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.model import load
from lightning_v2.precision import Plan
from lightning_v2.search.sweep import measurements
from lightning_v2.search.sweep.measurements import plan_text

TEXT = "Seven silver ships are here."


def test_plans_of_another_name_are_the_same_parameter():
    plan = Plan.load("bf16")
    text = plan_text(plan)
    assert text == plan_text(replace(plan, name="other", description="what for"))
    assert Plan.parse(text).digest == plan.digest


def test_a_plan_is_measured_in_both_ways():
    plan = plan_text(Plan.load("bfp8-lofi"))
    forced = measurements.teacher_forced("lark", TEXT, plan, "fast")
    free = measurements.free_running("lark", TEXT, plan, "fast")
    names = {metric.name for metric in METRICS} | {"frames"}
    assert set(forced) == names
    assert set(free) == names | {"heard"}
    assert forced["duration_difference_ms"] == 0
    assert 2 < forced["pesq_wb_mos"] < 4.6
    assert np.isnan(free["pesq_wb_mos"])
    alone = measurements.alone("lark", TEXT)
    found = measurements.words_heard(TEXT, alone["heard"], free["heard"])
    assert found["words"] == 5
    assert 0 <= found["words_agree_percent"] <= 100
    assert 1 <= free["dnsmos_ovrl_mos"] <= 5 and np.isnan(forced["dnsmos_ovrl_mos"])
    change = measurements.naturalness_change(
        pd.DataFrame([alone], index=[TEXT]), pd.DataFrame([free, free], index=[TEXT, "unknown"])
    )["dnsmos_ovrl_change_mos"]
    before = alone["dnsmos_ovrl_reference_mos"]
    assert change[TEXT] == free["dnsmos_ovrl_mos"] - before and np.isnan(change["unknown"])


def test_the_same_bits_are_not_heard_again(monkeypatch):
    monkeypatch.setattr(recogniser, "hypothesis", lambda *_: pytest.fail("it was asked"))
    rerun = measurements.control("lark", TEXT, "rerun", None)
    assert rerun["snr_db"] == np.inf and rerun["heard"] is None


def test_words_that_flip():
    found = measurements.words_heard("One two three four.", "one ten three four", "one two tree")
    assert found == {
        "words_agree_percent": pytest.approx(100 / 3),
        "word_error_change_points": 25,
        "words": 4,
        "words_right": 3,
    }


def test_controls_are_heard_where_they_must_pass():
    rounded = measurements.control("lark", TEXT, "16-bit rounding", None)
    assert rounded["heard"] == measurements.alone("lark", TEXT)["heard"]
    assert "heard" not in measurements.control("lark", TEXT, "white noise", None)


@pytest.mark.parametrize("broken", [np.nan, 0.0])
def test_what_can_no_longer_be_measured_is_infinitely_bad(broken):
    reference = load().synthesize(TEXT)
    silent = replace(reference, waveform=np.full_like(reference.waveform, broken))
    values = measurements._measured(reference, silent)
    assert values["pesq_wb_mos"] == -np.inf
    assert values["f0_median_cents"] == np.inf
    assert values["frames"] == -(-len(reference.waveform) // 256)
    assert np.isnan(values["words_agree_percent"])  # it was not asked for


@pytest.mark.parametrize("gain", [0.0, 1e-25])
def test_silence_beside_a_recording_is_infinitely_bad(tmp_path, monkeypatch, gain):
    """A judge would leave out what is missing."""
    path = tmp_path / "a.wav"
    speech = load().synthesize(TEXT)
    speech.save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    silent = replace(speech, waveform=speech.waveform * np.float32(gain))
    monkeypatch.setattr(measurements, "emulated", lambda *_: silent)
    given = {"recording": str(path), "recording_digest": digest}
    values = measurements.against_recording("lark", TEXT, "{}", "fast", **given)
    assert values["pesq_wb_mos"] == values["stoi"] == -np.inf


def test_a_speech_beside_its_own_recording(tmp_path):
    """float32 with the timing of its own recording is near it, and a plan that breaks is not."""
    path = tmp_path / "a.wav"
    load().synthesize(TEXT).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    given = {"recording": str(path), "recording_digest": digest}
    near = measurements.against_recording("lark", TEXT, None, None, **given)
    far = measurements.against_recording(
        "lark", TEXT, plan_text(Plan.load("naive")), "fast", **given
    )
    assert near["stoi"] > far["stoi"] + 0.01
    assert near["mcd_db"] < far["mcd_db"]
    path.write_bytes(b"other")
    with pytest.raises(ValueError, match="is another recording on this worker"):
        measurements.against_recording("lark", TEXT, None, None, **given)


def test_nothing_is_said_of_words_that_nobody_could_hear():
    for pair in ((None, "yes"), ("yes", None), (None, None)):
        assert np.isnan(list(measurements.words_heard("はい。", *pair).values())).all()
