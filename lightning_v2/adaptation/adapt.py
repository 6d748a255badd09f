"""From a voice and a plan to a voice that says under the plan what it used to say in float32."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from lightning_v2.adaptation.lessons import Teacher, Texts
from lightning_v2.adaptation.trainer import STATE, Progress, Schedule, Trainer
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Voice
from lightning_v2.model.checkpoint import CONFIG, read_config
from lightning_v2.model.natural.checkpoint import save_checkpoint
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.model.overlay import origin_digest, save_overlay
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.resources import DEFAULT_VOICE, data_path
from lightning_v2.voices import from_anywhere, load


@dataclass(frozen=True)
class Adapted:
    """What came of it.

    Attributes:
        folder: by which `lightning_v2.load` knows the new voice.
        values: how many weights have learned.
        progress: steps, and the held-out loss before and at its best.
    """

    folder: Path
    values: int
    progress: Progress

    @property
    def has_gained(self) -> bool:
        return self.progress.best_step > 0


def adapt(
    voice: str | Path = DEFAULT_VOICE,
    plan: Plan | str | Path | Sequence[Plan | str | Path] = "lightning-v2",
    folder: str | Path = "adapted",
    *,
    schedule: Schedule | None = None,
    texts: Path | None = None,
    device: str = "cpu",
    progress: bool = True,
) -> Adapted:
    """Fine-tune the weights of a voice for a plan; needs no recordings, and no network.

    The teacher is the voice in float32, the pupil the same voice under the plan, in the fast tier,
    where gradients pass straight through every rounding. An interrupted run goes on where it was,
    to the same bits.

    Args:
        voice: what `lightning_v2.load` knows it by.
        plan: name, path or `Plan`; of several each step takes the next one, so that one voice
            serves all of them, "fp32" among them if it is to stay what it was in float32.
        folder: for the new voice, its training state and a log; made if need be. Of a natural voice
            of ours it is one such voice, of any other an overlay (`model.overlay`).
        schedule: how to train.
        texts: file of sentences; ours if not given.
        device: of the pupil. The teacher speaks on the CPU.
        progress: show a bar.

    Raises:
        ArgumentError: nothing can be trained under this plan; the state in the folder is of other
            settings; the device is not there.
        PlanError, CheckpointError, MissingFileError, OnnxError: plan or voice cannot be loaded.
        OSError: the folder cannot be written.
    """
    schedule, folder, name = schedule or Schedule(), Path(folder), str(voice)
    if device != "cpu" and not torch.cuda.is_available():
        raise ArgumentError(f"device is {device!r}, and torch finds no such device here")
    speaker, pupil = load(name), load(name)
    plans = [for_voice(Plan.of(x), voice_sites(speaker)) for x in _several(plan)]
    for each in plans:
        each.check(voice_sites(speaker))
    names = " and ".join(each.name for each in plans)
    chosen = Texts.of(speaker, texts, schedule.seed)
    teacher = Teacher(speaker, schedule.seed, torch.device(device))
    survey = teacher.survey(chosen.held_out)
    survey.refuse_nothing(speaker.name, names)
    if (folder / CONFIG).exists() and not (folder / STATE).exists():
        raise ArgumentError(f"{folder} holds a voice already: name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(pupil.model, teacher, survey, plans, chosen, schedule)
    if (folder / STATE).exists():
        trainer.resume(folder / STATE)
    trainer.run(folder, progress=progress)
    with torch.no_grad():
        for weight, value in zip(trainer.weights.values(), trainer.best.values(), strict=True):
            weight.copy_(value)
    done = trainer.progress
    about = {
        "adapted_from": f"{speaker.name}, weights {speaker.digest[:12]}",
        "plans": {each.name: each.digest for each in plans},
        "schedule": asdict(schedule),
        "progress": asdict(done),
    }
    _save(folder, name, speaker, pupil, trainer, about)
    return Adapted(folder, sum(x.numel() for x in trainer.weights.values()), done)


def _several(plan: Plan | str | Path | Sequence) -> Sequence:
    return plan if isinstance(plan, Sequence) and not isinstance(plan, str) else [plan]


def _save(
    folder: Path, name: str, speaker: Voice, pupil: Voice, trainer: Trainer, about: dict
) -> None:
    if isinstance(pupil, NaturalVoice):
        base = Path(name) if (Path(name) / CONFIG).exists() else data_path("voices", name)
        about = {**read_config(base)["about"], **about}
        save_checkpoint(folder, pupil.model.cpu(), pupil.config, pupil.symbols, about)
    else:
        origin = origin_digest(speaker)
        save_overlay(folder, from_anywhere(name), origin, trainer.weights, about)
