"""Hiss: how loud each band is where the reference is silent."""

from dataclasses import dataclass

import numpy as np

from lightning_v2.analysis.metrics.sound.loudness import SILENCE_DBFS, pauses
from lightning_v2.analysis.metrics.sound.spectrogram import decibels, hann

EDGES_HZ = (0.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
"""Where bands begin; the last one ends at half the sample rate."""

_WINDOW_S = 0.02


@dataclass(frozen=True, eq=False)
class Hiss:
    """Levels in the pauses of a reference. B bands.

    Attributes:
        edges_hz: (B + 1,).
        reference_dbfs, candidate_dbfs: (B,) RMS level; NaN where there is no pause.
    """

    edges_hz: np.ndarray
    reference_dbfs: np.ndarray
    candidate_dbfs: np.ndarray

    @property
    def rise_db(self) -> np.ndarray:
        """How much louder the candidate is in each band (B,). Less than white noise at -75 dBFS has
        there counts as silence."""
        share = np.diff(self.edges_hz) / self.edges_hz[-1]
        silent = SILENCE_DBFS + decibels(share, power=True)
        return np.maximum(self.candidate_dbfs, silent) - np.maximum(self.reference_dbfs, silent)


def hiss(
    reference: np.ndarray, candidate: np.ndarray, sample_rate: int, there: np.ndarray | None = None
) -> Hiss:
    """What is heard in the pauses of a reference, in windows of 20 ms that lie in one as a whole.

    A constant offset is left out.

    Args:
        reference: (N,). candidate: (M,).
        sample_rate: Hz, of both.
        there: (N,) sample of the candidate that belongs to each of the reference; None: the same.
    """
    size = round(_WINDOW_S * sample_rate)
    quiet = np.concatenate([[0], np.cumsum(pauses(reference, sample_rate))])
    starts = np.arange(0, max(len(reference) - size, 0) + 1, size // 2)
    starts = starts[quiet[np.minimum(starts + size, len(reference))] - quiet[starts] == size]
    begins = starts if there is None else np.round(there[starts + size // 2]).astype(int)
    begins = begins - (0 if there is None else size // 2)
    kept = (begins >= 0) & (begins + size <= len(candidate))
    edges = np.array([hz for hz in EDGES_HZ if hz < sample_rate / 2] + [sample_rate / 2])
    return Hiss(
        edges,
        _band_levels(reference, starts[kept], size, sample_rate, edges),
        _band_levels(candidate, begins[kept], size, sample_rate, edges),
    )


def _band_levels(
    waveform: np.ndarray, starts: np.ndarray, size: int, sample_rate: int, edges_hz: np.ndarray
) -> np.ndarray:
    """RMS level in dBFS of each band over all windows."""
    if not len(starts):
        return np.full(len(edges_hz) - 1, np.nan)
    pieces = waveform[starts[:, None] + np.arange(size)].astype(np.float64)
    window = hann(size)
    spectra = np.fft.rfft((pieces - pieces.mean(axis=1, keepdims=True)) * window, axis=1)
    power = 2 * np.mean(np.abs(spectra) ** 2, axis=0) / (size * np.sum(window**2))
    band = np.searchsorted(edges_hz, np.fft.rfftfreq(size, 1 / sample_rate), side="right") - 1
    sums = np.bincount(np.minimum(band, len(edges_hz) - 2), power, len(edges_hz) - 1)
    return decibels(sums, power=True)
