import numpy as np
import pytest
from scipy.signal import freqz

from lightning_v2.analysis.metrics.sound import loudness

RATE = 24000
TABLES = (
    ([1.53512485958697, -2.69169618940638, 1.19839281085285],
     [1.0, -1.69065929318241, 0.73248077421585]),
    ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621]),
)  # fmt: skip
"""ITU-R BS.1770-4, tables 1 and 2: the two filters at 48 kHz."""


def sine(amplitude, hz=997.0, seconds=2.0):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)


def test_level_of_sine_and_silence():
    assert loudness.level_dbfs(sine(1.0)) == pytest.approx(-3.01, abs=0.01)
    assert loudness.level_dbfs(np.zeros(100)) == -200
    assert loudness.level_dbfs(np.zeros(0)) == -200


def test_standard_sine_reads_minus_three_lufs():
    assert loudness.loudness_lufs(sine(1.0), RATE) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("hz", [60.0, 200.0, 1681.97, 8000.0])
def test_weighting_is_that_of_the_tables(hz):
    wave = 0.1 * np.sin(2 * np.pi * hz * np.arange(2 * 48000) / 48000)
    heard = -0.691 + loudness.level_dbfs(wave)
    for numerator, denominator in TABLES:
        heard += 20 * np.log10(np.abs(freqz(numerator, denominator, hz, fs=48000)[1].item()))
    assert loudness.loudness_lufs(wave, 48000) == pytest.approx(heard, abs=0.02)


@pytest.mark.parametrize("rate", [16000, 22050, 22053, 48000])
def test_a_block_that_the_end_cuts_short_does_not_count(rate):
    wave = np.random.default_rng(0).normal(size=rate) * 0.1
    whole = wave[: 7 * rate // 10 + 1]
    longer = wave[: 7 * rate // 10 + rate // 11]
    assert loudness.loudness_lufs(longer, rate) == loudness.loudness_lufs(whole, rate)


def test_what_is_shorter_than_a_block_is_heard():
    short, long = sine(0.1, seconds=0.2), sine(0.1, seconds=0.4)
    assert loudness.loudness_lufs(short, RATE) == pytest.approx(
        loudness.loudness_lufs(long, RATE) - 3.01, abs=0.05
    )


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
    assert loudness.loudness_lufs(np.zeros(0), RATE) == -np.inf


def test_pauses_are_found_and_short_gaps_are_not():
    wave = np.concatenate([sine(0.2, seconds=0.5), np.zeros(RATE // 2), sine(0.2, seconds=0.5)])
    mask = loudness.pauses(wave, RATE)
    assert mask[RATE // 2 + 500 : RATE - 500].all()
    assert not mask[: RATE // 2 - 500].any()
    click = np.concatenate([sine(0.2, seconds=0.5), np.zeros(600), sine(0.2, seconds=0.5)])
    assert not loudness.pauses(click, RATE).any()
