from dataclasses import replace

import numpy as np
import pytest

from lightning_v2.analysis.metrics.complaints.complaints import COMPLAINTS, complaints
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.analysis.verdict.distortions import with_noise_in_pauses
from lightning_v2.model import Speech
from tests.conftest import SAMPLE_RATE

PHONES = ("_", "a", "_", "s", "a")


@pytest.fixture
def speech(utterance):
    """Its phones last as long as the parts of the utterance."""
    frames = np.array([0.25, 0.5, 0.25, 0.25, 0.5], np.float32) * SAMPLE_RATE / 240
    return Speech(
        text="", waveform=utterance, phonemes=PHONES, durations=frames,
        sample_rate=SAMPLE_RATE, hop=240,
    )  # fmt: skip


def changed(speech, waveform):
    return replace(speech, waveform=np.asarray(waveform, np.float32))


def test_every_measure_is_documented_and_no_metric_twice():
    names = [metric.name for metric in COMPLAINTS]
    assert len({*names, *(metric.name for metric in METRICS)}) == len(names) + len(METRICS)
    for metric in COMPLAINTS:
        assert metric.hears
        assert metric.deaf_to
        assert metric.label
        assert metric.unit


def test_a_speech_has_no_complaints_of_itself(speech):
    assert complaints(speech, speech) == {metric.name: 0 for metric in COMPLAINTS}


@pytest.mark.parametrize(
    ("name", "change", "least"),
    [
        ("hiss_rise_db", lambda x: with_noise_in_pauses(x, SAMPLE_RATE, -30.0), 15),
        ("clicks_per_s", lambda x: x + 0.2 * (np.arange(len(x)) % 6000 == 3000), 2),
        ("onset_loss_db", lambda x: with_noise_in_pauses(x, SAMPLE_RATE, -20.0), 3),
        ("pinned_percent", lambda x: np.clip(x, -0.05, 0.05), 5),
        ("over_full_scale_percent", lambda x: 20 * x, 5),
        ("offset_change_percent", lambda x: x + 0.01, 0.9),
    ],
)
def test_each_hears_what_it_is_for(speech, name, change, least):
    assert complaints(speech, changed(speech, change(speech.waveform)))[name] >= least


def test_durations_are_compared_phone_by_phone(speech):
    longer = speech.durations + np.array([0, 5, 0, 0, 0], np.float32)
    stretched = np.insert(speech.waveform, 18000, np.zeros(5 * 240, np.float32))
    found = complaints(speech, replace(speech, waveform=stretched, durations=longer))
    assert found["phones_changed_percent"] == 20
    assert found["phone_change_max_ms"] == pytest.approx(50)
    assert found["hiss_rise_db"] == 0


def test_a_voice_that_tells_no_durations_has_the_rest(speech):
    without = replace(speech, durations=np.empty(0, np.float32))
    found = complaints(without, without)
    missing = {name for name, value in found.items() if np.isnan(value)}
    assert missing == {metric.name for metric in COMPLAINTS if metric.of_durations}
    shorter = changed(without, without.waveform[:-100])
    kept = {name for name, value in complaints(without, shorter).items() if not np.isnan(value)}
    assert kept == {metric.name for metric in COMPLAINTS if metric.needs == "nothing"} - missing


def test_a_waveform_that_is_not_finite_has_only_its_durations(speech):
    broken = speech.waveform.copy()
    broken[100] = np.nan
    found = complaints(speech, changed(speech, broken))
    assert {name for name, value in found.items() if value == 0} == {
        "phones_changed_percent",
        "phone_change_max_ms",
    }
