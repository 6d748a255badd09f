import numpy as np
import pytest

from lightning_v2.analysis.metrics.sound import pitch

RATE = 24000


def inner(values):
    return values[5:-5]


def test_follows_a_glide(tone):
    track = pitch.track(tone(), RATE)
    assert inner(track.voiced).all()
    expected = np.interp(track.times_s, [0, 1], [180, 240])
    # the measured stretch lies up to 4 ms before the middle of the frame
    assert np.abs(inner(pitch.cents(expected, track.hz))).max() < 5


@pytest.mark.parametrize("shift", [-100.0, -3.0, 1.0, 30.0])
def test_measures_a_shift_in_cents(tone, shift):
    reference = pitch.track(tone(), RATE)
    candidate = pitch.track(tone(shift), RATE, guide_hz=reference.hz)
    errors = inner(pitch.cents(reference.hz, candidate.hz))
    assert np.median(errors) == pytest.approx(shift, abs=0.3)


def test_noise_and_silence_are_unvoiced():
    white = 0.1 * np.random.default_rng(0).standard_normal(RATE // 2)
    assert pitch.track(white, RATE).voiced.mean() < 0.05
    assert not pitch.track(np.zeros(RATE // 2), RATE).voiced.any()


def test_guide_keeps_the_octave(tone):
    wave = tone()
    low = pitch.track(wave, RATE, guide_hz=np.full(94, 100.0))
    assert inner(low.hz).max() < 142


def test_cents_where_only_one_is_voiced():
    assert np.isnan(pitch.cents(np.array([0.0, 200.0]), np.array([200.0, 0.0]))).all()
