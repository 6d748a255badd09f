"""Random batches of lessons.

Letters: B batch, P phones, S steps of 25 ms, T frames, K = 608 bins.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.config import BINS, STEP
from lightning_v2.training.distillation.corpus import Lessons
from lightning_v2.training.distillation.lessons import Lesson
from lightning_v2.training.phone_batch import PhoneBatch, ones, padded


@dataclass(frozen=True)
class Sentences(PhoneBatch):
    """Whole lessons, padded.

    Attributes:
        durations: (B, P) steps, 0 in the padding.
        text: (B, P, C).
        keys: of the sentences.
    """

    durations: Tensor
    text: Tensor
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Crop:
    """Frames cut out of sentences.

    Attributes:
        phone: int64 (B, S) index of the phone of each step.
        mask: (B, S, 1) 1 where the sentence has such a step.
        inner: (B, T) 1 where a frame has all the neighbours that it has in its sentence.
        f0: (B, T) Hz.
        energy: (B, T).
        prosody: (B, S, 7, C) inside the teacher's predictor of F0 and energy, or None.
        spectra: (B, T, 5, K) as `Teacher.teach` gives them, or None.
        hidden: (B, T, 9, C), or None.
    """

    phone: Tensor
    mask: Tensor
    inner: Tensor
    f0: Tensor
    energy: Tensor
    prosody: Tensor | None
    spectra: Tensor | None
    hidden: Tensor | None


class Dataset:
    """All lessons in memory; frames stay on disk."""

    def __init__(self, lessons: Lessons, device: torch.device):
        self.lessons, self.device = lessons, device
        self.keys = lessons.keys()
        if not self.keys:
            raise ArgumentError(f"{lessons.folder} holds no lessons")
        self._all = [lessons.lesson(key) for key in tqdm(self.keys, desc="lessons", leave=False)]
        self._whole = [i for i, key in enumerate(self.keys) if lessons.has_frames(key)]

    def draw(self, count: int, generator: np.random.Generator, steps: int, whole: bool) -> list:
        """Indices of sentences with at least so many steps, drawn by their length.

        Args:
            whole: only of those whose frames are there.
        """
        of = self._whole if whole else range(len(self._all))
        lengths = np.array([self._all[i].durations.sum() for i in of])
        weights = np.where(lengths >= steps, lengths, 0)
        if not weights.any():
            raise ArgumentError(f"no lesson of {self.lessons.folder} has {steps} steps of 25 ms")
        chosen = generator.choice(len(lengths), count, p=weights / weights.sum())
        return [of[i] for i in chosen]

    def sentences(self, chosen: list[int]) -> Sentences:
        """The phones of sentences."""
        lessons = [self._all[i] for i in chosen]
        columns = {
            name: padded([getattr(lesson, name) for lesson in lessons], self.device)
            for name in ("phones", "log_durations", "durations", "text")
        }
        return Sentences(
            columns["phones"],
            ones([len(lesson.phones) for lesson in lessons], self.device),
            columns["log_durations"],
            columns["durations"],
            columns["text"].float(),
            tuple(self.keys[i] for i in chosen),
        )

    def sums(self, sentences: Sentences) -> tuple[Tensor, Tensor]:
        """What comes out of the parts of the teacher's encoders, (B, P, 4, C), (B, P, 6, C)."""
        states = [self.lessons.states(key) for key in sentences.keys]
        text = padded([state.text for state in states], self.device)
        encoder = padded([state.encoder for state in states], self.device)
        return text.float(), encoder.float()

    def crop(
        self,
        chosen: list[int],
        generator: np.random.Generator,
        steps: int,
        margin: int,
        whole: bool,
    ) -> Crop:
        """Cut so many steps at random places out of sentences; shorter ones are padded.

        Args:
            margin: frames at an edge of a crop that count as lacking their neighbours.
            whole: with their frames, not with what is inside the predictor of F0 and energy.
        """
        parts = [self._cut(i, generator, steps, margin, whole) for i in chosen]
        stacked = [
            None if column[0] is None else torch.from_numpy(np.stack(column)).to(self.device)
            for column in zip(*parts, strict=True)
        ]
        *rest, prosody, spectra, hidden = stacked
        if not whole:
            prosody = prosody.float()
        else:
            spectra = F.pad(spectra.float(), (0, BINS - spectra.shape[-1]))
            hidden = hidden.float()
        return Crop(*rest, prosody, spectra, hidden)

    def _cut(
        self, index: int, generator: np.random.Generator, steps: int, margin: int, whole: bool
    ) -> tuple[np.ndarray | None, ...]:
        lesson: Lesson = self._all[index]
        phone = np.repeat(np.arange(len(lesson.phones)), lesson.durations.astype(int))
        start = int(generator.integers(max(len(phone) - steps, 0) + 1))
        here = slice(start, min(start + steps, len(phone)))
        frames = slice(STEP * here.start, STEP * here.stop)
        inner = np.ones(frames.stop - frames.start, np.float32)
        if here.start > 0:
            inner[:margin] = 0
        if here.stop < len(phone):
            inner[len(inner) - margin :] = 0
        missing = steps - (here.stop - here.start)

        def filled(values: np.ndarray, count: int) -> np.ndarray:
            return np.pad(values, [(0, count)] + [(0, 0)] * (values.ndim - 1))

        prosody = spectra = hidden = None
        if not whole:
            prosody = filled(self.lessons.states(self.keys[index]).prosody[here], missing)
        else:
            read = self.lessons.frames(self.keys[index])
            spectra = filled(read.spectra[frames], STEP * missing)
            hidden = filled(read.hidden[frames], STEP * missing)
        return (
            filled(phone[here], missing),
            filled(np.ones((steps - missing, 1), np.float32), missing),
            filled(inner, STEP * missing),
            filled(lesson.f0[frames], STEP * missing),
            filled(lesson.energy[frames], STEP * missing),
            prosody,
            spectra,
            hidden,
        )
