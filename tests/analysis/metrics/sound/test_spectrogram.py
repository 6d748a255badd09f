import numpy as np
import pytest

from lightning_v2.analysis.metrics.sound import spectrogram as sg

RATE = 24000


def sine(hz, amplitude=1.0, phase=0.0, seconds=0.5):
    n = np.arange(int(seconds * RATE))
    return amplitude * np.cos(2 * np.pi * hz * n / RATE + phase)


def test_full_scale_sine_reads_zero_dbfs():
    spectrum = sg.spectrogram(sine(3000.0), RATE)
    row = np.argmin(np.abs(spectrum.frequencies_hz - 3000))
    assert spectrum.frequencies_hz[row] == 3000
    assert spectrum.level_db[row, 5:-5] == pytest.approx(0.0, abs=1e-3)


def test_phase_is_that_of_the_middle_of_the_frame():
    spectrum = sg.spectrogram(sine(3000.0, phase=0.4), RATE)
    expected = 2 * np.pi * 3000 * spectrum.times_s + 0.4
    found = np.angle(spectrum.values[128] * np.exp(-1j * expected))
    assert np.abs(found[5:-5]).max() < 1e-3


@pytest.mark.parametrize("samples", [0, 1, 255, 256, 257, 5000])
def test_frame_count(samples):
    assert sg.spectrogram(np.ones(samples), RATE).values.shape == (513, -(-samples // 256))


def test_difference_of_a_gain_and_of_silence():
    loud = sine(3000.0)
    reference, half = (sg.spectrogram(w, RATE) for w in (loud, loud / 2))
    difference = sg.level_difference_db(reference, half)
    assert difference[128, 5:-5] == pytest.approx(-6.02, abs=0.01)
    dust = sg.spectrogram(loud + 1e-7 * np.random.default_rng(0).standard_normal(len(loud)), RATE)
    assert np.abs(sg.level_difference_db(reference, dust)).max() < 0.1


def test_difference_covers_the_frames_both_have():
    long, short = (sg.spectrogram(sine(500.0, seconds=s), RATE) for s in (0.5, 0.3))
    assert sg.level_difference_db(long, short).shape == short.values.shape


def test_mel_level_follows_gain():
    wave = sine(500.0)
    change = sg.mel_level_db(wave / 10, RATE) - sg.mel_level_db(wave, RATE)
    assert change.shape == (80, 47)
    assert change[20, 5:-5] == pytest.approx(-20.0, abs=0.01)
