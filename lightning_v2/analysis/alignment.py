"""Which frame of one speech belongs to which frame of another speech of the same text."""

import numpy as np

from ..errors import ArgumentError


def matching_frames(
    reference_durations: np.ndarray, candidate_durations: np.ndarray, count: int, limit: int
) -> np.ndarray:
    """Frame of the candidate for each frame of the reference, phone by phone.

    Args:
        reference_durations: (P,) in frames.
        candidate_durations: (P,) in frames, of the same phones.
        count: frames of the reference.
        limit: frames of the candidate.

    Returns:
        (count,) int, each in [0, limit). The identity where the durations agree.

    Raises:
        ArgumentError: the two do not have the same number of phones.
    """
    if len(reference_durations) != len(candidate_durations):
        raise ArgumentError(
            f"{len(reference_durations)} and {len(candidate_durations)} phones: not the same text"
        )
    ends = []
    for durations in (reference_durations, candidate_durations):
        steps = [[0.0], durations, [count + limit]]  # what follows the last phone goes on evenly
        ends.append(np.cumsum(np.concatenate(steps, dtype=np.float64)))
    middle = np.interp(np.arange(count) + 0.5, *ends) - 0.5
    return np.clip(np.round(middle).astype(int), 0, max(limit - 1, 0))
