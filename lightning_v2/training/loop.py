"""The loop of a training: steps, a running average of the weights, a state to go on from."""

import copy
import json
import math
import time
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from lightning_v2.errors import ArgumentError
from lightning_v2.files import written_whole
from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork

_MEMORY = 0.999
"""Of the running average of the weights."""


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        stage: what is trained, one of the `stages` of a loop.
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


class Loop(ABC):
    """Holds a network, its optimiser and the place in the schedule; saves and resumes all three.

    Attributes:
        stages: that a schedule may have.
        network: as it is trained.
        average: the running average of its weights: what is used in the end.
    """

    stages: ClassVar[tuple[str, ...]]

    def __init__(self, network: NaturalNetwork, config: NaturalConfig, schedule: Schedule):
        if schedule.stage not in self.stages:
            raise ArgumentError(
                f"stage is {schedule.stage!r}: must be one of {', '.join(self.stages)}"
            )
        self.network, self.config, self.schedule = network, config, schedule
        self.average = copy.deepcopy(network)
        self.optimizer = torch.optim.AdamW(
            network.parameters(),
            lr=schedule.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=schedule.weight_decay,
        )
        self.step = 0

    @abstractmethod
    def losses(self, generator: np.random.Generator) -> dict[str, Tensor]:
        """Of one batch, by name."""

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


def read_state(path: Path) -> dict:
    """A state that a loop has saved.

    Raises:
        ArgumentError: if it is damaged.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError, EOFError) as error:
        raise ArgumentError(f"{path} is damaged: remove it to start again") from error


def at(phones: Tensor, index: Tensor) -> Tensor:
    """What is known of phones (B, P, C) at each step: (B, S) indices -> (B, S, C)."""
    return torch.gather(phones, 1, index.unsqueeze(-1).expand(-1, -1, phones.shape[-1]))
