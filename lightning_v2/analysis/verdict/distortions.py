"""Changes of a waveform (N,) at a sample rate in Hz: same length, float32, noise from a seed.

Each is one thing that happens to speech, made as pure as it can be, so that a measure can be asked
what it makes of it. Levels are RMS, relative to the speech. None needs a voice or a plan.
"""

import librosa
import numpy as np

from lightning_v2.analysis.metrics.sound.loudness import pauses
from lightning_v2.analysis.metrics.sound.spectrogram import HOP, WINDOW

FADE_S = 0.005
"""Noise in pauses comes and goes within this time, without a click."""


def rounded(waveform: np.ndarray, bits: int = 16) -> np.ndarray:
    """Rounded to the nearest of 2^bits steps, as a WAV file is; what is beyond them is clipped."""
    most = 2.0 ** (bits - 1)
    return (np.clip(np.round(waveform * most), -most, most - 1) / most).astype(np.float32)


def with_noise(waveform: np.ndarray, level_db: float, seed: int = 0) -> np.ndarray:
    """With white noise at a level in dB relative to the speech."""
    return (waveform + _noise(waveform, level_db, seed)).astype(np.float32)


def with_noise_in_pauses(
    waveform: np.ndarray, sample_rate: int, level_db: float, seed: int = 0
) -> np.ndarray:
    """With the noise of `with_noise` where `loudness.pauses` finds a pause, and nowhere else."""
    size = 2 * round(FADE_S * sample_rate / 2) + 1
    there = np.pad(pauses(waveform, sample_rate).astype(np.float64), size // 2)
    # The smallest of a window first: a fade then lies inside its pause.
    inside = np.lib.stride_tricks.sliding_window_view(there, size).min(axis=-1)
    gate = np.convolve(inside, np.hanning(size) / np.hanning(size).sum(), mode="same")
    return (waveform + gate * _noise(waveform, level_db, seed)).astype(np.float32)


def with_spectral_noise(waveform: np.ndarray, level_db: float, seed: int = 0) -> np.ndarray:
    """Every bin of a spectrogram times 1 + noise at a level in dB: it hides where the speech is.

    Overlapping frames average it, so that the waveform keeps about 6 dB more than the level says.
    """
    spectra, dice = _spectra(waveform), np.random.default_rng(seed)
    noise = dice.standard_normal(spectra.shape) + 1j * dice.standard_normal(spectra.shape)
    return _waveform(spectra * (1 + noise * 10 ** (level_db / 20) / np.sqrt(2)), waveform)


def with_phase_jitter(waveform: np.ndarray, radians: float, seed: int = 0) -> np.ndarray:
    """Every bin of a spectrogram turned by an angle of its own, `radians` RMS."""
    spectra, dice = _spectra(waveform), np.random.default_rng(seed)
    turns = radians * dice.standard_normal(spectra.shape)
    return _waveform(spectra * np.exp(1j * turns), waveform)


def with_phase_walk(waveform: np.ndarray, radians: float, seed: int = 0) -> np.ndarray:
    """All bins of a frame turned by one angle, which takes a random step from frame to frame.

    radians: RMS of a step, of 256 samples.
    """
    spectra, dice = _spectra(waveform), np.random.default_rng(seed)
    turns = np.cumsum(radians * dice.standard_normal(spectra.shape[1]))
    return _waveform(spectra * np.exp(1j * turns), waveform)


def with_group_delay(waveform: np.ndarray, sample_rate: int, most_ms: float) -> np.ndarray:
    """Later by a time that grows with frequency, from 0 to `most_ms` at half the sample rate."""
    size = len(waveform) + round(2 * most_ms / 1000 * sample_rate)
    spectrum = np.fft.rfft(waveform, size)
    hertz = np.fft.rfftfreq(size, 1 / sample_rate)
    # A group delay that rises with frequency is a phase that falls with its square.
    cycles = most_ms / 1000 * hertz**2 / sample_rate
    late = np.fft.irfft(spectrum * np.exp(-2j * np.pi * cycles), size)
    return late[: len(waveform)].astype(np.float32)


def with_gain(waveform: np.ndarray, gain_db: float) -> np.ndarray:
    """Louder by `gain_db`."""
    return (waveform * 10 ** (gain_db / 20)).astype(np.float32)


def _noise(waveform: np.ndarray, level_db: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(len(waveform))
    level = np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))
    return noise * level * 10 ** (level_db / 20)


def _spectra(waveform: np.ndarray) -> np.ndarray:
    return librosa.stft(np.asarray(waveform, np.float32), n_fft=WINDOW, hop_length=HOP)


def _waveform(spectra: np.ndarray, like: np.ndarray) -> np.ndarray:
    changed = spectra.astype(np.complex64)
    return librosa.istft(changed, n_fft=WINDOW, hop_length=HOP, length=len(like))
