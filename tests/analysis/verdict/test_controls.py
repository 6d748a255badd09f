"""What each control does to a speech."""

import numpy as np
import pytest

from lightning_v2.analysis.metrics.sound import pitch
from lightning_v2.analysis.verdict.controls import CONTROLS, control, prosody_plan
from lightning_v2.model import load
from lightning_v2.precision import Plan, voice_sites


@pytest.fixture(scope="module")
def voice():
    return load()


@pytest.fixture(scope="module")
def speech(voice):
    return voice.synthesize("Seven silver ships are here.")


@pytest.fixture(scope="module")
def changed(voice, speech):
    return {entry.name: entry.change(voice, speech, "fast") for entry in CONTROLS}


def test_what_is_laid_beside_float32_has_its_timing(speech, changed):
    for other in (s for name, s in changed.items() if "teacher-forced" in control(name).runs):
        assert (other.durations == speech.durations).all()
        assert len(other.waveform) == len(speech.waveform)
        assert other.waveform.dtype == np.float32


def test_what_must_pass(speech, changed):
    assert (changed["rerun"].waveform == speech.waveform).all()
    assert (changed["polarity flip"].waveform == -speech.waveform).all()
    rounding = changed["16-bit rounding"].waveform - speech.waveform
    assert 0 < np.abs(rounding).max() <= 0.5 / 32768 + 1e-9


def test_noise_has_its_level(speech, changed):
    noise = (changed["white noise"].waveform - speech.waveform).astype(np.float64)
    level = 10 * np.log10(np.mean(noise**2) / np.mean(speech.waveform.astype(np.float64) ** 2))
    assert level == pytest.approx(-50, abs=0.2)
    spectrum = np.abs(np.fft.rfft(noise)) ** 2
    low, high = np.array_split(spectrum, 2)
    assert 10 * np.log10(high.mean() / low.mean()) == pytest.approx(0, abs=0.5)


def test_the_shift_is_one_of_pitch(speech, changed):
    before, after = (
        pitch.track(wave, speech.sample_rate, guide_hz=speech.f0)
        for wave in (speech.waveform, changed["pitch shift"].waveform)
    )
    assert np.nanmedian(pitch.cents(before.hz, after.hz)) == pytest.approx(30, abs=1)


def test_plans_are_emulated(speech, changed):
    for name in ("bfloat16 phase", "naive plan"):
        difference = changed[name].waveform - speech.waveform
        assert np.sqrt(np.mean(difference**2)) > 0.1 * np.sqrt(np.mean(speech.waveform**2))
        assert control(name).emulated


@pytest.mark.parametrize(
    ("name", "percent"), [("0.5 % slower", 0.5), ("0.5 % faster", -0.5), ("5 % slower", 5)]
)
def test_tempo_is_one_of_durations(speech, changed, name, percent):
    """In whole steps, which durations of the voice have."""
    longer = changed[name].durations.sum() - speech.durations.sum()
    assert longer == pytest.approx(speech.durations.sum() * percent / 100, abs=1.1)
    assert len(changed[name].f0) == len(changed[name].waveform) // speech.hop


def test_low_prosody_is_all_that_is_low():
    sites, plan = voice_sites(load()), prosody_plan(load())
    low = [site.name for site in sites if plan.for_site(site).weights == "bfloat4_b"]
    assert low
    for site in sites:
        mine, best = plan.for_site(site), Plan.load("fp32").for_site(site)
        assert (mine != best) == (site.name.startswith("duration.") or site.name == "prosody.pitch")


def test_an_unknown_control():
    with pytest.raises(ValueError, match="no control 'echo'; known are rerun, polarity flip"):
        control("echo")
