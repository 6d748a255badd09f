"""How a voice is brought nearer to recordings: first its timing and F0, then its sound."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lightning_v2.model.natural.config import BINS, STEP
from lightning_v2.model.natural.prosody import F0_SCALE
from lightning_v2.model.natural.voice import NaturalVoice, white_noise
from lightning_v2.training.loop import Loop, Schedule, at
from lightning_v2.training.losses import masked_l1, spectral_loss
from lightning_v2.training.recordings.dataset import Dataset
from lightning_v2.training.recordings.takes import with_unvoiced

_MARGIN = 8
"""Frames at an edge of a crop that do not count."""


@dataclass(frozen=True, kw_only=True)
class TuningSchedule(Schedule):
    """How to train, and what on.

    Attributes:
        start: digest of the voice that it starts from.
        takes: sentences that are trained on.
        held_out: sentences that are not.
    """

    start: str
    takes: int
    held_out: int


class Tuner(Loop):
    """Trains a voice on takes.

    Stages: "prosody" (encoder, durations and F0, on whole sentences; energy, and F0 where nothing
    is voiced, stay what the voice says at first), "vocoder" (decoder and heads, by the magnitudes
    of what the voice says with the durations and the F0 of a recording; phases follow freely).
    """

    stages = ("prosody", "vocoder")

    def __init__(self, start: NaturalVoice, schedule: TuningSchedule, data: Dataset):
        network = copy.deepcopy(start.model).to(data.device)
        self.start = copy.deepcopy(network)
        super().__init__(network.requires_grad_(True), start.config, schedule)
        self.data = data
        self._told: dict[int, tuple[Tensor, Tensor]] = {}

    def losses(self, generator: np.random.Generator) -> dict[str, Tensor]:
        """Of one batch, by name."""
        chosen = self.data.draw(self.schedule.crops, generator)
        if self.schedule.stage == "prosody":
            return self._prosody_losses(chosen)
        losses = [self._spectral_loss(index, generator) for index in chosen]
        return {"spectrum": sum(losses) / len(losses)}

    def _prosody_losses(self, chosen: list[int]) -> dict[str, Tensor]:
        network, said = self.network, self.data.sentences(chosen)
        hidden = network.encoder(said.phones, said.mask)
        duration = network.duration(hidden, said.mask)
        pitch, energy = network.prosody(at(hidden, said.phone), said.step_mask)
        with torch.no_grad():
            hidden = self.start.encoder(said.phones, said.mask)
            told, usual = self.start.prosody(at(hidden, said.phone), said.step_mask)
            f0 = with_unvoiced(said.f0, self.start.hertz(told))
        frames = said.step_mask[..., 0].repeat_interleave(STEP, 1)
        return {
            "duration": masked_l1(duration, said.log_durations, said.mask[..., 0]),
            "pitch": 6 * masked_l1(pitch, f0 / F0_SCALE, frames),
            "energy": masked_l1(energy, usual, frames),
        }

    def _spectral_loss(self, index: int, generator: np.random.Generator) -> Tensor:
        network, data = self.network, self.data
        crop = data.crop(index, generator, self.schedule.crop_steps, _MARGIN)
        with torch.no_grad():
            text, f0, energy = self._known(index, crop.steps)
            pulses = network.source(f0)
            noise = white_noise((*f0.shape, 2, BINS), generator)
        channels = network.decoder(text, network.pitch_columns(f0, energy))
        wave = network.vocoder(channels, pulses, torch.from_numpy(noise).to(data.device))
        return spectral_loss(wave[:, crop.inner], crop.wave[None])

    def _known(self, index: int, steps: slice) -> tuple[Tensor, Tensor, Tensor]:
        """What the decoder is given in some steps of a take: text (1, T, C), F0 (1, T) and energy
        (1, T)."""
        network, said = self.network, self.data.sentences([index])
        if index not in self._told:  # the parts that say it are not trained in this stage
            hidden = network.encoder(said.phones, said.mask)
            pitch, energy = network.prosody(at(hidden, said.phone), said.step_mask)
            self._told[index] = with_unvoiced(said.f0, network.hertz(pitch)), energy
        text = network.text(said.phones, said.mask)[:, said.phone[0, steps]]
        frames = slice(STEP * steps.start, STEP * steps.stop)
        f0, energy = (told[:, frames] for told in self._told[index])
        return text.repeat_interleave(STEP, 1), f0, energy
