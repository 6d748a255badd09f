"""Random batches of takes.

Letters: B batch, P phones, S steps of 25 ms, T = 2 S frames, N = 300 T samples.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lightning_v2.model.natural.config import HOP, STEP
from lightning_v2.training.phone_batch import PhoneBatch, ones, padded
from lightning_v2.training.recordings.corpus import Takes
from lightning_v2.training.recordings.takes import FULL_SCALE


@dataclass(frozen=True)
class Sentences(PhoneBatch):
    """Whole takes, padded.

    Attributes:
        phone: int64 (B, S) index of the phone of each step.
        step_mask: (B, S, 1) of 1 and 0.
        f0: (B, T) Hz, 0 where unvoiced.
    """

    phone: Tensor
    step_mask: Tensor
    f0: Tensor


@dataclass(frozen=True)
class Crop:
    """Steps cut out of a sentence.

    Attributes:
        steps: of the sentence.
        inner: samples of the crop that see all the neighbours that they have in the sentence.
        wave: (N,) what is recorded in these.
    """

    steps: slice
    inner: slice
    wave: Tensor


class Dataset:
    """Takes in memory, but for their waveforms: each would keep a file open."""

    def __init__(self, takes: Takes, keys: list[str], device: torch.device):
        self.device, self._folder, self._keys = device, takes, keys
        nothing = np.empty(0, np.int16)
        self._takes = [replace(takes.take(key), wave=nothing) for key in keys]
        self._lengths = np.array([take.durations.sum() for take in self._takes])

    def draw(self, count: int, generator: np.random.Generator) -> list[int]:
        """Indices of takes, drawn by their length."""
        weights = self._lengths / self._lengths.sum()
        return generator.choice(len(weights), count, p=weights).tolist()

    def sentences(self, chosen: list[int]) -> Sentences:
        """Takes as a batch."""
        takes = [self._takes[i] for i in chosen]
        phone = [np.repeat(np.arange(len(t.phones)), t.durations.astype(int)) for t in takes]
        return Sentences(
            padded([take.phones for take in takes], self.device),
            ones([len(take.phones) for take in takes], self.device),
            padded([take.log_durations for take in takes], self.device),
            padded(phone, self.device),
            ones([len(x) for x in phone], self.device),
            padded([take.f0 for take in takes], self.device),
        )

    def crop(self, index: int, generator: np.random.Generator, steps: int, margin: int) -> Crop:
        """Cut so many steps at a random place out of a take, or all that a shorter one has.

        Args:
            margin: frames at an edge of a crop that lack their neighbours.
        """
        length = int(self._lengths[index])
        start = int(generator.integers(max(length - steps, 0) + 1))
        stop = min(start + steps, length)
        first = margin if start > 0 else 0
        last = STEP * (stop - start) - (margin if stop < length else 0)
        inner = slice(first * HOP, last * HOP)
        begun = start * STEP * HOP
        whole = self._folder.take(self._keys[index]).wave
        wave = whole[begun + inner.start : begun + inner.stop]
        scaled = torch.from_numpy(wave.astype(np.float32) / FULL_SCALE)
        return Crop(slice(start, stop), inner, scaled.to(self.device))
