import numpy as np
import pytest

from lightning_v2.analysis.metrics import loudness

RATE = 24000


def sine(amplitude, hz=997.0, seconds=2.0):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)


def test_level_of_sine_and_silence():
    assert loudness.level_dbfs(sine(1.0)) == pytest.approx(-3.01, abs=0.01)
    assert loudness.level_dbfs(np.zeros(100)) == -200
    assert loudness.level_dbfs(np.zeros(0)) == -200


def test_standard_sine_reads_minus_three_lufs():
    assert loudness.loudness_lufs(sine(1.0), RATE) == pytest.approx(-3.01, abs=0.05)


def test_loudness_weighs_bass_less():
    assert (
        loudness.loudness_lufs(sine(0.1, hz=40.0), RATE)
        < loudness.loudness_lufs(sine(0.1), RATE) - 4
    )


def test_pause_does_not_change_loudness():
    wave = sine(0.1)
    longer = np.concatenate([wave, np.zeros(3 * RATE)])
    assert loudness.loudness_lufs(longer, RATE) == pytest.approx(
        loudness.loudness_lufs(wave, RATE), abs=0.5
    )


def test_silence_has_no_loudness():
    assert loudness.loudness_lufs(np.zeros(RATE), RATE) == -np.inf
    assert loudness.loudness_lufs(np.zeros(10), RATE) == -np.inf


def test_pauses_are_found_and_short_gaps_are_not():
    wave = np.concatenate([sine(0.2, seconds=0.5), np.zeros(RATE // 2), sine(0.2, seconds=0.5)])
    mask = loudness.pauses(wave, RATE)
    assert mask[RATE // 2 + 500 : RATE - 500].all()
    assert not mask[: RATE // 2 - 500].any()
    click = np.concatenate([sine(0.2, seconds=0.5), np.zeros(600), sine(0.2, seconds=0.5)])
    assert not loudness.pauses(click, RATE).any()
