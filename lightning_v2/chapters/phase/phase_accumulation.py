"""The phase of a source, summed up in several arithmetics over the F0 of real speech.

A phase is an integral of F0: whatever a sum loses is missing from then on. Letters: T frames of 256
samples, N samples, K harmonics. All sums are over one F0 and are compared with the same sum in
float64. No waveform is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.signal import detrend

from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Voice
from lightning_v2.model.config import HOP, SAMPLE_RATE
from lightning_v2.model.source import accumulate_phase, sample_f0
from lightning_v2.resources import held_out_texts
from lightning_v2.tensix.ops.phase import accumulate_in

WINDOW = 1024
"""Samples (43 ms) within which a phase error is jitter, which an ear hears as noise; what changes
more slowly is drift, which it hears as pitch, if at all."""


@dataclass(frozen=True, eq=False)
class Contour:
    """F0 of real speech.

    Attributes:
        f0: float32 (T,) Hz, 0 where unvoiced.
        texts: that were said, one after the other.
    """

    f0: np.ndarray
    texts: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.f0) * HOP / SAMPLE_RATE

    def bridged(self) -> Contour:
        """Without unvoiced frames: F0 moves on from the last voiced one to the next, in octaves.

        Raises:
            ArgumentError: nothing is voiced.
        """
        voiced = np.flatnonzero(self.f0)
        if not len(voiced):
            raise ArgumentError("f0 is 0 everywhere; a phase needs a voiced frame")
        logs = np.interp(np.arange(len(self.f0)), voiced, np.log2(self.f0[voiced]))
        return Contour((2**logs).astype(np.float32), self.texts)


def contour(voice: Voice, seconds: float, texts: Iterable[str] | None = None) -> Contour:
    """The F0 that a voice predicts for sentences, until they are as long as asked for.

    Args:
        voice: from `lightning_v2.load`.
        seconds: of speech, pauses included.
        texts: to say; held-out sentences if not given.

    Raises:
        ArgumentError: the texts are shorter than that, or the voice tells no F0 in frames like
            those of the sums.
    """
    given = list(held_out_texts().values() if texts is None else texts)
    wanted = round(seconds * SAMPLE_RATE / HOP)
    pieces: list[np.ndarray] = []
    said: list[str] = []
    for text in given:
        if sum(map(len, pieces)) >= wanted:
            break
        speech = voice.synthesize(text)
        if not len(speech.f0) or (speech.sample_rate, speech.hop) != (SAMPLE_RATE, HOP):
            raise ArgumentError(
                f"voice {voice.name!r} tells no F0 every {HOP} samples at {SAMPLE_RATE} Hz"
            )
        pieces.append(speech.f0)
        said.append(text)
    f0 = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    if len(f0) < wanted:
        longest = len(f0) * HOP / SAMPLE_RATE
        raise ArgumentError(f"seconds is {seconds:g}; the {len(given)} texts last {longest:.1f} s")
    return Contour(f0[:wanted].copy(), tuple(said))


def running_sum(f0: torch.Tensor) -> torch.Tensor:
    """What a plain float32 `cumsum` of increments gives: (1, T) Hz -> (1, N) cycles, not wrapped.

    The first sample has the phase that half a frame at the first F0 brings.
    """
    increments = sample_f0(f0) / SAMPLE_RATE
    start = (HOP / 2 * f0[:, :1] / SAMPLE_RATE).float()
    steps = torch.cat([start, increments[:, :-1]], 1)
    return torch.from_numpy(np.cumsum(steps.numpy(), axis=1, dtype=np.float32))


ARITHMETICS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "integers": accumulate_phase,
    "float32": lambda f0: accumulate_in(f0, HOP, SAMPLE_RATE, "float32"),
    "float32 cumsum": running_sum,
    "bfloat16": lambda f0: accumulate_in(f0, HOP, SAMPLE_RATE, "bfloat16"),
}
"""Name -> F0 (1, T) to phase (1, N) in cycles. `integers` are the model's own, in closed form;
`float32` and `bfloat16` carry a wrapped phase from frame to frame; `float32 cumsum` adds sample
after sample and never wraps."""


_STARTS_ANEW = ("integers", "float32", "bfloat16")
_MOST_WINDOWS = 400


@dataclass(frozen=True, eq=False)
class Accumulation:
    """Errors of the phase of the fundamental against float64.

    Attributes:
        contour: that was summed, without unvoiced frames.
        true_cycles: (N,), the phase in float64, not wrapped.
        errors: arithmetic -> (N,), in cycles, followed over whole cycles.
        in_runs: arithmetic -> (T,), errors in the middle of frames where the phase starts anew with
            every voiced stretch, as in the voice; NaN where unvoiced.
    """

    contour: Contour
    true_cycles: np.ndarray
    errors: dict[str, np.ndarray]
    in_runs: dict[str, np.ndarray]

    def samples(self, seconds: float) -> int:
        """How many there are in so many seconds.

        Raises:
            ArgumentError: more than there are.
        """
        count = round(seconds * SAMPLE_RATE)
        if not WINDOW <= count <= len(self.true_cycles):
            most = len(self.true_cycles) / SAMPLE_RATE
            raise ArgumentError(f"seconds is {seconds:g}; legal are {WINDOW / SAMPLE_RATE:.3f} to "
                             f"{most:g}")  # fmt: skip
        return count

    def drift(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Seconds and cycles of the slow part: the mean of each window of 1024 samples."""
        windows = _windows(self.errors[name])
        times = (np.arange(len(windows)) + 0.5) * WINDOW / SAMPLE_RATE
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
    smooth = found.bridged()
    whole, runs = (torch.from_numpy(c.f0)[None] for c in (smooth, found))
    true = true_phase(whole)[0].numpy()
    errors, in_runs = {}, {}
    for name in names:
        apart = ARITHMETICS[name](whole)[0].double().numpy() - true
        errors[name] = _followed(apart).astype(np.float32)
        if name in _STARTS_ANEW:
            in_runs[name] = _error_in_runs(ARITHMETICS[name](runs)[0, ::HOP].numpy(), found.f0)
    return Accumulation(smooth, true, errors, in_runs)


