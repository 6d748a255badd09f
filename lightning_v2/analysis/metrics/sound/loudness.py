"""Levels: of a whole waveform, as an ear weighs it, and of its pauses."""

import numpy as np
import pyloudnorm

from lightning_v2.analysis.metrics.sound.spectrogram import HOP, decibels, frames

PAUSE_BELOW_PEAK_DB = 40.0
"""Frames this far below the loudest one belong to a pause."""
SHORTEST_PAUSE_S = 0.06

SILENCE_DBFS = -75.0
"""Below this a pause counts as silent, whatever is in it."""

_FRAME_S = 0.02


def level_dbfs(waveform: np.ndarray) -> float:
    """RMS level in dB re full scale (a square wave of full scale reads 0), at least -200."""
    power = np.mean(np.square(waveform, dtype=np.float64)) if len(waveform) else 0.0
    return float(decibels(power, power=True))


def loudness_lufs(waveform: np.ndarray, sample_rate: int) -> float:
    """Gated loudness of one channel after ITU-R BS.1770-4 (400 ms blocks, 75 % overlap).

    -inf where no block is above -70 LUFS. What is shorter than a block is heard with silence after.
    """
    # Its default filters are 0.1 dB off the tables of BS.1770; those of De Man are not.
    meter = pyloudnorm.Meter(sample_rate, filter_class="DeMan")
    # BS.1770 leaves out a block that the end cuts short; pyloudnorm would count it as a quiet one.
    tenths = max(4, 10 * len(waveform) // sample_rate)
    whole = np.zeros(-(-tenths * sample_rate // 10))
    whole[: len(waveform)] = waveform[: len(whole)]
    return float(meter.integrated_loudness(whole))


def pauses(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Samples (N,) bool that lie in a pause: 40 dB below the loudest 20 ms for 60 ms or more."""
    size = int(_FRAME_S * sample_rate)
    hop = size // 4
    level = decibels(np.mean(frames(waveform, size, hop) ** 2, axis=1), power=True)
    quiet = level < level.max(initial=-np.inf) - PAUSE_BELOW_PEAK_DB
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.view(np.int8), [0]])))
    mask = np.zeros(len(waveform), dtype=bool)
    for start, stop in edges.reshape(-1, 2):
        if (stop - start) * hop >= SHORTEST_PAUSE_S * sample_rate:
            # A frame reaches 10 ms to both sides of its middle: the edges belong to the neighbours.
            mask[(start + 2) * hop : (stop - 2) * hop] = True
    return mask


def pause_levels(
    reference: np.ndarray, candidate: np.ndarray, pauses: np.ndarray, match: np.ndarray
) -> dict[str, float]:
    """`pause_level_dbfs` and `pause_rise_db` of `audio_metrics`; NaN where there is no pause.

    Args:
        reference: (N,). candidate: (M,).
        pauses: of the reference, (N,) bool.
        match: (T,) frames of the candidate that belong to those of the reference.
    """
    if not pauses.any():
        return {"pause_level_dbfs": np.nan, "pause_rise_db": np.nan}
    samples = np.flatnonzero(pauses)
    frame = np.minimum(samples // HOP, len(match) - 1)
    there = match[frame] * HOP + samples - frame * HOP
    level = level_dbfs(candidate[there[there < len(candidate)]])
    before = level_dbfs(reference[samples])
    rise = max(level, SILENCE_DBFS) - max(before, SILENCE_DBFS)
    return {"pause_level_dbfs": level, "pause_rise_db": rise}
