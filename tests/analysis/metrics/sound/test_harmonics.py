import numpy as np
import pytest

from lightning_v2.analysis.metrics.sound import harmonics
from lightning_v2.analysis.metrics.sound.spectrogram import HOP

RATE = 24000
COUNT = 40


@pytest.fixture
def buzz():
    """Three harmonics of 200 Hz: amplitudes 0.5, 0.2, 0.1, phases of 0.1, 0.2, 0.3 cycles."""
    n = np.arange(COUNT * HOP)
    parts = zip((0.5, 0.2, 0.1), (0.1, 0.2, 0.3), strict=True)
    return sum(
        level * np.cos(2 * np.pi * (k * 200.0 * n / RATE + phase))
        for k, (level, phase) in enumerate(parts, start=1)
    )


def follow(wave, f0=200.0):
    return harmonics.follow(wave, RATE, np.full(COUNT, f0))


def test_amplitude_and_phase_are_those_of_the_middle_of_the_frame(buzz):
    found = follow(buzz)
    inner = slice(5, -5)
    for k, (level, phase) in enumerate(((0.5, 0.1), (0.2, 0.2), (0.1, 0.3)), start=1):
        assert found.amplitude[k - 1, inner] == pytest.approx(level, abs=0.002)
        apart = found.cycles[k - 1] - k * 200.0 * np.arange(COUNT) * HOP / RATE - phase
        assert (apart - np.round(apart))[inner] == pytest.approx(0, abs=0.002)


def test_frequency_is_that_of_the_sound_even_if_f0_is_a_little_off(buzz):
    found = follow(buzz, f0=202.0)
    assert found.hz[:3, 5:-5] == pytest.approx(np.outer([200, 400, 600], np.ones(30)), abs=1)


def test_nothing_is_said_where_nothing_is_voiced_or_above_half_the_rate(buzz):
    f0 = np.full(COUNT, 200.0)
    f0[10] = 0
    found = harmonics.follow(buzz, RATE, f0)
    for values in (found.amplitude, found.cycles, found.hz):
        assert np.isnan(values[:, 10]).all()
        assert np.isfinite(values[:3, 11]).all()
    assert np.isnan(follow(buzz, f0=1300.0).hz[9]).all()


def test_frames_can_be_chosen(buzz):
    found = follow(buzz)
    chosen = found.at(np.array([7, 3, 3]))
    assert chosen.hz.shape == (harmonics.COUNT, 3)
    assert chosen.cycles[0, 1] == found.cycles[0, 3]
