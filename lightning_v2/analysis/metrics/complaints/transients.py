"""What is over in milliseconds: clicks that were not there, onsets that have lost their edge."""

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter

from lightning_v2.analysis.metrics.sound.spectrogram import decibels

ABOVE = 4.0
"""A click is so many times (12 dB) as large as what is around it, and as the reference there."""

LEAST_CLICK = 1e-3
"""Of full scale: nobody hears a smaller one."""

ONSET_DB = 12.0
"""An onset is louder than what is before it by this."""

QUIETEST_DB = 60.0
"""What is further below the loudest 10 ms of its waveform is silence."""

_STEP_S, _AROUND_S, _SLACK_S = 0.001, 0.01, 0.005
_SIDE_S, _APART_S = 0.01, 0.04


def clicks(
    reference: np.ndarray, candidate: np.ndarray, sample_rate: int, back: np.ndarray | None = None
) -> np.ndarray:
    """Where the candidate clicks and the reference does not (K,), in seconds of the candidate.

    A step of 1 ms clicks if its largest second difference is 12 dB above the median of the 10 ms to
    both sides, and above the largest of the reference within 5 ms. Neighbouring steps are one. A
    waveform is silent before its first sample and after its last one.

    Args:
        reference: (N,). candidate: (M,).
        sample_rate: Hz, of both.
        back: (M,) sample of the reference that belongs to each of the candidate; None: the same.
    """
    step = round(_STEP_S * sample_rate)
    ours, right = _jumps(candidate, step), _jumps(reference, step)
    if not len(ours) or not len(right):
        return np.empty(0)
    near = maximum_filter1d(right, 2 * round(_SLACK_S / _STEP_S) + 1)
    middles = np.minimum(np.arange(len(ours)) * step + step // 2, len(candidate) - 1)
    place = middles if back is None else back[middles]
    place = np.clip(place // step, 0, len(right) - 1).astype(int)
    around = median_filter(ours, 2 * round(_AROUND_S / _STEP_S) + 1)
    found = (ours >= LEAST_CLICK) & (ours >= ABOVE * around) & (ours >= ABOVE * near[place])
    first = np.flatnonzero(found & ~np.concatenate([[False], found[:-1]]))
    return middles[first] / sample_rate


def onset_loss_db(
    reference: np.ndarray, candidate: np.ndarray, sample_rate: int, there: np.ndarray | None = None
) -> float:
    """How many dB less the candidate rises where sounds begin in the reference, in their mean.

    A rise is the level of 10 ms over that of the 10 ms before; an onset is the largest within 40 ms
    that reaches 12 dB. What is 60 dB below the loudest is silence. NaN without any onset.

    Args:
        reference: (N,). candidate: (M,).
        sample_rate: Hz, of both.
        there: (N,) sample of the candidate that belongs to each of the reference; None: the same.
    """
    size = round(_SIDE_S * sample_rate)
    grid = np.arange(size, len(reference), size // 4)
    rise = _rise_db(reference, grid, size)
    largest = maximum_filter1d(rise, 2 * round(_APART_S / _SIDE_S * 4) + 1) if len(rise) else rise
    onsets = (rise >= ONSET_DB) & (rise == largest)
    if not onsets.any():
        return float("nan")
    at = grid[onsets]
    place = at if there is None else np.round(there[at]).astype(int)
    return float(np.mean(rise[onsets] - _rise_db(candidate, place, size)))


def _jumps(waveform: np.ndarray, step: int) -> np.ndarray:
    """The largest second difference in each step, (T,)."""
    jumps = np.abs(np.diff(np.asarray(waveform, np.float64), 2, prepend=0, append=0))
    jumps = np.pad(jumps, (0, -len(jumps) % step))
    return jumps.reshape(-1, step).max(axis=1)


def _rise_db(waveform: np.ndarray, samples: np.ndarray, size: int) -> np.ndarray:
    """The level after each sample over the one before it, in dB."""
    sums = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    before, now, after = (
        sums[np.clip(samples + step, 0, len(waveform))] for step in (-size, 0, size)
    )
    loudest = np.max(sums[size:] - sums[:-size], initial=1e-20)
    silence = loudest * 10 ** (-QUIETEST_DB / 10)
    after, before = (np.maximum(energy, silence) for energy in (after - now, now - before))
    return decibels(after / before, power=True)
