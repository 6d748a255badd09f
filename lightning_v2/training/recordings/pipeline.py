"""From recordings to a voice: takes, two stages of training, checkpoint, distances."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.model.checkpoint import read_config
from lightning_v2.model.natural.checkpoint import save_checkpoint
from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.resources import data_path
from lightning_v2.training.loop import read_state
from lightning_v2.training.recordings.corpus import Takes, build, natural_voice
from lightning_v2.training.recordings.dataset import Dataset
from lightning_v2.training.recordings.distance import distance
from lightning_v2.training.recordings.metadata import read_metadata
from lightning_v2.training.recordings.tuner import Tuner, TuningSchedule

STEPS = {"prosody": 600, "vocoder": 2000}
"""Optimiser steps of each stage, where nobody says otherwise."""

HELD_OUT = 20
"""Recordings at most that are held out where nobody says otherwise: one in ten."""

_WORDS = {
    "lsd_db": "log-spectral distance, dB",
    "f0_median_cents": "F0 error, median, cents",
    "voicing_error_percent": "voicing error, % of frames",
    "duration_error_ms": "duration error, ms a phone",
}


def tune(args: argparse.Namespace) -> None:
    """Do what `lightning-v2 train --recordings` promises; args as defined in cli/train.py.

    Raises:
        ArgumentError: the recordings or the voice that it starts from cannot be used.
        OSError: the folder cannot be written.
    """
    folder: Path = args.folder
    start = natural_voice(args.start)
    recordings = read_metadata(args.recordings)[: args.limit]
    # phones have other rows in another voice
    takes = build(recordings, args.start, folder / "corpus" / start.digest[:12], args.jobs)
    wanted = {recording.key for recording in recordings}
    keys = [key for key in takes.keys if key.rpartition("_")[0] in wanted]
    trained, held_out = parted(keys, args.held_out)
    schedules = stages(args, start, len(trained), len(held_out))
    for schedule in schedules:
        data = Dataset(takes, trained, torch.device(args.device))
        run_stage(schedule, start, data, folder, args.jobs)
    distances = measured(folder, start, takes, held_out) if held_out else {}
    about = {
        "started_from": f"{start.name}, weights {start.digest[:12]}",
        "licence": f"that of its recordings, and of {start.name}: {_licence(args.start)}",
        "training": [asdict(schedule) for schedule in schedules],
        "held_out": distances,
    }
    print(f"voice: {export(folder, start, about)}")


def parted(keys: list[str], count: int | None) -> tuple[list[str], list[str]]:
    """Takes to train on, and those of so many recordings that are held out, evenly spread.

    Raises:
        ArgumentError: none is left to train on.
    """
    recordings = sorted({key.rpartition("_")[0] for key in keys})
    count = min(len(recordings) // 10, HELD_OUT) if count is None else count
    if count >= len(recordings):
        raise ArgumentError(
            f"{count} of {len(recordings)} recordings held out: none is left to train on"
        )
    held = {recordings[(2 * i + 1) * len(recordings) // (2 * count)] for i in range(count)}
    kept: tuple[list[str], list[str]] = ([], [])
    for key in keys:
        kept[key.rpartition("_")[0] in held].append(key)
    return kept


def stages(
    args: argparse.Namespace, start: NaturalVoice, takes: int, held_out: int
) -> tuple[TuningSchedule, TuningSchedule]:
    """The schedules of both stages."""
    settings = {
        "prosody": {"crops": 4, "learning_rate": 2e-4, "warm_up": 20},
        "vocoder": {"crop_steps": 48, "learning_rate": 2e-4, "warm_up": 20},
    }
    known = {"start": start.digest, "takes": takes, "held_out": held_out, "seed": args.seed}
    prosody, vocoder = (
        TuningSchedule(stage, getattr(args, f"{stage}_steps") or STEPS[stage], **own, **known)
        for stage, own in settings.items()
    )
    return prosody, vocoder


def run_stage(
    schedule: TuningSchedule, start: NaturalVoice, data: Dataset, folder: Path, threads: int
) -> None:
    """Run one stage to its end, from where it was broken off."""
    torch.set_num_threads(threads)
    own = folder / schedule.stage
    own.mkdir(parents=True, exist_ok=True)
    tuner = Tuner(start, schedule, data)
    state = own / "state.pt"
    if state.exists():
        tuner.resume(state)
    elif schedule.stage == "vocoder":
        tuner.start_from(read_state(folder / "prosody" / "state.pt")["average"])
    tuner.run(own)


def export(folder: Path, start: NaturalVoice, about: Mapping[str, object]) -> Path:
    """Write the voice of the last stage to `folder/voice`, with the logs of both; return that."""
    voice = folder / "voice"
    save_checkpoint(voice, _trained(folder, start.config), start.config, start.symbols, dict(about))
    for stage in STEPS:
        (voice / f"{stage}.jsonl").write_text((folder / stage / "log.jsonl").read_text())
    return voice


def measured(
    folder: Path, start: NaturalVoice, takes: Takes, held_out: list[str]
) -> dict[str, object]:
    """Distances from held-out takes before and after the training, which are printed, too."""
    before = distance(start.model, map(takes.take, held_out))
    after = distance(_trained(folder, start.config), map(takes.take, held_out))
    print(f"{len(held_out)} held-out sentences:")
    for name, words in _WORDS.items():
        told = " -> ".join(
            f"{found[name]:.1f}" if name in found else "none" for found in (before, after)
        )
        print(f"  {words}: {told}")
    return {"sentences": len(held_out), "before": before, "after": after}


def _licence(name: str) -> str:
    folder = Path(name) if (Path(name) / "config.json").exists() else data_path("voices", name)
    about = read_config(folder).get("about")
    return about.get("licence", "not told") if isinstance(about, dict) else "not told"


def _trained(folder: Path, config: NaturalConfig) -> NaturalNetwork:
    network = NaturalNetwork(config)
    network.load_state_dict(read_state(folder / "vocoder" / "state.pt")["average"])
    return network.eval().requires_grad_(False)
