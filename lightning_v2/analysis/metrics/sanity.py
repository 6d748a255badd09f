"""What a waveform has to be before anybody measures it.

Some measures are computed by compiled libraries that trust their input: one that is not finite, far
too loud, too short or too long may return nonsense or end the process. Nothing like that is handed
to them.
"""

import numpy as np

LARGEST = 100.0
"""No sample of speech is larger: 40 dB above full scale."""

SECONDS = {
    "pesq_wb_mos": (0.25, 30.0),
    "zimtohrli": (0.2, 60.0),
    "stoi": (0.4, 600.0),
    "estoi": (0.4, 600.0),
    "words_agree_percent": (0.2, 300.0),
}
"""Metric -> shortest and longest waveform that its library gets.

PESQ itself refuses less than a quarter of a second, and its standard (ITU-T P.862) is one for
sentences; the window of zimtohrli is 71 ms; STOI needs 30 frames of 12.8 ms.
"""


def flawed(waveform: np.ndarray) -> np.ndarray:
    """Which samples (N,) bool are not finite or beyond `LARGEST`."""
    return ~(np.abs(waveform) <= LARGEST)


def playable(waveform: np.ndarray) -> np.ndarray:
    """A waveform (N,) to be played and drawn: flawed samples are silent."""
    return np.where(flawed(waveform), np.zeros_like(waveform), waveform)


def flaw(waveform: np.ndarray) -> str:
    """What is wrong with a waveform (N,), whatever is to be measured; empty if nothing is."""
    broken = np.flatnonzero(flawed(waveform))
    if not len(broken):
        return ""
    first = broken[0]
    return (
        f"{len(broken)} of {len(waveform)} samples are not finite or beyond ±{LARGEST:g}, the "
        f"first is number {first}: {waveform[first]:g}"
    )


def refusal(metric: str, sample_rate: int, **waveforms: np.ndarray) -> str:
    """Why the library of a metric must not get such waveforms (N,); empty if it may."""
    shortest, longest = SECONDS[metric]
    for name, waveform in waveforms.items():
        if found := flaw(waveform):
            return f"{name}: {found}"
        seconds = len(waveform) / sample_rate
        if not shortest <= seconds <= longest:
            return f"{name} lasts {seconds:.2f} s; legal are {shortest:g} to {longest:g} s"
    return ""
