import numpy as np
import pytest

from lightning_v2.analysis import pitch
from lightning_v2.analysis.phase import phase_drift

RATE = 24000


def drift(reference, candidate):
    track = pitch.track(reference, RATE)
    other = pitch.track(candidate, RATE, guide_hz=track.hz)
    return phase_drift(reference, candidate, RATE, track, other)


def later(wave, samples):
    return np.concatenate([np.zeros(samples, np.float32), wave[:-samples]])


def test_identical_has_none(utterance):
    result = drift(utterance, utterance)
    assert np.nanmax(np.abs(result.radians)) < 1e-6
    assert result.group_delay_p95_ms == pytest.approx(0.0, abs=1e-4)
    assert result.fundamental_drift_p95_cycles == 0


def test_gain_has_none(utterance):
    result = drift(utterance, utterance * 0.5)
    assert np.nanmax(np.abs(result.radians)) < 1e-5


def test_delay_is_a_group_delay_in_every_band(utterance):
    result = drift(utterance, later(utterance, 24))
    assert np.nanmedian(result.group_delay_ms, axis=1)[:3] == pytest.approx(1.0, abs=0.1)
    assert result.group_delay_p95_ms == pytest.approx(1.0, abs=0.3)


def test_delay_shows_as_lost_phase_of_the_fundamental(tone):
    result = drift(tone(), later(tone(), 24))
    inner = slice(5, -5)
    expected = -0.001 * np.interp(result.times_s, [0, 1], [180, 240])
    assert result.fundamental_cycles[inner] == pytest.approx(expected[inner], abs=0.01)


def test_polarity_flip_is_half_a_turn_without_delay(utterance):
    result = drift(utterance, -utterance)
    assert np.abs(result.radians[np.isfinite(result.radians)]) == pytest.approx(np.pi)
    assert result.group_delay_p95_ms == pytest.approx(0.0, abs=1e-4)
    assert result.fundamental_drift_p95_cycles == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("cents", [3.0, 100.0])
def test_wrong_pitch_loses_cycles(tone, cents):
    result = drift(tone(), tone(cents))
    lost = 210.0 * (2 ** (cents / 1200) - 1)  # mean F0 of the glide, over one second
    found = result.fundamental_cycles[-6] - result.fundamental_cycles[5]
    assert found == pytest.approx(lost * (len(result.times_s) - 11) / 93.75, rel=0.05)


def test_quiet_bins_are_masked(tone):
    result = drift(tone(), tone())
    assert np.isnan(result.radians[400, 5:-5]).all()
    assert np.isnan(result.group_delay_ms[-1, 5:-5]).all()


def test_silence_has_no_phase():
    silence = np.zeros(RATE // 4, np.float32)
    result = drift(silence, silence)
    assert np.isnan(result.radians).all()
    assert np.isnan(result.group_delay_p95_ms)
    assert np.isnan(result.fundamental_drift_p95_cycles)


def test_lengths_must_agree(tone):
    track = pitch.track(tone(), RATE)
    with pytest.raises(ValueError, match="24000 and 23999"):
        phase_drift(tone(), tone()[:-1], RATE, track, track)
