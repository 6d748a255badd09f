"""The training loop. Acoustic model and vocoder are trained apart, on a core each, and then joined.

Letters: B batch, C frames of a crop, N = C * 256 samples.
"""

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from lightning_v2.errors import ArgumentError
from lightning_v2.files import written_whole
from lightning_v2.model.acoustic import FRAME_FEATURES, REFERENCE_F0, log_f0
from lightning_v2.model.config import HOP, VoiceConfig
from lightning_v2.model.network import Network
from lightning_v2.model.source import accumulate_phase, per_sample, pulse_train, sample_f0
from lightning_v2.training.dataset import Crop, Dataset
from lightning_v2.training.losses import complex_loss, duration_loss, masked_mean, spectral_loss

_EDGE = 8  # frames at the edges of a crop that see padding instead of their neighbours
_BORDER = 2 * HOP  # samples at the edges of a crop that miss a neighbouring frame


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        stage: "acoustic" (encoder, predictors, decoder), "vocoder" (on the teacher's envelopes) or
            "joint" (all of it, the vocoder on predicted envelopes every other step).
        steps: optimiser steps.
        sentences: sentences a batch, for the acoustic model.
        sentence_frames: frames cut out of each.
        crops: crops a batch, for the vocoder.
        crop_frames: frames of each.
        learning_rate: peak, after a warm-up; it falls along a cosine to one fiftieth.
        warm_up: steps.
        weight_decay: of AdamW.
        dropout: of what the duration and pitch predictors see, during training only.
        seed: of all random draws.
    """

    stage: str
    steps: int
    sentences: int = 16
    sentence_frames: int = 192
    crops: int = 12
    crop_frames: int = 48
    learning_rate: float = 1.5e-3
    warm_up: int = 100
    weight_decay: float = 0.02
    dropout: float = 0.1
    seed: int = 1

    def __post_init__(self):
        if self.stage not in STAGES:
            raise ArgumentError(f"stage is {self.stage!r}: must be one of {', '.join(STAGES)}")


STAGES = ("acoustic", "vocoder", "joint")


class Trainer:
    """Holds a network, its optimiser and the place in the schedule; saves and resumes all three."""

    def __init__(self, config: VoiceConfig, schedule: Schedule, data: Dataset):
        torch.manual_seed(schedule.seed)
        self.config, self.schedule, self.data = config, schedule, data
        self.device = data.device
        self.network = Network(config).to(self.device)
        self.network.envelope_mean.copy_(data.envelope_mean)
        self.network.envelope_std.copy_(data.envelope_std)
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
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except (RuntimeError, UnpicklingError, EOFError) as error:
            raise ArgumentError(f"{path} is damaged: remove it to start again") from error
        if state["config"] != asdict(self.config) or state["schedule"] != asdict(self.schedule):
            raise ArgumentError(f"{path} was made with other settings: remove it to start again")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def save(self, path: Path) -> None:
        state = {
            "config": asdict(self.config),
            "schedule": asdict(self.schedule),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        with written_whole(path) as part:
            torch.save(state, part)

    def learning_rate(self) -> float:
        s = self.schedule
        cosine = 0.5 * (1 + math.cos(math.pi * min(1, self.step / s.steps)))
        return s.learning_rate * min(1, (self.step + 1) / s.warm_up) * (0.02 + 0.98 * cosine)

    def run(self, folder: Path, save_every_s: float = 120) -> None:
        """Train to the end of the schedule; state and log.jsonl go to the folder."""
        saved = time.monotonic()
        sums: dict[str, Tensor] = {}
        with (
            open(folder / "log.jsonl", "a", buffering=1) as log,
            tqdm(total=self.schedule.steps, initial=self.step, desc="train", mininterval=2) as bar,
        ):
            while self.step < self.schedule.steps:
                for name, value in self.train_step().items():
                    sums[name] = sums.get(name, 0) + value
                bar.update()
                if self.step % 100 == 0:
                    means = {name: round(float(value) / 100, 4) for name, value in sums.items()}
                    log.write(json.dumps({"step": self.step, "time": time.time(), **means}) + "\n")
                    bar.set_postfix(means)
                    sums = {}
                if time.monotonic() - saved > save_every_s:
                    self.save(folder / "state.pt")
                    saved = time.monotonic()
        self.save(folder / "state.pt")

    def train_step(self) -> dict[str, Tensor]:
        """One step on fresh batches; returns the losses, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        losses = {}
        if self.schedule.stage != "vocoder":
            losses |= self._acoustic_losses()
        if self.schedule.stage != "acoustic":
            losses |= self._vocoder_losses()
        self.optimizer.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimizer.step()
        self.step += 1
        return {name: loss.detach() for name, loss in losses.items()}

    def _acoustic_losses(self) -> dict[str, Tensor]:
        s, network = self.schedule, self.network
        sentence = self.data.random_sentences(s.sentences)
        crop = self.data.crop(sentence, s.sentence_frames)
        phones = self.data.phones_of(sentence)
        hidden = network.encoder(phones.phones, phones.features, phones.mask)
        predicted = network.duration(F.dropout(hidden, s.dropout), phones.mask)
        durations = torch.diff(phones.ends, dim=1, prepend=torch.zeros_like(phones.ends[:, :1]))

        at_frames, position = network.regulator(hidden, phones.ends, crop.frames)
        mask = crop.mask.unsqueeze(-1)
        pitch, voicing = network.pitch(F.dropout(at_frames, s.dropout), position, mask)
        envelope = network.decoder(at_frames, network.pitch_columns(position, crop.f0)[0], mask)
        inner = crop.mask * self._inner(crop)
        voiced = (crop.f0 > 0).float()
        error = (envelope - self.network.normalize_envelope(crop.envelope)).abs().mean(-1)
        return {
            "duration": duration_loss(predicted, durations, phones.mask.squeeze(-1)),
            "pitch": 2 * masked_mean((pitch - log_f0(crop.f0)).abs(), inner * voiced),
            "voicing": 0.5
            * masked_mean(
                F.binary_cross_entropy_with_logits(voicing, voiced, reduction="none"), inner
            ),
            "envelope": 3 * masked_mean(error, inner),
        }

    def _inner(self, crop: Crop) -> Tensor:
        """1 where a frame is not near an edge of the crop that the sentence lacks (B, C)."""
        length = crop.frames.shape[1]
        column = torch.arange(length, device=self.device)
        at_start = crop.frames[:, :1] == 0
        last = self.data.frame_counts[crop.sentence, None] - 1
        at_end = crop.frames[:, -1:] == last
        return (((column >= _EDGE) | at_start) & ((column < length - _EDGE) | at_end)).float()

    def _vocoder_losses(self) -> dict[str, Tensor]:
        """Half of the crops with the teacher's own source if it is known, half as in synthesis."""
        s = self.schedule
        sentence = self.data.random_sentences(s.crops, at_least=s.crop_frames)
        crop = self.data.crop(sentence, s.crop_frames)
        target, phase, voiced = self.data.waves(crop)
        half = s.crops // 2 if self.data.exact_source else 0
        smooth_phase = self._free_phase(crop.f0[half:])
        phase = torch.cat([phase[:half], smooth_phase])
        voiced = torch.cat([voiced[:half], per_sample(crop.f0[half:] > 0).float()])
        pulses = pulse_train(phase, sample_f0(self._filled(crop.f0))) * voiced
        noise = torch.randn_like(pulses) * (1 - voiced)

        envelope = self.network.normalize_envelope(crop.envelope)
        position = torch.zeros(*crop.f0.shape, FRAME_FEATURES, device=self.device)
        _, pitch = self.network.pitch_columns(position, crop.f0)
        if self.schedule.stage == "joint" and self.step % 2:
            phones = self.data.phones_of(sentence)
            hidden = self.network.encoder(phones.phones, phones.features, phones.mask)
            at_frames, position = self.network.regulator(hidden, phones.ends, crop.frames)
            position, _ = self.network.pitch_columns(position, crop.f0)
            envelope = self.network.decoder(at_frames, position)
        wave = self.network.vocoder(envelope, pitch, pulses, noise)
        wave, target = wave[:, _BORDER:-_BORDER], target[:, _BORDER:-_BORDER]
        losses = {"spectrum": spectral_loss(wave, target)}
        if half:
            losses["phase"] = 0.5 * complex_loss(wave[:half], target[:half])
        return losses

    def _free_phase(self, f0: Tensor) -> Tensor:
        """Phase of the source from frame F0, started anywhere: (B, C) Hz -> (B, N) cycles."""
        start = torch.rand(f0.shape[0], 1, device=self.device)
        return (accumulate_phase(f0) + start) % 1

    def _filled(self, f0: Tensor) -> Tensor:
        """F0, unvoiced frames filled from the last voiced one before, or the reference (B, C)."""
        index = torch.arange(f0.shape[1], device=self.device).expand_as(f0)
        last = torch.cummax(torch.where(f0 > 0, index, torch.zeros_like(index)), 1).values
        filled = torch.gather(f0, 1, last)
        return torch.where(filled > 0, filled, torch.full_like(filled, REFERENCE_F0))
