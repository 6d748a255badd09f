"""Which moment of one speech belongs to which of another speech of the same text."""

from typing import Literal

import numpy as np

from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech

Pairing = Literal["samples", "frames", "nothing"]


def pairing(reference: Speech, candidate: Speech) -> Pairing:
    """What of two speeches of one text belongs together.

    "samples": sample n of the one to sample n of the other, because their phones last equally long.
    "frames": a frame to a frame, by way of the phones. "nothing": a voice that does not know how
    long its phones last has decided otherwise about time.
    """
    same = len(reference.waveform) == len(candidate.waveform)
    if len(reference.durations) or len(candidate.durations):
        same = same and np.array_equal(reference.durations, candidate.durations)
        return "samples" if same else "frames"
    ours, theirs = reference.decisions, candidate.decisions
    same = same and ours.keys() == theirs.keys()
    same = same and all(np.array_equal(ours[name], theirs[name]) for name in ours)
    return "samples" if same else "nothing"


def durations(speech: Speech, hop: int) -> np.ndarray:
    """How long its phones last (P,), in steps of so many samples; empty if it does not know."""
    return speech.durations * np.float32(speech.hop / hop)


def f0(speech: Speech, count: int, hop: int) -> np.ndarray:
    """F0 (count,) in Hz at every so many samples, 0 where unvoiced; empty if it tells none."""
    if speech.hop == hop or not len(speech.f0):
        return speech.f0
    nearest = np.round(np.arange(count) * hop / speech.hop).astype(int)
    return speech.f0[np.minimum(nearest, len(speech.f0) - 1)]


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
    ends = _ends(reference_durations, candidate_durations, count + limit)
    middle = np.interp(np.arange(count) + 0.5, *ends) - 0.5
    return np.clip(np.round(middle).astype(int), 0, max(limit - 1, 0))


def matching_samples(
    reference_durations: np.ndarray, candidate_durations: np.ndarray, count: int, hop: int
) -> np.ndarray:
    """Where in the candidate the sample t * hop of the reference lies, phone by phone (count,).

    Frames around these samples are paired more closely than those of a grid, which are up to half
    a hop off: enough to move F0 and spectra of steep glides.

    Raises:
        ValueError: the two do not have the same number of phones.
    """
    ends = _ends(reference_durations, candidate_durations, count)
    return np.interp(np.arange(count), *ends) * hop


def paired_samples(
    reference: Speech, candidate: Speech
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Where in the candidate each sample of the reference lies (N,), and the other way round (M,).

    None twice where sample n belongs to sample n.

    Raises:
        ArgumentError: the two do not have the same number of phones.
    """
    if pairing(reference, candidate) == "samples":
        return None, None
    ours, theirs = (durations(speech, 1) for speech in (reference, candidate))
    return (
        matching_samples(ours, theirs, len(reference.waveform), 1),
        matching_samples(theirs, ours, len(candidate.waveform), 1),
    )


def boundary_shifts(reference_durations: np.ndarray, candidate_durations: np.ndarray) -> np.ndarray:
    """How many frames later each phone ends (P,), the mean of all phones taken off: a sentence that
    starts later is the same sentence."""
    shift = np.cumsum(np.subtract(candidate_durations, reference_durations, dtype=np.float64))
    return shift - shift.mean()


def _ends(
    reference_durations: np.ndarray, candidate_durations: np.ndarray, rest: int
) -> list[np.ndarray]:
    """Ends of the phones of both, in frames; what follows the last phone goes on evenly."""
    if len(reference_durations) != len(candidate_durations):
        raise ArgumentError(
            f"{len(reference_durations)} and {len(candidate_durations)} phones: not the same text"
        )
    return [
        np.cumsum(np.concatenate([[0.0], durations, [rest]], dtype=np.float64))
        for durations in (reference_durations, candidate_durations)
    ]
