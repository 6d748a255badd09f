"""One version of a sound, as a player wants it."""

from typing import NamedTuple

import numpy as np


class Version(NamedTuple):
    """Something to hear beside others; the fields of `widgets.Clip`, in its order.

    Attributes:
        label: what it is called.
        waveform: (N,), full scale 1; never normalised.
        sample_rate: Hz.
        colour: of its dot and its waveform.
        note: how it came about.
        gain_db: applied when it is played, and said there.
    """

    label: str
    waveform: np.ndarray
    sample_rate: int
    colour: str
    note: str = ""
    gain_db: float = 0.0
