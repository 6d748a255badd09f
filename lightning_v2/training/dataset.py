"""A whole corpus in memory as flat tensors, and random batches cut out of it on any device.

Letters: S sentences, B batch, P phones, C frames of a crop, N = C * 256 samples.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from lightning_v2.errors import ArgumentError
from lightning_v2.model.config import HOP, SAMPLE_RATE
from lightning_v2.training.corpus import Corpus, Example
from lightning_v2.training.excitation import source_phase
from lightning_v2.training.spread import spread

_PHASE_STEPS = 32768


@dataclass(frozen=True)
class Phones:
    """Padded: phones int64 (B, P), features (B, P, 32), ends (B, P) in frames, mask (B, P, 1)."""

    phones: Tensor
    features: Tensor
    ends: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Crop:
    """Frames cut out of sentences.

    Attributes:
        sentence: (B,) index of the sentence.
        frames: (B, C) index of each frame in its sentence.
        mask: (B, C) 1 where the sentence has such a frame.
        f0: (B, C) Hz, 0 where unvoiced.
        envelope: (B, C, 64), not normalised.
    """

    sentence: Tensor
    frames: Tensor
    mask: Tensor
    f0: Tensor
    envelope: Tensor


class Dataset:
    """Flat tensors of a corpus; index arithmetic makes batches without a loop."""

    def __init__(self, corpus: Corpus, keys: list[str], device: torch.device):
        if not keys:
            raise ArgumentError(f"{corpus.folder} holds no examples")
        work = spread(partial(_load, corpus), keys, jobs=2, at_once=16)
        loaded = list(tqdm(work, total=len(keys), desc="load corpus", unit="sentence"))
        examples, phases = zip(*loaded, strict=True)
        self.device = device
        self.keys = keys
        self.phone_counts = self._lengths(examples, "phones")
        self.frame_counts = self._lengths(examples, "f0")
        self.phone_starts = self.phone_counts.cumsum(0) - self.phone_counts
        self.frame_starts = self.frame_counts.cumsum(0) - self.frame_counts
        self.phones = self._flat(examples, "phones")
        self.features = self._flat(examples, "features").half()
        self.ends = self._flat(examples, "ends")
        self.f0 = self._flat(examples, "f0")
        self.envelope = self._flat(examples, "envelope").half()
        self.wave = self._flat(examples, "wave")
        self.envelope_mean, self.envelope_std = map(torch.from_numpy, corpus.statistics())
        self.exact_source = all(len(e.teacher_f0) for e in examples)
        self.phase = torch.from_numpy(np.concatenate(phases)).to(device)

    def _lengths(self, examples: tuple[Example, ...], name: str) -> Tensor:
        return torch.tensor([len(getattr(e, name)) for e in examples], device=self.device)

    def _flat(self, examples: tuple[Example, ...], name: str) -> Tensor:
        return torch.from_numpy(np.concatenate([getattr(e, name) for e in examples])).to(
            self.device
        )

    def __len__(self) -> int:
        return len(self.keys)

    def phones_of(self, sentence: Tensor) -> Phones:
        """Padded phones of sentences (B,)."""
        counts = self.phone_counts[sentence]
        column = torch.arange(int(counts.max()), device=self.device)
        index = self.phone_starts[sentence, None] + torch.minimum(column, counts[:, None] - 1)
        mask = (column < counts[:, None]).float().unsqueeze(-1)
        return Phones(
            self.phones[index], self.features[index].float() * mask, self.ends[index], mask
        )

    def random_sentences(self, count: int, at_least: int = 1) -> Tensor:
        """(count,) sentences of at least so many frames, drawn with replacement."""
        fitting = torch.nonzero(self.frame_counts >= at_least)[:, 0]
        if len(fitting) == 0:
            raise ArgumentError(f"no sentence of the corpus has {at_least} frames")
        return fitting[torch.randint(len(fitting), (count,), device=self.device)]

    def crop(self, sentence: Tensor, length: int) -> Crop:
        """Cut `length` frames at random places of sentences (B,); shorter ones are masked."""
        counts = self.frame_counts[sentence]
        room = (counts - length).clamp(min=0)
        start = (torch.rand(len(sentence), device=self.device) * (room + 1)).long()
        frames = start[:, None] + torch.arange(length, device=self.device)
        mask = (frames < counts[:, None]).float()
        frames = torch.minimum(frames, counts[:, None] - 1)
        index = self.frame_starts[sentence, None] + frames
        return Crop(sentence, frames, mask, self.f0[index], self.envelope[index].float())

    def waves(self, crop: Crop) -> tuple[Tensor, Tensor, Tensor]:
        """Waveform, exact phase of the teacher's source in cycles, and its voicing, each (B, N)."""
        first = (self.frame_starts[crop.sentence] + crop.frames[:, 0]) * HOP
        samples = torch.arange(crop.frames.shape[1] * HOP, device=self.device)
        index = first[:, None] + samples
        wave = self.wave[index].float() / 32767
        phase = self.phase[index].float()
        return wave, phase.clamp(min=0) / _PHASE_STEPS, (phase >= 0).float()


def _load(corpus: Corpus, key: str) -> tuple[Example, np.ndarray]:
    example = corpus.example(key)
    return example, _stored_phase(example)


def _stored_phase(example: Example) -> np.ndarray:
    """Source phase as int16 of 1/32768 cycle, -1 where unvoiced or not known."""
    samples = len(example.wave)
    if len(example.teacher_f0) == 0:
        return np.full(samples, -1, np.int16)
    phase, voiced = source_phase(example.teacher_f0, samples, SAMPLE_RATE)
    return np.where(voiced, (phase * _PHASE_STEPS).astype(np.int16), -1).astype(np.int16)
