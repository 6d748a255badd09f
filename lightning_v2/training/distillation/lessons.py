"""What a teacher says of a sentence, with the inner values that a pupil learns from.

Letters: P phones, T frames of 12.5 ms, K = 601 frequency bins, C channels.
"""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.files import written_whole
from lightning_v2.model.natural.config import HOP, SAMPLE_RATE, STEP
from lightning_v2.onnx.frontend import Line
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.threads import torch_threads

SPECTRA = ("lh", "theta", "ln", "lr", "phi")
"""Outputs of a teacher: log gain and phase of its harmonics, log gain of its noise, log gain and
phase of its free branch."""

INNER = ("text", "log_durations", "energy")
"""Names in `Frontend.inner` that a teacher must have."""

HIDDEN = tuple(f"hidden_{number}" for number in range(9))
"""And those of what goes into the first block of its decoder, and comes out of each."""

SUMS = {
    "text": tuple(f"text_{number}" for number in range(4)),
    "encoder": (*(f"encoder_{number}" for number in range(5)), "encoder"),
    "prosody": tuple(f"prosody_{number}" for number in range(7)),
}
"""Those of what comes out of the parts of its encoders (two convolutions, then layers; of the
second one also its norm) and of its prosody (the first layer, then each block)."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """One sentence, without its spectra.

    Attributes:
        phones: int64 (P,).
        log_durations: float32 (P,) natural logarithm of one more than the steps of 25 ms, not
            rounded.
        durations: float32 (P,) whole steps.
        text: float16 (P, C) what the teacher's decoder knows of each phone.
        f0: float32 (T,) Hz; 40 and less is unvoiced.
        energy: float32 (T,) as the teacher's decoder is given it.
    """

    phones: np.ndarray
    log_durations: np.ndarray
    durations: np.ndarray
    text: np.ndarray
    f0: np.ndarray
    energy: np.ndarray

    def save(self, path: Path) -> None:
        with written_whole(path) as part, open(part, "wb") as file:
            np.savez(file, **vars(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a lesson.

        Raises:
            ArgumentError: if the file is damaged or of another kind.
        """
        try:
            with np.load(path) as stored:
                return cls(**{field.name: stored[field.name] for field in fields(cls)})
        except (KeyError, OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ArgumentError(f"{path} is damaged or no lesson: {error}") from error


@dataclass(frozen=True, eq=False)
class Frames:
    """What a teacher's decoder says and thinks of each frame, float16.

    Attributes:
        spectra: (T, 5, K), in the order of `SPECTRA`.
        hidden: (T, 9, C), in the order of `HIDDEN`.
    """

    spectra: np.ndarray
    hidden: np.ndarray


@dataclass(frozen=True, eq=False)
class States:
    """What a teacher thinks of phones and of steps of 25 ms, float16, in the order of `SUMS`.

    Attributes:
        text: (P, 4, C) inside the encoder for its decoder.
        encoder: (P, 6, C) inside the encoder for durations and prosody.
        prosody: (S, 7, C) inside the predictor of F0 and energy, S steps.
    """

    text: np.ndarray
    encoder: np.ndarray
    prosody: np.ndarray


@dataclass(frozen=True)
class Teacher:
    """A voice that tells what it says, and what it thinks meanwhile.

    Attributes:
        voice: an ONNX file whose front end names its inner values.
    """

    voice: OnnxVoice

    def __post_init__(self):
        front, network = self.voice.frontend, self.voice.model
        outputs = set(network.graph.outputs)
        missing = [f"output {name!r}" for name in (*SPECTRA, "f0") if name not in outputs]
        missing += [f"inner value {name!r}" for name in self._wanted if name not in front.inner]
        missing += [] if front.durations else ["durations"]
        if missing:
            raise ArgumentError(
                f"voice {self.voice.name!r} cannot teach: it does not name {', '.join(missing)} "
                "(Frontend.inner tells which value of its graph is which)"
            )
        form = front.sample_rate, front.hop, front.frames_each
        if form != (SAMPLE_RATE, HOP, STEP):
            raise ArgumentError(
                f"voice {self.voice.name!r} cannot teach: its rate, hop and frames a step are "
                f"{form}, expected {(SAMPLE_RATE, HOP, STEP)}"
            )

    def lines(self, text: str) -> list[Line]:
        """The sentences of a text, as its own front end reads them.

        Raises:
            TextError: there is nothing to say, or it is too long.
        """
        return self.voice.frontend.lines(text)

    def teach(self, line: Line) -> tuple[Lesson, States, Frames]:
        """A sentence, what it thinks of it, and its frames."""
        names, inner = self._names, self.voice.frontend.inner
        inputs = {name: torch.from_numpy(value) for name, value in line.inputs.items()}
        with torch.inference_mode(), torch_threads(1):
            also = {*names.values(), *(inner[name] for name in self._wanted)}
            values = self.voice.model(inputs, also=[*also])
        taken = {key: values[name][0].float().numpy() for key, name in names.items()}
        lesson = Lesson(
            phones=line.inputs["ids"][0],
            log_durations=taken["log_durations"].reshape(-1),
            durations=values[names["durations"]].reshape(-1).float().numpy(),
            text=taken["text"].astype(np.float16),
            f0=taken["f0"].reshape(-1),
            energy=taken["energy"].reshape(-1),
        )
        spectra = [values[name][0].numpy().T for name in SPECTRA]
        hidden = [values[inner[name]][0].numpy().T for name in HIDDEN]
        rows = {"text": len(lesson.phones), "encoder": len(lesson.phones)}
        rows["prosody"] = int(lesson.durations.sum())
        states = {
            part: [_rows(values[inner[name]][0].numpy(), rows[part]) for name in SUMS[part]]
            for part in SUMS
        }
        return (
            lesson,
            States(**{k: _half(x) for k, x in states.items()}),
            Frames(_half(spectra), _half(hidden)),
        )

    @property
    def _wanted(self) -> tuple[str, ...]:
        return *INNER, *HIDDEN, *(name for names in SUMS.values() for name in names)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        front = self.voice.frontend
        return {"durations": front.durations, "f0": "f0", **{n: front.inner[n] for n in INNER}}


def _rows(values: np.ndarray, count: int) -> np.ndarray:
    """(C, count) or (count, C) -> (count, C): a convolution's channels come first."""
    return values if len(values) == count else values.T


def _half(columns: list[np.ndarray]) -> np.ndarray:
    return np.stack(columns, 1).astype(np.float16)
