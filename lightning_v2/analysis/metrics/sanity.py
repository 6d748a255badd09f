"""What a waveform has to be before anybody measures it.

Some measures are computed by compiled libraries that trust their input: one that is not finite, far
too loud, far too quiet, too short or too long may return nonsense or end the process. Nothing like
that is handed to them.
"""

import numpy as np

from lightning_v2.errors import ArgumentError

LARGEST = 100.0
"""No sample of speech is larger: 40 dB above full scale."""

SMALLEST_PEAK = 1e-6
"""Nothing is heard of a waveform without a larger sample: 120 dB below full scale, 30 dB below one
step of 16 bits."""

OF_ANY_LEVEL = ("pesq_wb_mos", "stoi", "estoi")
"""Metrics that bring a waveform to a level of their own first, and fail or find perfect speech
where there is none to bring there."""

SECONDS = {
    "pesq_wb_mos": (0.25, 30.0),
    "zimtohrli": (0.2, 60.0),
    "stoi": (0.4, 600.0),
    "estoi": (0.4, 600.0),
    "words_agree_percent": (0.2, 300.0),
    "dnsmos": (0.2, 300.0),
}
"""Metric, or start of its name -> shortest and longest waveform that its library gets.

PESQ itself refuses less than a quarter of a second, and its standard (ITU-T P.862) is one for
sentences; the window of zimtohrli is 71 ms; STOI needs 30 frames of 12.8 ms.
"""


def flawed(waveform: np.ndarray) -> np.ndarray:
    """Which samples (N,) bool are not finite or beyond `LARGEST`."""
    return ~(np.abs(waveform) <= LARGEST)


def playable(waveform: np.ndarray) -> np.ndarray:
    """A waveform (N,) to be played and drawn: flawed samples are silent."""
    return np.where(flawed(waveform), np.zeros_like(waveform), waveform)


def flaw(waveform: np.ndarray, name: str = "waveform") -> str:
    """What is wrong with a waveform (N,), whatever is to be measured; empty if nothing is.

    Raises:
        ArgumentError: it is no such array; the message calls it by its name.
    """
    if not (
        isinstance(waveform, np.ndarray) and waveform.ndim == 1 and waveform.dtype.kind in "fiu"
    ):
        raise ArgumentError(
            f"{name} is {_words(waveform)}; legal is a NumPy array (N,) of real numbers"
        )
    if not len(waveform):
        return "it has no samples"
    broken = np.flatnonzero(flawed(waveform))
    if not len(broken):
        return ""
    first = broken[0]
    return (
        f"{len(broken)} of {len(waveform)} samples are not finite or beyond ±{LARGEST:g}, the "
        f"first is number {first}: {waveform[first]:g}"
    )


def refusal(metric: str, sample_rate: int, **waveforms: np.ndarray) -> str:
    """Why the library of a metric must not get such waveforms (N,); empty if it may.

    Raises:
        ArgumentError: see `flaw`.
    """
    shortest, longest = SECONDS[metric]
    for name, waveform in waveforms.items():
        if found := flaw(waveform, name):
            return f"{name}: {found}"
        seconds = len(waveform) / sample_rate
        if not shortest <= seconds <= longest:
            return f"{name} lasts {seconds:.2f} s; legal are {shortest:g} to {longest:g} s"
        if metric in OF_ANY_LEVEL and (peak := np.abs(waveform).max()) < SMALLEST_PEAK:
            return (
                f"{name} is silent: its largest sample is {peak:g}, that of speech at least "
                f"{SMALLEST_PEAK:g}"
            )
    return ""


def _words(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    return f"a {type(value).__name__}"
