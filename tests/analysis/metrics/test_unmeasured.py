"""Every metric without a value has a reason, and no waveform ends a measurement."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest

from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.unmeasured import reasons
from lightning_v2.search.sweep import measurements

RATE = 24000
ON_REQUEST = "words_agree_percent"


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
    assert {why[name] for name in why.keys() - {ON_REQUEST}} == {
        f"candidate: 1 of {len(utterance)} samples are not finite or beyond ±100, the first is "
        f"number 4711: {value:g}"
    }


def test_a_broken_reference_is_named(utterance):
    _, why = measured(FakeSpeech(spoilt(utterance, np.nan)), FakeSpeech(utterance))
    assert why["lsd_db"].startswith("reference: ")


def test_what_has_a_value_has_no_reason(utterance):
    values, why = measured(FakeSpeech(utterance), FakeSpeech(utterance))
    assert why.keys() == {name for name, value in values.items() if np.isnan(value)}
    assert why[ON_REQUEST] == "measured only on request: recogniser=True"


def test_durations_that_differ(utterance):
    other = FakeSpeech(utterance[:-256], np.array([20.0, 39.0, 20.0]))
    values, why = measured(FakeSpeech(utterance), other)
    for metric in audio_metrics.METRICS:
        if metric.needs == "samples":
            assert np.isnan(values[metric.name])
            assert "sample n does not belong" in why[metric.name]


@pytest.mark.parametrize("count", [0, 1, 255, 2000])
def test_very_short_ones(utterance, count):
    speech = FakeSpeech(utterance[:count], np.array([1.0, 1.0, 1.0]))
    values, why = measured(speech, speech)
    for name in ("pesq_wb_mos", "zimtohrli", "stoi", "estoi"):
        assert np.isnan(values[name])
        assert "s; legal are" in why[name]


def test_silence_has_reasons(utterance):
    values, why = measured(FakeSpeech(utterance), FakeSpeech(np.zeros_like(utterance)))
    assert np.isnan(values["pesq_wb_mos"])
    assert why["pesq_wb_mos"] == "PESQ finds no speech in one of the two"
    assert why["f0_p95_cents"] == "no frame is voiced in both"


@pytest.mark.parametrize("value", [np.nan, 1e30])
def test_a_broken_candidate_is_infinitely_bad(utterance, value):
    reference = FakeSpeech(utterance)
    values = measurements._measured(reference, FakeSpeech(spoilt(utterance, value)))
    assert values["pesq_wb_mos"] == -np.inf
    assert values["lsd_db"] == values["zimtohrli"] == values["gain_db"] == np.inf
    assert not any(np.isfinite(v) for name, v in values.items() if name != "frames")
