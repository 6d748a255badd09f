"""How long each phone lasts, in the reference and in the candidate."""

import numpy as np
import pandas as pd

from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech


def phone_lengths(reference: Speech, candidate: Speech) -> pd.DataFrame:
    """A row a phone, in order; none where the voice does not tell.

    Columns: phone, start_ms (in the reference), reference_ms, candidate_ms, change_ms.

    Raises:
        ArgumentError: the phones differ: two texts.
    """
    if reference.phonemes != candidate.phonemes:
        raise ArgumentError("two texts cannot be compared: the phonemes differ")
    right, found = (
        speech.durations.astype(np.float64) * 1000 * speech.hop / speech.sample_rate
        for speech in (reference, candidate)
    )
    return pd.DataFrame(
        {
            "phone": reference.phonemes[: len(right)],
            "start_ms": np.cumsum(right) - right,
            "reference_ms": right,
            "candidate_ms": found,
            "change_ms": found - right,
        }
    )
