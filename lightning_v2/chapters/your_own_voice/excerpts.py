"""The end of a speech, cut out: the same sentence within a longer text."""

from dataclasses import replace

import numpy as np

from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech


def common_end(first: Speech, second: Speech) -> int:
    """How many phones at the end of two speeches are the same."""
    pairs = zip(reversed(first.phonemes), reversed(second.phonemes), strict=False)
    return next(
        (count for count, (a, b) in enumerate(pairs) if a != b),
        min(len(first.phonemes), len(second.phonemes)),
    )


def last_phones(speech: Speech, count: int) -> Speech:
    """Only the last `count` phones of a speech, with the samples from where they begin.

    Raises:
        ArgumentError: it has fewer phones, or does not tell how long they last.
    """
    if not 0 < count <= len(speech.phonemes) or len(speech.durations) != len(speech.phonemes):
        raise ArgumentError(
            f"{count} phones cannot be cut from {len(speech.phonemes)}, of "
            f"{len(speech.durations)} of which it is known how long they last"
        )
    first = round(float(speech.durations[:-count].sum(dtype=np.float64)))
    frames = len(speech.waveform) // speech.hop - first
    return replace(
        speech,
        waveform=speech.waveform[first * speech.hop :],
        phonemes=speech.phonemes[-count:],
        durations=speech.durations[-count:],
        f0=speech.f0[first:],
        frames=(frames,),
        decisions={},
    )
