"""From texts or recordings to a voice: corpus, three stages of training, checkpoint, evaluation."""

import argparse
import json
import multiprocessing
import random
from dataclasses import asdict
from pathlib import Path

import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.model import VoiceConfig, load, save_checkpoint
from lightning_v2.model.network import Network
from lightning_v2.resources import data_path, held_out_texts, text_lines
from lightning_v2.training import corpus as taught
from lightning_v2.training import recordings
from lightning_v2.training.corpus import Corpus
from lightning_v2.training.dataset import Dataset
from lightning_v2.training.trainer import Schedule, Trainer

STEPS = {"acoustic": 3300, "vocoder": 6000, "joint": 2200}
"""Optimiser steps of each stage, where nobody says otherwise."""

_ACOUSTIC = ("encoder.", "duration.", "pitch.", "decoder.")


def train(args: argparse.Namespace) -> None:
    """Do all that `lightning-v2 train` promises; args as defined in command.py.

    Raises:
        TeacherMissing, RecordingsError, OSError, ArgumentError: with what is wrong and where.
    """
    args.folder.mkdir(parents=True, exist_ok=True)
    corpus = _corpus(args)
    schedules = stages(args)
    if args.device == "cpu" and args.jobs > 1:
        # two small models train faster side by side, on a core each, than one after the other
        context = multiprocessing.get_context("forkserver")
        work = [
            context.Process(target=run_stage, args=(schedule, corpus, args.folder, args.device, 1))
            for schedule in schedules[:2]
        ]
        for process in work:
            process.start()
        for process in work:
            process.join()
        if any(process.exitcode for process in work):
            raise ArgumentError("a stage of training failed: see its message above")
    else:
        for schedule in schedules[:2]:
            run_stage(schedule, corpus, args.folder, args.device, args.jobs)
    run_stage(schedules[2], corpus, args.folder, args.device, args.jobs)
    voice = export(args.folder, schedules, corpus)
    print(f"voice: {voice}")
    if args.held_out:
        evaluate(voice, args.folder / "held-out", args.held_out, args.jobs)


def stages(args: argparse.Namespace) -> tuple[Schedule, Schedule, Schedule]:
    """The acoustic, vocoder and joint schedules."""
    steps = {stage: getattr(args, f"{stage}_steps") or STEPS[stage] for stage in STEPS}
    return (
        Schedule("acoustic", steps["acoustic"], seed=args.seed),
        Schedule("vocoder", steps["vocoder"], seed=args.seed),
        Schedule(
            "joint", steps["joint"], sentences=4, crops=16, learning_rate=6e-4, seed=args.seed
        ),
    )


def _corpus(args: argparse.Namespace) -> Corpus:
    folder = args.folder / "corpus"
    if args.recordings:
        found = recordings.read_metadata(args.recordings)
        return recordings.build(found[: args.limit], folder, args.jobs)
    lines = list(text_lines(args.texts or data_path("sentences", "training.tsv")))
    random.Random(args.seed).shuffle(lines)  # a few of them are then a fair sample of all
    texts = {key: text for _, key, text in lines[: args.limit]}
    return taught.build(texts, folder, args.jobs, {key: place for place, key, _ in lines})


def run_stage(schedule: Schedule, corpus: Corpus, folder: Path, device: str, threads: int) -> None:
    """Run one stage to its end, from where it was broken off."""
    torch.set_num_threads(threads)
    # operands of matmuls in bfloat16 where the processor gains by it; weights stay in float32
    torch.set_float32_matmul_precision("medium")
    own = folder / schedule.stage
    own.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(VoiceConfig(), schedule, Dataset(corpus, corpus.keys(), torch.device(device)))
    state = own / "state.pt"
    if state.exists():
        trainer.resume(state)
    elif schedule.stage == "joint":
        trainer.network.load_state_dict(join(folder))
    trainer.run(own)


def join(folder: Path) -> dict[str, torch.Tensor]:
    """Weights of the acoustic stage with the vocoder of the vocoder stage."""
    acoustic, vocoder = (
        torch.load(folder / stage / "state.pt", map_location="cpu", weights_only=True)["network"]
        for stage in ("acoustic", "vocoder")
    )
    return {k: v if k.startswith(_ACOUSTIC) else vocoder[k] for k, v in acoustic.items()}


def export(folder: Path, schedules: tuple[Schedule, ...], corpus: Corpus) -> Path:
    """Write the voice of the joint stage to `folder/voice` and return that."""
    state = torch.load(folder / "joint" / "state.pt", map_location="cpu", weights_only=True)
    network = Network(VoiceConfig())
    network.load_state_dict(state["network"])
    about = {
        "training": [asdict(schedule) for schedule in schedules],
        "sentences": len(corpus.keys()),
    }
    save_checkpoint(folder / "voice", network, VoiceConfig(), about)
    return folder / "voice"


def evaluate(voice: Path, folder: Path, count: int, jobs: int) -> dict[str, float]:
    """Measure a voice against the teacher on held-out sentences and print what was found.

    Raises:
        TeacherMissing: if the teacher is not installed.
    """
    from lightning_v2.training.evaluation import HeldOut, acoustic_quality, copy_quality

    held = HeldOut.prepare(held_out_texts(count), folder, jobs)
    keys = list(held.sentences)
    loaded = load(voice)
    figures = {**acoustic_quality(loaded, held, keys), **copy_quality(loaded, held, keys)}
    figures = {name: round(float(value), 4) for name, value in figures.items()}
    print(json.dumps({"sentences": len(keys), **figures}, indent=2))
    return figures
