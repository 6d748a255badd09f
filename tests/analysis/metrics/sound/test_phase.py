import numpy as np
import pytest

from lightning_v2.analysis.metrics.sound import pitch
from lightning_v2.analysis.metrics.sound.phase import phase_drift
from lightning_v2.analysis.metrics.sound.spectrogram import HOP

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


def test_delay_turns_every_harmonic_by_its_frequency(tone):
    result = drift(tone(), later(tone(), 2))
    inner = slice(5, -5)
    f0 = np.interp(result.times_s, [0, 1], [180, 240])
    for k in range(1, 7):
        lost = -k * f0 * 2 / RATE
        assert result.harmonic_cycles[k - 1, inner] == pytest.approx(lost[inner], abs=0.005)
    assert result.harmonic_relation_p95_cycles == pytest.approx(0, abs=0.002)


def test_harmonics_lose_cycles_in_proportion(tone):
    result = drift(tone(), tone(3.0))
    lost = result.harmonic_cycles[:6, -6] - result.harmonic_cycles[:6, 5]
    assert lost / lost[0] == pytest.approx(np.arange(1, 7), abs=0.05)
    assert result.harmonic_drift_p95_cycles > 3 * result.fundamental_drift_p95_cycles


def test_harmonics_above_the_sixth_are_masked(tone):
    result = drift(tone(), tone())
    assert np.isfinite(result.harmonic_cycles[:6, 5:-5]).all()
    for values in (result.harmonic_cycles, result.relation_cycles, result.frequency_cents):
        assert np.isnan(values[6:, 5:-5]).all()


def test_polarity_flip_is_half_a_cycle_of_even_harmonics(tone):
    result = drift(tone(), -tone())
    found = np.abs(result.relation_cycles[:6, 5:-5])
    assert found[::2] == pytest.approx(0, abs=1e-6)
    assert found[1::2] == pytest.approx(0.5, abs=1e-6)
    assert result.harmonic_drift_p95_cycles == pytest.approx(0.5, abs=1e-3)
    assert result.frequency_deviation_p95_cents == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("cents", [3.0, -30.0])
def test_wrong_pitch_is_an_interval_of_every_harmonic(tone, cents):
    result = drift(tone(), tone(cents))
    # neighbours 180 Hz apart reach into each other's window: a cent or two
    assert result.frequency_cents[:6, 5:-5] == pytest.approx(cents, abs=2.0)


def test_gain_moves_no_harmonic(utterance):
    result = drift(utterance, utterance * 0.5)
    assert result.harmonic_drift_p95_cycles == pytest.approx(0, abs=1e-6)
    assert result.frequency_deviation_p95_cents == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("level", [50.0, 30.0])
def test_noise_turns_weak_harmonics_as_far_as_its_level_says(tone, noise, level):
    result = drift(tone(), tone() + noise(tone(), level))
    # noise in a window of 1.5 bins of 512, against the sixth harmonic, 17.4 dB below the whole
    angle = 10 ** ((-level + 17.4 + 10 * np.log10(1.5 / 512)) / 20) / np.sqrt(2) / (2 * np.pi)
    spread = np.std(result.harmonic_cycles[5, 5:-5])
    assert angle / 1.6 < spread < angle * 1.6


def test_free_running_frames_tell_relation_and_frequency_but_no_drift(tone):
    reference = tone(seconds=1.0)
    candidate = np.concatenate([np.zeros(10 * HOP + 77, np.float32), tone(10.0, seconds=1.0)])
    count = -(-len(reference) // HOP)
    track, other = pitch.track(reference, RATE), pitch.track(candidate, RATE)
    result = phase_drift(reference, candidate, RATE, track, other, np.arange(count) + 10)
    assert not result.aligned
    assert np.isnan(result.radians).all() and np.isnan(result.group_delay_p95_ms)
    assert np.isnan(result.fundamental_drift_p95_cycles)
    assert np.isnan(result.harmonic_drift_p95_cycles)
    inner = slice(5, -5)
    assert result.relation_cycles[:6, inner] == pytest.approx(0, abs=0.01)
    assert result.frequency_cents[:6, inner] == pytest.approx(10, abs=3)


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
    assert np.isnan(result.harmonic_drift_p95_cycles)
    assert np.isnan(result.harmonic_relation_p95_cycles)
    assert np.isnan(result.frequency_deviation_p95_cents)


def test_lengths_must_agree(tone):
    track = pitch.track(tone(), RATE)
    with pytest.raises(ValueError, match="24000 and 23999"):
        phase_drift(tone(), tone()[:-1], RATE, track, track)
