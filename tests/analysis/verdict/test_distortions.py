"""Each change is what it says, and no more."""

import numpy as np
import pytest

from lightning_v2.analysis.metrics.audio_metrics import snr_db
from lightning_v2.analysis.metrics.sound.loudness import level_dbfs, pauses
from lightning_v2.analysis.metrics.sound.spectrogram import decibels, spectrogram
from lightning_v2.analysis.verdict import distortions

RATE = 24000

CHANGES = {
    "rounded": lambda wave: distortions.rounded(wave),
    "noise": lambda wave: distortions.with_noise(wave, -40.0),
    "noise in pauses": lambda wave: distortions.with_noise_in_pauses(wave, RATE, -40.0),
    "spectral noise": lambda wave: distortions.with_spectral_noise(wave, -20.0),
    "phase jitter": lambda wave: distortions.with_phase_jitter(wave, 0.2),
    "phase walk": lambda wave: distortions.with_phase_walk(wave, 0.3),
    "group delay": lambda wave: distortions.with_group_delay(wave, RATE, 1.0),
    "gain": lambda wave: distortions.with_gain(wave, -1.0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_keeps_the_length_and_is_the_same_again(utterance, change):
    odd = utterance[:-7]
    changed = change(odd)
    assert changed.dtype == np.float32 and changed.shape == odd.shape
    assert (changed == change(odd)).all()
    assert (changed != odd).any()


@pytest.mark.parametrize(
    "change",
    [distortions.with_noise, distortions.with_spectral_noise, distortions.with_phase_jitter,
     distortions.with_phase_walk],
)  # fmt: skip
def test_another_seed_is_other_noise(utterance, change):
    assert (change(utterance, -20.0, seed=1) != change(utterance, -20.0, seed=2)).any()


def test_rounding_is_half_a_step_at_most_and_clips(utterance):
    assert np.abs(distortions.rounded(utterance, 8) - utterance).max() <= 0.5 / 128 + 1e-7
    assert distortions.rounded(np.float32([-2.0, 2.0]), 8).tolist() == [-1.0, 127 / 128]


def test_noise_has_its_level(utterance):
    assert snr_db(utterance, distortions.with_noise(utterance, -40.0)) == pytest.approx(40, abs=0.2)


def test_noise_in_pauses_leaves_the_rest_alone(utterance):
    changed, quiet = (
        distortions.with_noise_in_pauses(utterance, RATE, -40.0),
        pauses(utterance, RATE),
    )
    assert quiet.any()
    assert (changed[~quiet] == utterance[~quiet]).all()
    rise = level_dbfs(changed[quiet]) - (level_dbfs(utterance) - 40)
    assert rise == pytest.approx(0, abs=1)  # a fade at each end takes a little


def test_a_spectrum_that_is_all_silence_gets_no_spectral_noise(utterance):
    # It multiplies: where nothing is, nothing comes. Overlap keeps 6 dB more than its level says.
    silent = np.concatenate([utterance, np.zeros(RATE, np.float32)])
    changed = distortions.with_spectral_noise(silent, -20.0)
    assert not changed[-RATE // 2 :].any()
    assert snr_db(silent, changed) == pytest.approx(26, abs=1)


def test_phase_jitter_turns_and_a_walk_turns_further(utterance):
    gentle, rough = (distortions.with_phase_jitter(utterance, r) for r in (0.2, 0.5))
    assert snr_db(utterance, gentle) == pytest.approx(20, abs=1)
    assert snr_db(utterance, rough) < 13
    assert snr_db(utterance, distortions.with_phase_walk(utterance, 0.3)) < 0


def test_group_delay_rises_to_what_is_asked_for():
    click = np.zeros(RATE // 2, np.float32)
    click[RATE // 4] = 1.0
    late = distortions.with_group_delay(click, RATE, 2.0)
    phases = np.unwrap(np.angle(np.fft.rfft(late) / np.fft.rfft(click)))
    delay_ms = -np.diff(phases) / (2 * np.pi) * len(click) / RATE * 1000
    count = len(delay_ms)
    for share in (0.25, 0.5, 0.75):
        assert delay_ms[round(share * count)] == pytest.approx(2.0 * share, abs=0.05)
    levels = [decibels(np.abs(np.fft.rfft(wave))) for wave in (click, late)]
    assert np.abs(levels[1] - levels[0])[: count * 9 // 10].max() < 0.5


def test_gain_moves_every_bin_alike(utterance):
    quieter = distortions.with_gain(utterance, -3.0)
    assert level_dbfs(quieter) - level_dbfs(utterance) == pytest.approx(-3, abs=1e-3)
    assert np.allclose(
        spectrogram(quieter, RATE).values, spectrogram(utterance, RATE).values * 10 ** (-3 / 20)
    )
