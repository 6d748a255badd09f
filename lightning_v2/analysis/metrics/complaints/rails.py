"""Samples that a format, a file or a converter has cut off, and an offset that nobody asked for."""

import numpy as np

LEAST_RUN = 3
"""So many equal samples in a row at the very top are pinned there; a smooth top has fewer."""


def pinned_percent(waveform: np.ndarray) -> float:
    """Samples of (N,) that are stuck at its largest or smallest value, in percent.

    Only runs of three and more count; silence is stuck nowhere.
    """
    if not len(waveform) or waveform.max() == waveform.min():
        return 0.0
    stuck = 0
    for rail in (waveform.max(), waveform.min()):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], waveform == rail, [0]])))
        runs = edges[1::2] - edges[::2]
        stuck += int(runs[runs >= LEAST_RUN].sum()) if rail else 0
    return 100 * stuck / len(waveform)


def over_full_scale_percent(waveform: np.ndarray) -> float:
    """Samples of (N,) beyond full scale, which a file of 16 bits cuts off, in percent."""
    return float(100 * np.mean(np.abs(waveform) > 1)) if len(waveform) else 0.0


def offset_percent(waveform: np.ndarray) -> float:
    """The mean of (N,) in percent of full scale."""
    return float(100 * np.mean(waveform, dtype=np.float64)) if len(waveform) else 0.0
