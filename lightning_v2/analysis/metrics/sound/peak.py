"""Where a sampled curve has its top."""

import numpy as np


def peak(curves: np.ndarray, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Top of each curve from a parabola through its largest sample and the two beside it.

    Args:
        curves: (T, L).
        best: (T,) int, largest sample of each curve.

    Returns:
        Position (T,), fractional, and height (T,).
    """
    rows = np.arange(len(best))
    best = np.clip(best, 1, curves.shape[1] - 2)
    before, top, after = (curves[rows, best + step] for step in (-1, 0, 1))
    bend = before - 2 * top + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
    shift = np.clip(shift, -0.5, 0.5)
    return best + shift, top - 0.25 * (before - after) * shift
