"""The phase of a source, summed up in several arithmetics over the F0 of real speech.

A phase is an integral of F0: whatever a sum loses is missing from then on. Letters: T frames, N
samples, K harmonics. All sums are over one F0 and are compared with the same sum in float64. No
waveform is made.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.signal import detrend

from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Voice
from lightning_v2.model.natural.source import LOWEST_F0, accumulate_phase, interpolated
from lightning_v2.resources import held_out_texts
from lightning_v2.tensix.ops.phase import accumulate_in

WINDOW = 1024
"""Samples (43 ms at 24 kHz) within which a phase error is jitter, which an ear hears as noise; what
changes more slowly is drift, which it hears as pitch, if at all."""


@dataclass(frozen=True, eq=False)
class Contour:
    """F0 of real speech.

    Attributes:
        f0: float32 (T,) Hz, at the centres of frames, 0 where unvoiced.
        hop: samples a frame, an even number.
        sample_rate: Hz.
        texts: that were said, one after the other.
    """

    f0: np.ndarray
    hop: int
    sample_rate: int
    texts: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.f0) * self.hop / self.sample_rate


def contour(voice: Voice, seconds: float, texts: Iterable[str] | None = None) -> Contour:
    """The F0 that a voice predicts for sentences, until they are as long as asked for.

    Args:
        voice: from `lightning_v2.load`.
        seconds: of speech, pauses included.
        texts: to say; held-out sentences if not given.

    Raises:
        ArgumentError: the texts are shorter than that, or the voice tells no F0, or in frames of an
            odd number of samples.
    """
    given = list(held_out_texts().values() if texts is None else texts)
    pieces: list[np.ndarray] = []
    said: list[str] = []
    lasts, hop, rate = 0.0, 2, voice.sample_rate
    for text in given:
        if lasts >= seconds:
            break
        speech = voice.synthesize(text)
        if not len(speech.f0) or speech.hop % 2:
            raise ArgumentError(f"voice {voice.name!r} tells no F0 of frames that can be halved")
        pieces.append(speech.f0)
        said.append(text)
        hop, rate = speech.hop, speech.sample_rate
        lasts += len(speech.f0) * hop / rate
    if lasts < seconds:
        raise ArgumentError(f"seconds is {seconds:g}; the {len(given)} texts last {lasts:.1f} s")
    f0 = np.concatenate(pieces)[: round(seconds * rate / hop)]
    return Contour(f0.astype(np.float32), hop, rate, tuple(said))


def increments(f0: torch.Tensor, hop: int, sample_rate: int) -> torch.Tensor:
    """What each sample adds to a phase that runs on at 40 Hz at least: (1, T) Hz -> (1, N) cycles,
    in the format of `f0`."""
    return (interpolated(f0, hop) / (2 * hop)).clamp(min=LOWEST_F0) / sample_rate


def running_sum(f0: torch.Tensor, hop: int, sample_rate: int) -> torch.Tensor:
    """What a plain float32 `cumsum` of increments gives: (1, T) Hz -> (1, N) cycles."""
    steps = increments(f0, hop, sample_rate).numpy()
    return torch.from_numpy(np.cumsum(steps, axis=1, dtype=np.float32))


Sum = Callable[[torch.Tensor, int, int], torch.Tensor]

ARITHMETICS: dict[str, Sum] = {
    "integers": accumulate_phase,
    "float32": lambda f0, hop, rate: accumulate_in(f0, hop, rate, LOWEST_F0, "float32"),
    "float32 cumsum": running_sum,
    "bfloat16": lambda f0, hop, rate: accumulate_in(f0, hop, rate, LOWEST_F0, "bfloat16"),
}
"""Name -> F0 (1, T), samples a frame and Hz to phase (1, N) in cycles. `integers` are those of our
own voice; `float32` and `bfloat16` carry a wrapped phase from frame to frame; `float32 cumsum` adds
sample after sample and never wraps."""

_MOST_WINDOWS = 400


@dataclass(frozen=True, eq=False)
class Accumulation:
    """Errors of the phase of the fundamental against float64.

    Attributes:
        contour: that was summed.
        true_cycles: (N,), the phase in float64, not wrapped.
        errors: arithmetic -> (N,), in cycles, followed over whole cycles.
    """

    contour: Contour
    true_cycles: np.ndarray
    errors: dict[str, np.ndarray]

    def samples(self, seconds: float) -> int:
        """How many there are in so many seconds.

        Raises:
            ArgumentError: more than there are.
        """
        rate = self.contour.sample_rate
        count = round(seconds * rate)
        if not WINDOW <= count <= len(self.true_cycles):
            most = len(self.true_cycles) / rate
            raise ArgumentError(
                f"seconds is {seconds:g}; legal are {WINDOW / rate:.3f} to {most:g}"
            )
        return count

    def drift(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Seconds and cycles of the slow part: the mean of each window of 1024 samples."""
        windows = _windows(self.errors[name])
        times = (np.arange(len(windows)) + 0.5) * WINDOW / self.contour.sample_rate
        return times, windows.mean(1)

    def jitter(self, name: str) -> np.ndarray:
        """The fast part (W, 1024) in cycles: windows of 1024 samples without their own straight
        line."""
        return detrend(_windows(self.errors[name]).astype(np.float64), axis=1)

    def tone_to_noise_db(self, name: str, harmonics: np.ndarray) -> np.ndarray:
        """How much of a harmonic stays a steady tone, against all that jitter makes of the rest.

        A harmonic is a turning pointer; k times the jitter moves it. Its mean over a window is the
        steady tone. Infinite where no error is left.

        Args:
            name: of the arithmetic.
            harmonics: numbers (K,).
        """
        apart = self.jitter(name)
        apart = apart[:: -(-len(apart) // _MOST_WINDOWS)]
        ratios = []
        for k in harmonics:
            tone = float(np.mean(np.abs(np.exp(2j * np.pi * k * apart).mean(1)) ** 2))
            ratios.append(10 * np.log10(tone / (1 - tone)) if tone < 1 else np.inf)
        return np.array(ratios)


def accumulate(found: Contour, names: Sequence[str] = tuple(ARITHMETICS)) -> Accumulation:
    """Sum the phase of a contour in several arithmetics.

    Raises:
        ArgumentError: an unknown arithmetic, or nothing is voiced.
    """
    for name in names:
        if name not in ARITHMETICS:
            raise ArgumentError(f"names holds {name!r}; legal are {', '.join(ARITHMETICS)}")
    if not found.f0.any():
        raise ArgumentError("f0 is 0 everywhere; a phase needs a voiced frame")
    given = torch.from_numpy(found.f0)[None], found.hop, found.sample_rate
    true = true_phase(*given)[0].numpy()
    errors = {}
    for name in names:
        apart = ARITHMETICS[name](*given)[0].double().numpy() - true
        errors[name] = _followed(apart).astype(np.float32)
    return Accumulation(found, true, errors)


def true_phase(f0: torch.Tensor, hop: int, sample_rate: int) -> torch.Tensor:
    """The phase that every sum is to have, in float64: (1, T) Hz -> (1, N) cycles.

    F0 moves in straight lines between the centres of frames and is 40 Hz at least, and the phase is
    0 a sample before the first one, as in `model.natural.source.accumulate_phase`.
    """
    return torch.cumsum(increments(f0.double(), hop, sample_rate), 1)


def drift_table(found: Accumulation, seconds: Sequence[float], harmonic: int = 10) -> Sheet:
    """Drift after some times and jitter, for every arithmetic.

    Args:
        found: from `accumulate`.
        seconds: after which the drift is read.
        harmonic: whose drift stands beside that of the fundamental.

    Raises:
        ArgumentError: more seconds than there are.
    """
    rows = []
    for name, error in found.errors.items():
        for after in seconds:
            count = found.samples(after)
            drift = float(_windows(error[:count])[-1].mean())
            turned = found.true_cycles[count - 1]
            hertz = turned / after
            jitter = np.sqrt(np.mean(np.square(found.jitter(name)[: count // WINDOW])))
            rows.append(
                {
                    "arithmetic": name,
                    "after (s)": after,
                    "drift, fundamental (cycles)": _short(drift),
                    f"drift, harmonic {harmonic} (its cycles)": _short(harmonic * drift),
                    "drift as time (ms)": _short(1000 * drift / hertz),
                    "as pitch (cents)": _short(1200 * np.log2(1 + drift / turned)),
                    "jitter, RMS (cycles)": _short(float(jitter)),
                }
            )
    caption = (
        "Against the same sum in float64. Emulated, all roundings included; F0 as the voice "
        f"predicts it for {len(found.contour.texts)} held-out sentences, {LOWEST_F0:g} Hz where "
        "unvoiced."
    )
    return Sheet(pd.DataFrame(rows), caption)


def _short(value: float) -> str:
    return (f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}").replace("-", "−")


def _windows(error: np.ndarray) -> np.ndarray:
    return error[: len(error) // WINDOW * WINDOW].reshape(-1, WINDOW)


def _followed(apart: np.ndarray) -> np.ndarray:
    """Differences of phases in cycles without the jumps of wrapping; the first within half one."""
    wrapped = apart - np.round(apart)
    return np.unwrap(wrapped, period=1.0)
