"""The training loop of a pupil. Its halves are trained apart, on a core each, and then joined."""

import copy
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from lightning_v2.errors import ArgumentError
from lightning_v2.files import written_whole
from lightning_v2.model.natural.config import STEP, NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.prosody import F0_SCALE
from lightning_v2.training.distillation.dataset import Crop, Dataset, Sentences
from lightning_v2.training.distillation.losses import (
    Targets,
    encoder_losses,
    head_losses,
    hidden_losses,
    masked_l1,
    state_loss,
)

STAGES = ("parts", "acoustic", "prosody", "blocks", "vocoder", "joint")

_WITHOUT_FRAMES = ("parts", "acoustic", "prosody")
"""Stages that need nothing of what the teacher says, and learn from all lessons."""

_MARGIN = {"parts": 48, "acoustic": 72, "prosody": 72}
"""Frames at an edge of a crop that do not count: what lies beyond them reaches so far."""

_LAYERS = 2
"""Of those that share their weights, how many a batch is about."""

_MEMORY = 0.999
"""Of the running average of the weights."""


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        stage: "parts" (each part of encoders and predictors by itself, on what the teacher's is
            given), "acoustic" (the whole of them), "prosody" (pitch and energy alone, on what the
            encoder says then), "blocks" (each block of the decoder by itself), "vocoder" (the whole
            decoder and the heads) or "joint" (these on the pupil's own text, with the encoder that
            it comes from).
        steps: optimiser steps.
        crops: a batch.
        crop_steps: of 25 ms, of each.
        learning_rate: peak, after a warm-up; it falls along a cosine to one hundredth.
        warm_up: steps.
        weight_decay: of AdamW.
        seed: of all random draws.
    """

    stage: str
    steps: int
    crops: int = 6
    crop_steps: int = 64
    learning_rate: float = 2e-3
    warm_up: int = 100
    weight_decay: float = 0.01
    seed: int = 1

    def __post_init__(self):
        if self.stage not in STAGES:
            raise ArgumentError(f"stage is {self.stage!r}: must be one of {', '.join(STAGES)}")


class Trainer:
    """Holds a network, its optimiser and the place in the schedule; saves and resumes all three.

    Attributes:
        network: as it is trained.
        average: the running average of its weights: what is used in the end.
    """

    def __init__(self, config: NaturalConfig, schedule: Schedule, data: Dataset):
        torch.manual_seed(schedule.seed)
        self.config, self.schedule, self.data = config, schedule, data
        self.network = NaturalNetwork(config).to(data.device)
        _set_typical(self.network, data)
        self.average = copy.deepcopy(self.network)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=schedule.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=schedule.weight_decay,
        )
        self.step = 0

    def resume(self, path: Path) -> None:
        """Go on from a saved state.

        Raises:
            ArgumentError: if it is damaged, or was made with other sizes or another schedule.
        """
        state = read_state(path)
        if state["config"] != asdict(self.config) or state["schedule"] != asdict(self.schedule):
            raise ArgumentError(f"{path} was made with other settings: remove it to start again")
        self.start_from(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Take weights over."""
        self.network.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def save(self, path: Path) -> None:
        state = {
            "config": asdict(self.config),
            "schedule": asdict(self.schedule),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        with written_whole(path) as part:
            torch.save(state, part)

    def learning_rate(self) -> float:
        s = self.schedule
        cosine = 0.5 * (1 + math.cos(math.pi * min(1, self.step / s.steps)))
        return s.learning_rate * min(1, (self.step + 1) / s.warm_up) * (0.01 + 0.99 * cosine)

    def run(self, folder: Path, save_every_s: float = 120) -> None:
        """Train to the end of the schedule; state and log.jsonl go to the folder."""
        saved = time.monotonic()
        sums: dict[str, Tensor] = {}
        count = 0
        with (
            open(folder / "log.jsonl", "a", buffering=1) as log,
            tqdm(total=self.schedule.steps, initial=self.step, desc="train", mininterval=10) as bar,
        ):
            while self.step < self.schedule.steps:
                for name, value in self.train_step().items():
                    sums[name] = sums.get(name, 0) + value
                count += 1
                bar.update()
                if self.step % 50 == 0:
                    means = {name: round(float(value) / count, 4) for name, value in sums.items()}
                    log.write(json.dumps({"step": self.step, "time": time.time(), **means}) + "\n")
                    sums, count = {}, 0
                if time.monotonic() - saved > save_every_s:
                    self.save(folder / "state.pt")
                    saved = time.monotonic()
        self.save(folder / "state.pt")

    def train_step(self) -> dict[str, Tensor]:
        """One step on a fresh batch; returns the losses, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.network.train()
        losses = self.losses(np.random.default_rng([self.schedule.seed, self.step]))
        self.optimizer.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        memory = min(_MEMORY, self.step / (self.step + 10))
        with torch.no_grad():
            for ours, new in zip(self.average.parameters(), self.network.parameters(), strict=True):
                ours.lerp_(new, 1 - memory)
        return {name: loss.detach() for name, loss in losses.items()}

    def losses(self, generator: np.random.Generator) -> dict[str, Tensor]:
        """Of one batch, by name."""
        s, data = self.schedule, self.data
        whole = s.stage not in _WITHOUT_FRAMES
        chosen = data.draw(s.crops, generator, s.crop_steps // 2, whole)
        sentences = data.sentences(chosen)
        crop = data.crop(chosen, generator, s.crop_steps, _MARGIN.get(s.stage, 6), whole)
        if s.stage == "blocks":
            return hidden_losses(self.network.decoder.blocks, crop.hidden, crop.inner)
        if s.stage == "parts":
            return self._part_losses(sentences, crop, generator)
        if s.stage == "prosody":
            with torch.no_grad():
                hidden = self.network.encoder(sentences.phones, sentences.mask)
            pitch, energy = self.network.prosody(_at(hidden, crop.phone), crop.mask)
            return _prosody_losses(pitch, energy, crop)
        if s.stage == "acoustic":
            return self._acoustic_losses(sentences, crop)
        if s.stage == "vocoder":
            return self._vocoder_losses(sentences.text, crop)
        text = self.network.text(sentences.phones, sentences.mask)
        return self._vocoder_losses(text, crop) | {"text": _text_loss(text, sentences)}

    def _part_losses(
        self, sentences: Sentences, crop: Crop, generator: np.random.Generator
    ) -> dict[str, Tensor]:
        network, phones, mask = self.network, sentences.phones, sentences.mask
        text, encoder = self.data.sums(sentences)
        losses, hidden = {}, encoder[:, :, -1]
        for part, sums, output in (("text", text, sentences.text), ("encoder", encoder, hidden)):
            own = getattr(network, part)
            layers = generator.permutation(len(own.layers))[:_LAYERS].tolist()
            found = encoder_losses(own, phones, mask, sums, output, layers)
            losses |= {f"{part}_{name}": loss for name, loss in found.items()}
        predicted = network.duration(hidden, mask)
        losses["duration"] = masked_l1(predicted, sentences.log_durations, mask[..., 0])
        count = crop.inner[:, ::STEP]
        return losses | hidden_losses(network.prosody.blocks, crop.prosody, count, crop.mask)

    def _acoustic_losses(self, sentences: Sentences, crop: Crop) -> dict[str, Tensor]:
        network, phones, mask = self.network, sentences.phones, sentences.mask
        text_sums = network.text.sums(phones, mask)
        encoder_sums = network.encoder.sums(phones, mask)
        text, hidden = network.text.norm(text_sums[-1]), network.encoder.norm(encoder_sums[-1])
        sums = network.prosody.sums(_at(hidden, crop.phone), crop.mask)
        pitch, energy = network.prosody.told(sums[-1])
        predicted = network.duration(hidden, mask)
        text_taught, encoder_taught = self.data.sums(sentences)
        return {
            "duration": masked_l1(predicted, sentences.log_durations, mask[..., 0]),
            "text": _text_loss(text, sentences),
            "text_sums": state_loss(text_sums, text_taught, mask[..., 0]),
            "encoder_sums": state_loss(encoder_sums, encoder_taught, mask[..., 0]),
            "prosody_sums": state_loss(sums, crop.prosody, crop.inner[:, ::STEP]),
            **_prosody_losses(pitch, energy, crop),
        }

    def _vocoder_losses(self, text: Tensor, crop: Crop) -> dict[str, Tensor]:
        network = self.network
        frames = _at(text, crop.phone.repeat_interleave(STEP, 1))
        frames = frames * crop.mask.repeat_interleave(STEP, 1)
        pitch = network.pitch_columns(crop.f0, crop.energy / ENERGY_SCALE)
        states = network.decoder.hidden(frames, pitch)
        targets = Targets.of(crop.spectra, crop.f0, self.config)
        losses = head_losses(
            network.vocoder.head, network.decoder.norm(states[-1]), targets, crop.inner
        )
        return {**losses, "hidden": state_loss(states, crop.hidden, crop.inner)}


ENERGY_SCALE = 5.0
"""What of the teacher's energy is 1 of the pupil's."""


def read_state(path: Path) -> dict:
    """A state that a trainer has saved.

    Raises:
        ArgumentError: if it is damaged.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError, EOFError) as error:
        raise ArgumentError(f"{path} is damaged: remove it to start again") from error


def _prosody_losses(pitch: Tensor, energy: Tensor, crop: Crop) -> dict[str, Tensor]:
    return {
        "pitch": 6 * masked_l1(pitch, crop.f0.clamp(min=0) / F0_SCALE, crop.inner),
        "energy": masked_l1(energy, crop.energy / ENERGY_SCALE, crop.inner),
    }


def _text_loss(text: Tensor, sentences: Sentences) -> Tensor:
    return 3 * masked_l1(text, sentences.text, sentences.mask)


def _at(phones: Tensor, index: Tensor) -> Tensor:
    """What is known of phones (B, P, C) at each step: (B, S) indices -> (B, S, C)."""
    return torch.gather(phones, 1, index.unsqueeze(-1).expand(-1, -1, phones.shape[-1]))


def _set_typical(network: NaturalNetwork, data: Dataset) -> None:
    head = network.vocoder.head
    logs = torch.from_numpy(data.lessons.typical())
    for gain, row in zip((head.harmonic_gain, head.noise_gain, head.free_gain), logs, strict=True):
        bins = min(len(gain.typical), len(row))
        gain.typical[:bins] = torch.exp(row[:bins])
