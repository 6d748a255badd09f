"""What compiled libraries never get: tried with harmless waveforms that are refused before."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.judges import naturalness, recogniser
from lightning_v2.analysis.metrics.sanity import LARGEST, OF_ANY_LEVEL, SECONDS, flaw, refusal
from lightning_v2.errors import ArgumentError

RATE = 24000
METRICS = {
    "pesq_wb_mos": audio_metrics.pesq_wb_mos,
    "zimtohrli": audio_metrics.zimtohrli,
    "stoi": audio_metrics.stoi,
    "estoi": lambda *given: audio_metrics.stoi(*given, extended=True),
    "words_agree_percent": lambda *given: audio_metrics.words_agree_percent(*given, "one two"),
    "dnsmos": lambda *given: audio_metrics.dnsmos_mos(*given)["dnsmos_ovrl_change_mos"],
}


@pytest.fixture
def libraries(monkeypatch):
    """None of them may be reached."""

    def reached(*_, **__):
        pytest.fail("a library was called")

    monkeypatch.setitem(sys.modules, "pesq", SimpleNamespace(pesq=reached))
    monkeypatch.setitem(sys.modules, "pystoi", SimpleNamespace(stoi=reached))
    monkeypatch.setattr(audio_metrics, "_ear", reached)
    monkeypatch.setattr(recogniser, "_model", reached)
    monkeypatch.setattr(naturalness, "judge", reached)


def tone(seconds):
    return np.sin(np.arange(int(seconds * RATE)) / 20).astype(np.float32) / 2


def with_sample(value):
    wave = tone(1)
    wave[100] = value
    return wave


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.01 * LARGEST, -1.01 * LARGEST])
@pytest.mark.parametrize("side", ["reference", "candidate"])
@pytest.mark.parametrize("metric", METRICS)
def test_broken_samples_reach_no_library(libraries, metric, side, value):
    pair = (with_sample(value), tone(1)) if side == "reference" else (tone(1), with_sample(value))
    assert np.isnan(METRICS[metric](*pair, RATE))


@pytest.mark.parametrize("metric", METRICS)
def test_lengths_that_reach_no_library(libraries, monkeypatch, metric):
    # Shorter than what is refused in earnest, so that no long waveform is needed.
    monkeypatch.setitem(SECONDS, metric, (0.5, 1.0))
    for seconds in (0, 0.49, 1.01):
        wave = tone(seconds)
        assert np.isnan(METRICS[metric](wave, wave, RATE))


@pytest.mark.parametrize("gain", [0.0, 1e-8, 1e-25])
@pytest.mark.parametrize("side", ["reference", "candidate"])
@pytest.mark.parametrize("metric", OF_ANY_LEVEL)
def test_what_is_far_too_quiet_reaches_no_library(libraries, metric, side, gain):
    pair = {"reference": tone(1), "candidate": tone(1)}
    pair[side] = pair[side] * np.float32(gain)
    assert np.isnan(METRICS[metric](*pair.values(), RATE))
    assert refusal(metric, RATE, **pair).startswith(f"{side} is silent: its largest sample is ")


@pytest.mark.parametrize("gain", [0.0, 1e-6, 1e-25])
def test_what_no_ear_hears_reaches_no_judge(libraries, gain):
    quiet = tone(1) * np.float32(gain)
    assert recogniser.hypothesis(quiet, RATE) == ""
    assert np.isnan(naturalness.dnsmos(quiet, RATE)["ovrl"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (list(tone(1)), "a list"),
        ([tone(1)], "a list"),
        (tone(1)[None], r"an array of shape \(1, 24000\) and type float32"),
        (np.array(["a"] * 24000), r"an array of shape \(24000,\) and type <U1"),
    ],
    ids=["list", "list of one", "batch", "words"],
)
@pytest.mark.parametrize("metric", METRICS)
def test_what_is_no_waveform_is_named(libraries, metric, given, words):
    with pytest.raises(ArgumentError, match=f"reference is {words}; legal is a NumPy array"):
        METRICS[metric](given, tone(1), RATE)


def test_the_recogniser_refuses_aloud(libraries):
    with pytest.raises(ArgumentError, match="number 100: nan"):
        recogniser.hypothesis(with_sample(np.nan), RATE)
    with pytest.raises(ArgumentError, match=r"lasts 0.10 s; legal are 0.2 to 300 s"):
        recogniser.hypothesis(tone(0.1), RATE)


def test_what_is_fit_gets_there():
    assert audio_metrics.pesq_wb_mos(tone(1), tone(1), RATE) > 4
    assert audio_metrics.zimtohrli(tone(1), tone(1), RATE) == pytest.approx(0, abs=1e-6)


def test_words():
    assert flaw(with_sample(LARGEST)) == ""
    assert flaw(with_sample(-2 * LARGEST)) == (
        "1 of 24000 samples are not finite or beyond ±100, the first is number 100: -200"
    )
    assert flaw(np.zeros(0)) == "it has no samples"
    said = refusal("zimtohrli", RATE, reference=tone(1), candidate=tone(0.1))
    assert said == "candidate lasts 0.10 s; legal are 0.2 to 60 s"


@given(arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32)))
def test_a_flaw_is_whatever_is_not_within_the_range(wave):
    within = all(abs(float(x)) <= LARGEST for x in wave)
    assert bool(flaw(wave)) == (not len(wave) or not within)
