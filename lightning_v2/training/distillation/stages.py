"""One stage of training, and how two become one network."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.choices import MADE, Choices
from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.remade import remade
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.training.distillation.corpus import Lessons
from lightning_v2.training.distillation.dataset import Dataset
from lightning_v2.training.distillation.solve import solve_linear, solve_prosody
from lightning_v2.training.distillation.trainer import ENERGY_SCALE, Trainer
from lightning_v2.training.loop import Schedule, read_state
from lightning_v2.voices import load

_ACOUSTIC = ("encoder.", "duration.", "prosody.", "text.")


@dataclass(frozen=True)
class Pupil:
    """Who is trained.

    Attributes:
        choices: how its source and vocoder are made.
        start: natural voice that it comes from; "" for none.
    """

    choices: Choices = MADE
    start: str = ""

    @property
    def config(self) -> NaturalConfig:
        return NaturalConfig(choices=self.choices)

    def voice(self) -> NaturalVoice:
        """The voice that it comes from, made as chosen.

        Raises:
            ArgumentError: it is no natural voice, has other sizes, or cannot be made so.
        """
        voice = load(self.start)
        if not isinstance(voice, NaturalVoice):
            raise ArgumentError(f"voice {self.start!r} is no natural voice")
        if replace(voice.config, choices=self.choices) != self.config:
            raise ArgumentError(f"voice {self.start!r} has other sizes than a new voice")
        return remade(voice, self.choices)


def run_stage(
    schedule: Schedule, folder: Path, device: str, threads: int, pupil: Pupil = Pupil()
) -> None:
    """Run one stage to its end, from where it was broken off; the lessons are in folder/corpus."""
    torch.set_num_threads(threads)
    own = folder / schedule.stage
    own.mkdir(parents=True, exist_ok=True)
    data = Dataset(Lessons(folder / "corpus"), torch.device(device))
    trainer = Trainer(pupil.config, schedule, data)
    state = own / "state.pt"
    if state.exists():
        trainer.resume(state)
    elif schedule.stage == "parts":
        solve_prosody(trainer.network, data, ENERGY_SCALE)
        trainer.start_from(trainer.network.state_dict())
    elif schedule.stage == "acoustic":
        trainer.start_from(read_state(folder / "parts" / "state.pt")["average"])
    elif schedule.stage == "prosody":
        trainer.start_from(read_state(folder / "acoustic" / "state.pt")["average"])
    elif schedule.stage == "blocks":
        solve_linear(trainer.network, trainer.config, data, ENERGY_SCALE)
        trainer.start_from(trainer.network.state_dict())
    elif schedule.stage == "vocoder":
        trainer.start_from(read_state(folder / "blocks" / "state.pt")["average"])
    elif schedule.stage == "joint" and pupil.start:
        trainer.start_from(pupil.voice().model.state_dict())
    elif schedule.stage == "joint":
        trainer.start_from(join(folder))
    trainer.run(own)


def join(folder: Path) -> dict[str, torch.Tensor]:
    """Weights of the prosody stage with the decoder and the heads of the vocoder stage."""
    acoustic, vocoder = (
        read_state(folder / stage / "state.pt")["average"] for stage in ("prosody", "vocoder")
    )
    return {k: v if k.startswith(_ACOUSTIC) else vocoder[k] for k, v in acoustic.items()}
