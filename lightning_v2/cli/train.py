"""`lightning-v2 train`."""

import argparse
from pathlib import Path

from lightning_v2.cli import values
from lightning_v2.cli.arguments import add_seed
from lightning_v2.errors import ArgumentError

TEACHER, START = "hibari", "lark"
"""Who teaches, and where a training on recordings starts, unless somebody says otherwise."""

CHOICES = ("phase", "gains", "angles", "inverse", "transforms")
"""Fields of `model.natural.choices.Choices`."""

_WHOLE = 600

_OF_TEACHERS = (
    "teacher", "texts", "whole", "usual", "parts_steps", "acoustic_steps", "blocks_steps",
    "joint_steps",
)  # fmt: skip
_OF_RECORDINGS = ("held_out",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Train a natural voice: a new one on what a teacher says and thinks, or with --recordings "
        "another one on recordings of a speaker. Every part resumes where it was broken off. "
        "docs/training.md says what to expect."
    )
    parser.add_argument("folder", type=Path, help="corpus, training state and the voice go here")
    teacher = parser.add_argument_group("from a teacher")
    teacher.add_argument(
        "--teacher",
        metavar="VOICE",
        help=f"an .onnx voice that names its inner values (default: {TEACHER})",
    )
    teacher.add_argument(
        "--texts",
        type=Path,
        metavar="FILE.tsv",
        help="sentences for the teacher, one 'key<TAB>text' a line (default: "
        "data/sentences/training.tsv)",
    )
    teacher.add_argument(
        "--whole",
        type=values.whole(1),
        metavar="N",
        help=f"texts of which what it thinks of every frame is kept, 5 MB each (default: {_WHOLE})",
    )
    teacher.add_argument(
        "--usual",
        nargs="+",
        choices=CHOICES,
        metavar="CHOICE",
        help="what is made as voices usually are instead of for low precision: some of "
        f"{', '.join(CHOICES)} (docs/training.md)",
    )
    recordings = parser.add_argument_group("on recordings")
    recordings.add_argument(
        "--recordings",
        type=Path,
        metavar="FOLDER",
        help="a corpus in LJ Speech layout, metadata.csv and wavs/. Durations, F0 and the "
        "magnitudes of spectra come nearer to it; there is no adversarial training, phases have no "
        "target, and the voice keeps its phones and its English",
    )
    recordings.add_argument(
        "--held-out",
        type=values.whole(0),
        metavar="N",
        help="recordings that are not trained on, and tell how near the voice has come (default: "
        "one in ten, at most 20)",
    )
    parser.add_argument(
        "--start",
        metavar="VOICE",
        help="natural voice whose weights it starts from; with a teacher only the last stage is "
        f"then done (default: {START} on recordings, none with a teacher)",
    )
    parser.add_argument(
        "--limit",
        type=values.whole(1),
        metavar="N",
        help="use only so many texts (drawn at random) or recordings, the first ones (default: "
        "all)",
    )
    parser.add_argument(
        "--jobs", type=values.whole(1), default=2, metavar="N", help="processes (default: 2)"
    )
    _add_steps(parser)
    parser.add_argument(
        "--device",
        type=values.device,
        default="cpu",
        help="cpu, cuda or cuda:N (default: %(default)s)",
    )
    add_seed(parser, "the choice of texts, the first weights, the noise and the batches", default=1)


def _add_steps(parser: argparse.ArgumentParser) -> None:
    for name, taught, tuned, what in (
        ("--parts-steps", 3000, None, "each part of encoders and predictors by itself"),
        ("--acoustic-steps", 6000, None, "encoders and predictors"),
        ("--prosody-steps", 3000, 600, "pitch and energy alone; on recordings, durations and F0"),
        ("--blocks-steps", 3000, None, "each block of the decoder by itself"),
        ("--vocoder-steps", 3000, 2000, "decoder and vocoder"),
        ("--joint-steps", 1500, None, "decoder and vocoder on the voice's own text"),
    ):
        usual = f"{taught}, on recordings {tuned}" if tuned else f"{taught}, only with a teacher"
        words = f"optimiser steps of {what} (default: {usual})"
        parser.add_argument(name, type=values.whole(1), metavar="N", help=words)


def run(args: argparse.Namespace) -> int:
    """0: a voice was written."""
    if args.teacher and args.recordings:
        raise ArgumentError("--teacher and --recordings exclude each other")
    needed = "a teacher" if args.recordings else "--recordings"
    for name in _OF_TEACHERS if args.recordings else _OF_RECORDINGS:
        if getattr(args, name) is not None:
            raise ArgumentError(f"--{name.replace('_', '-')} means something only with {needed}")
    if args.recordings:
        from lightning_v2.training.recordings.pipeline import tune

        args.start = args.start or START
        tune(args)
    else:
        from lightning_v2.training.distillation.pipeline import distill

        args.teacher, args.whole = args.teacher or TEACHER, args.whole or _WHOLE
        distill(args)
    return 0
