"""Every metric without a value has a reason, and no waveform ends a measurement."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest

from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.unmeasured import reasons
from lightning_v2.errors import ArgumentError
from lightning_v2.search.sweep import measurements

RATE = 24000
ON_REQUEST = "words_agree_percent"
ASKED = {metric.name for metric in audio_metrics.METRICS if metric.judge}


@dataclass
class FakeSpeech:
    waveform: np.ndarray
    durations: np.ndarray = field(default_factory=lambda: np.array([20.0, 40.0, 20.0]))
    f0: np.ndarray = field(default_factory=lambda: np.zeros(0))
    sample_rate: int = RATE
    hop: int = 256
    phonemes: tuple = ("pau", "ah", "pau")


def measured(reference, candidate):
    values, phase = audio_metrics.measure(reference, candidate)
    return values, reasons(reference, candidate, phase.aligned, values)


def spoilt(wave, value):
    wave = wave.copy()
    wave[4711] = value
    return wave


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("durations", [[20.0, 40.0, 20.0], [20.0, 41.0, 20.0]])
def test_nothing_is_measured_of_a_broken_waveform(utterance, value, durations):
    candidate = FakeSpeech(spoilt(utterance, value), np.array(durations))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values, why = measured(FakeSpeech(utterance), candidate)
    assert np.isnan(list(values.values())).all()
    assert why.keys() == values.keys()
    assert {why[name] for name in why.keys() - ASKED} == {
        f"candidate: 1 of {len(utterance)} samples are not finite or beyond ±100, the first is "
        f"number 4711: {value:g}"
    }


def test_a_broken_reference_is_named(utterance):
    _, why = measured(FakeSpeech(spoilt(utterance, np.nan)), FakeSpeech(utterance))
    assert why["lsd_db"].startswith("reference: ")


def test_what_has_a_value_has_no_reason(utterance):
    values, why = measured(FakeSpeech(utterance), FakeSpeech(utterance))
    assert why.keys() == {name for name, value in values.items() if np.isnan(value)}
    assert why[ON_REQUEST] == "measured only on request: judges=True"


def test_durations_that_differ(utterance):
    other = FakeSpeech(utterance[:-256], np.array([20.0, 39.0, 20.0]))
    values, why = measured(FakeSpeech(utterance), other)
    for metric in audio_metrics.METRICS:
        if metric.needs == "samples":
            assert np.isnan(values[metric.name])
            assert why[metric.name] == (
                "1 of 3 phones last longer or shorter, so the waveforms cannot be compared sample "
                "by sample"
            )


def test_phones_that_differ_in_speech_of_the_same_length(utterance):
    other = FakeSpeech(utterance, np.array([19.0, 41.0, 20.0]))
    values, why = measured(FakeSpeech(utterance), other)
    assert values["duration_difference_ms"] == 0
    assert why["pesq_wb_mos"].startswith("2 of 3 phones last longer or shorter, so ")


def test_a_recogniser_that_was_asked():
    quiet = FakeSpeech(np.zeros(RATE, np.float32))
    values = {ON_REQUEST: np.nan}
    assert reasons(quiet, quiet, True, values, judges=True) == {
        ON_REQUEST: "the recogniser hears no word right"
    }


@pytest.mark.parametrize("count", [1, 255, 2000])
def test_very_short_ones(utterance, count):
    speech = FakeSpeech(utterance[:count], np.array([1.0, 1.0, 1.0]))
    values, why = measured(speech, speech)
    for name in ("pesq_wb_mos", "zimtohrli", "stoi", "estoi"):
        assert np.isnan(values[name])
        assert "s; legal are" in why[name]


@pytest.mark.parametrize("durations", [[], [0.0], [20.0, 40.0, 20.0]])
@pytest.mark.parametrize("empty", ["reference", "candidate"])
def test_nothing_is_measured_where_there_is_no_sample(utterance, empty, durations):
    nothing = FakeSpeech(utterance[:0], np.array(durations))
    pair = {"reference": FakeSpeech(utterance), "candidate": FakeSpeech(utterance), empty: nothing}
    values, why = measured(*pair.values())
    assert np.isnan(list(values.values())).all()
    assert {why[name] for name in why.keys() - ASKED} == {f"{empty}: it has no samples"}


def test_a_waveform_that_is_no_array_is_named(utterance):
    with pytest.raises(ArgumentError, match="the candidate's waveform is a list; legal is"):
        audio_metrics.measure(FakeSpeech(utterance), FakeSpeech(list(utterance)))


@pytest.mark.parametrize("gain", [1e-8, 1e-25])
def test_what_is_far_too_quiet_has_reasons(utterance, gain):
    quiet = FakeSpeech(utterance * np.float32(gain))
    values, why = measured(FakeSpeech(utterance), quiet)
    assert values["gain_db"] < -140
    for name in ("pesq_wb_mos", "stoi", "estoi"):
        assert why[name].startswith("candidate is silent: its largest sample is ")


def test_silence_has_reasons(utterance):
    values, why = measured(FakeSpeech(utterance), FakeSpeech(np.zeros_like(utterance)))
    assert np.isnan(values["pesq_wb_mos"])
    assert why["pesq_wb_mos"].startswith("candidate is silent: its largest sample is 0")
    assert why["f0_p95_cents"] == "no frame is voiced in both"


@pytest.mark.parametrize("value", [np.nan, 1e30])
def test_a_broken_candidate_is_infinitely_bad(utterance, value):
    reference = FakeSpeech(utterance)
    values = measurements._measured(reference, FakeSpeech(spoilt(utterance, value)))
    assert values["pesq_wb_mos"] == -np.inf
    assert values["lsd_db"] == values["zimtohrli"] == values["gain_db"] == np.inf
    assert not any(np.isfinite(v) for name, v in values.items() if name != "frames")


def test_what_may_be_undefined_says_why_in_the_table():
    quiet = FakeSpeech(np.zeros(RATE, np.float32))
    names = {metric.name: metric.undefined for metric in audio_metrics.METRICS}
    why = reasons(quiet, quiet, True, dict.fromkeys(names, np.nan), judges=True)
    for name in ("f0_p95_cents", "boundary_shift_p95_ms", "gain_db", "words_agree_percent"):
        assert why[name] == names[name]