def true_phase(f0: torch.Tensor) -> torch.Tensor:
    """The phase that every sum is to have, in float64: (1, T) Hz, all voiced -> (1, N) cycles.

    F0 moves in straight lines between the centres of frames, and the phase is 0 half a frame before
    the first one, as in `model.source.accumulate_phase`.
    """
    increments = sample_f0(f0.double()) / SAMPLE_RATE
    start = HOP / 2 * f0[:, :1].double() / SAMPLE_RATE
    return torch.cumsum(torch.cat([start, increments[:, :-1]], 1), 1)


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
            runs = found.in_runs.get(name)
            largest = np.nanmax(np.abs(runs[: count // HOP])) if runs is not None else np.nan
            rows.append(
                {
                    "arithmetic": name,
                    "after (s)": after,
                    "drift, fundamental (cycles)": _short(drift),
                    f"drift, harmonic {harmonic} (its cycles)": _short(harmonic * drift),
                    "drift as time (ms)": _short(1000 * drift / hertz),
                    "as pitch (cents)": _short(1200 * np.log2(1 + drift / turned)),
                    "starting anew when voiced: largest (cycles)": _short(float(largest)),
                    "jitter, RMS (cycles)": _short(float(jitter)),
                }
            )
    caption = (
        "Against the same sum in float64. Emulated, all roundings included; F0 as the voice "
        f"predicts it for {len(found.contour.texts)} held-out sentences, bridged where unvoiced."
    )
    return Sheet(pd.DataFrame(rows), caption)


def _short(value: float) -> str:
    if np.isnan(value):
        return "–"
    return (f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}").replace("-", "−")


def _windows(error: np.ndarray) -> np.ndarray:
    return error[: len(error) // WINDOW * WINDOW].reshape(-1, WINDOW)


def _followed(apart: np.ndarray) -> np.ndarray:
    """Differences of phases in cycles without the jumps of wrapping; the first within half one."""
    wrapped = apart - np.round(apart)
    return np.unwrap(wrapped, period=1.0)


def _error_in_runs(phase: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Error (T,) of phases (T,) in the middle of frames, counted from 0 in every voiced stretch."""
    errors = np.full(len(f0), np.nan, np.float32)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (f0 > 0).astype(np.int8), [0]])))
    for start, stop in edges.reshape(-1, 2):
        hertz = f0[start:stop].astype(np.float64)
        steps = np.concatenate([hertz[:1] / 2, (hertz[1:] + hertz[:-1]) / 2])
        errors[start:stop] = _followed(phase[start:stop] - np.cumsum(steps) * HOP / SAMPLE_RATE)
    return errors
