"""Fundamental frequency measured on the waveform, whatever the model meant to say."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from lightning_v2.analysis.metrics.sound.peak import peak
from lightning_v2.analysis.metrics.sound.remembered import remembered
from lightning_v2.analysis.metrics.sound.spectrogram import HOP, decibels, frames

LOWEST_HZ = 60.0
HIGHEST_HZ = 500.0
VOICED = 0.6
"""Normalised correlation from which a frame counts as voiced."""
QUIET_DB = -50.0
"""A frame this far below the loudest one is never voiced."""
_WINDOW_S = 0.03
_GUIDE_OCTAVES = 0.5


@dataclass(frozen=True)
class PitchTrack:
    """F0 of a waveform.

    Attributes:
        hz: (T,), 0 where unvoiced.
        strength: (T,), normalised correlation of the best period, 0 to 1.
        times_s: (T,), middle of each frame.
    """

    hz: np.ndarray
    strength: np.ndarray
    times_s: np.ndarray

    @property
    def voiced(self) -> np.ndarray:
        """(T,) bool."""
        return self.hz > 0


@remembered
def track(
    waveform: np.ndarray,
    sample_rate: int,
    guide_hz: np.ndarray | None = None,
    hop: int = HOP,
    centres: np.ndarray | None = None,
) -> PitchTrack:
    """F0 by normalised correlation of each frame with itself one period later.

    Args:
        waveform: (N,).
        sample_rate: Hz.
        guide_hz: (T,) F0 expected in each frame (0 = anything): the search stays within half an
            octave of it, which keeps octave errors out of a comparison of two waveforms.
        hop: samples from frame to frame; T = ceil(N / hop).
        centres: (T,) samples in whose middle the frames lie instead.
    """
    size = int(_WINDOW_S * sample_rate)
    shortest, longest = int(sample_rate / HIGHEST_HZ), int(sample_rate / LOWEST_HZ)
    lags = np.arange(longest + 1)
    pieces = frames(waveform, size + longest, hop, centres)
    correlation = _normalised_correlation(pieces, size, longest)
    # A period twice as long fits as well: the shorter one is preferred by a little.
    score = correlation * (1.0 - 0.05 * lags / longest)
    score[:, :shortest] = score[:, longest:] = -np.inf
    if guide_hz is not None:
        guide = np.zeros(len(pieces))
        guide[: len(guide_hz)] = guide_hz[: len(pieces)]
        octaves = np.abs(
            np.log2(np.maximum(guide, 1e-9)[:, None] * np.maximum(lags, 1) / sample_rate)
        )
        score[(octaves > _GUIDE_OCTAVES) & (guide > 0)[:, None]] = -np.inf
    lag, strength = peak(correlation, score.argmax(axis=1))
    level = decibels((pieces**2).mean(axis=1), power=True)
    voiced = (level > level.max(initial=-np.inf) + QUIET_DB) & (strength >= VOICED)
    return PitchTrack(
        hz=np.where(voiced, sample_rate / lag, 0.0),
        strength=np.clip(strength, 0.0, 1.0),
        times_s=(np.arange(len(pieces)) * hop if centres is None else centres) / sample_rate,
    )


def cents(reference_hz: np.ndarray, candidate_hz: np.ndarray) -> np.ndarray:
    """Interval from reference to candidate in cents (T,); NaN where either is unvoiced."""
    both = (reference_hz > 0) & (candidate_hz > 0)
    ratio = np.divide(candidate_hz, reference_hz, out=np.full(len(both), np.nan), where=both)
    return 1200.0 * np.log2(ratio)


def _normalised_correlation(pieces: np.ndarray, size: int, longest: int) -> np.ndarray:
    """Correlation (T, longest + 1) of the first `size` samples with those `lag` later."""
    length = 1 << (pieces.shape[1] - 1).bit_length()
    spectrum = scipy.fft.rfft(pieces, length, axis=1)
    head = scipy.fft.rfft(pieces[:, :size], length, axis=1)
    products = scipy.fft.irfft(spectrum * head.conj(), length, axis=1)[:, : longest + 1]
    squares = np.pad(np.cumsum(pieces**2, axis=1), ((0, 0), (1, 0)))
    energy = squares[:, size : size + longest + 1] - squares[:, : longest + 1]
    return products / np.sqrt(np.maximum(energy * energy[:, :1], 1e-20))
