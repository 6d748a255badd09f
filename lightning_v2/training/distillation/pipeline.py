"""From texts to a natural voice: lessons of a teacher, six stages of training, checkpoint."""

import argparse
import multiprocessing
import random
from dataclasses import replace
from pathlib import Path

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.checkpoint import save_checkpoint
from lightning_v2.model.natural.choices import MADE, USUAL
from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.resources import data_path, text_lines
from lightning_v2.training.distillation.corpus import Lessons, build
from lightning_v2.training.distillation.lessons import Teacher
from lightning_v2.training.distillation.stages import Pupil, run_stage
from lightning_v2.training.loop import Schedule, read_state
from lightning_v2.voices import load

STEPS = {
    "parts": 3000,
    "acoustic": 6000,
    "prosody": 3000,
    "blocks": 3000,
    "vocoder": 3000,
    "joint": 1500,
}
"""Optimiser steps of each stage, where nobody says otherwise."""


def distill(args: argparse.Namespace) -> None:
    """Do what `lightning-v2 train --teacher` promises; args as defined in cli/train.py.

    Raises:
        ArgumentError: the voice cannot teach, or a stage failed.
        OSError: the folder cannot be written.
    """
    teacher = Teacher(_onnx_voice(args.teacher))
    lines = list(text_lines(args.texts or data_path("sentences", "training.tsv")))
    random.Random(args.seed).shuffle(lines)  # a few of them are then a fair sample of all
    texts = {key: text for _, key, text in lines[: args.limit]}
    folder: Path = args.folder
    usual = {name: getattr(USUAL, name) for name in args.usual or ()}
    pupil = Pupil(replace(MADE, **usual), args.start or "")
    start = pupil.voice() if pupil.start else None
    build(teacher, texts, folder / "corpus", args.whole)
    *phones, blocks, vocoder, joint = stages(args)
    if start is None and args.device == "cpu" and args.jobs > 1:
        # two small networks train faster side by side, on a core each, than one after the other
        context = multiprocessing.get_context("forkserver")
        work = [
            context.Process(target=_run, args=(part, folder, args.device, 1, pupil))
            for part in (phones, [blocks, vocoder])
        ]
        for process in work:
            process.start()
        for process in work:
            process.join()
        if any(process.exitcode for process in work):
            raise ArgumentError("a stage of training failed: see its message above")
    elif start is None:
        _run([*phones, blocks, vocoder], folder, args.device, args.jobs, pupil)
    _run([joint], folder, args.device, args.jobs, pupil)
    print(f"voice: {export(folder, teacher.voice, start)}")


def stages(args: argparse.Namespace) -> tuple[Schedule, ...]:
    """A schedule for each stage, in the order of `STEPS`."""
    steps = {stage: getattr(args, f"{stage}_steps") or STEPS[stage] for stage in STEPS}
    settings = {
        "parts": {"crops": 4, "crop_steps": 128},
        "acoustic": {"crops": 4, "crop_steps": 224, "learning_rate": 3e-4},
        "prosody": {"crops": 4, "crop_steps": 224, "learning_rate": 2e-4},
        "blocks": {"crop_steps": 48},
        "vocoder": {"learning_rate": 1e-3},
        "joint": {"learning_rate": 1e-4, "warm_up": 20},
    }
    return tuple(Schedule(x, steps[x], seed=args.seed, **own) for x, own in settings.items())


def _run(schedules: list[Schedule], folder: Path, device: str, threads: int, pupil: Pupil) -> None:
    for schedule in schedules:
        run_stage(schedule, folder, device, threads, pupil)


def export(folder: Path, teacher: OnnxVoice, start: NaturalVoice | None = None) -> Path:
    """Write the voice of the joint stage to `folder/voice`, with the logs of all; return that.

    start: the voice that it comes from.
    """
    state = read_state(folder / "joint" / "state.pt")
    config = NaturalConfig.of(state["config"])
    network = NaturalNetwork(config)
    network.load_state_dict(state["average"])
    lessons = Lessons(folder / "corpus")
    done = [name for name in STEPS if (folder / name / "state.pt").exists()]
    about = {
        "teacher": f"{teacher.name}, file {teacher.file_digest[:12]}",
        "licence": f"as its teacher: {teacher.frontend.licence}",
        "lessons": len(lessons.keys()),
        "lessons_with_frames": sum(map(lessons.has_frames, lessons.keys())),
        "training": [read_state(folder / name / "state.pt")["schedule"] for name in done],
        "steps": {name: read_state(folder / name / "state.pt")["step"] for name in done},
    }
    symbols = lessons.symbols()
    if start is not None:
        about["started_from"] = f"{start.name}, remade, weights {start.digest[:12]}"
        symbols = start.symbols
    voice = folder / "voice"
    save_checkpoint(voice, network, config, symbols, about)
    for name in done:
        (voice / f"{name}.jsonl").write_text((folder / name / "log.jsonl").read_text())
    return voice


def _onnx_voice(name: str) -> OnnxVoice:
    voice = load(name)
    if not isinstance(voice, OnnxVoice):
        raise ArgumentError(f"voice {name!r} cannot teach: a teacher is an .onnx file")
    return voice
