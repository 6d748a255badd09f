"""`lightning-v2 train`."""

import argparse
from pathlib import Path

from lightning_v2.cli import values
from lightning_v2.cli.arguments import add_seed
from lightning_v2.errors import ArgumentError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Build a corpus, train a voice and evaluate it. Every part resumes where it was broken "
        "off. Without --teacher and --recordings the corpus is what festival says (Debian packages "
        "festival, festvox-us-slt-hts, htsengine)."
    )
    parser.add_argument("folder", type=Path, help="corpus, training state and the voice go here")
    parser.add_argument(
        "--texts",
        type=Path,
        metavar="FILE.tsv",
        help="sentences for the teacher, one 'key<TAB>text' a line (default: "
        "data/sentences/training.tsv)",
    )
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="FOLDER",
        help="a corpus in LJ Speech layout (metadata.csv and wavs/) to train on instead",
    )
    parser.add_argument(
        "--teacher",
        metavar="VOICE",
        help="learn from an .onnx voice that names its inner values, such as hibari: a natural "
        "voice is trained on them, and not evaluated",
    )
    parser.add_argument(
        "--whole",
        type=values.whole(1),
        default=600,
        metavar="N",
        help="with --teacher: texts of which what it thinks of every frame is kept, 5 MB each "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--limit",
        type=values.whole(1),
        metavar="N",
        help="use only so many texts (drawn at random) or recordings (default: all)",
    )
    parser.add_argument(
        "--jobs", type=values.whole(1), default=2, metavar="N", help="processes (default: 2)"
    )
    for name, steps, taught, what in (
        ("--parts-steps", None, 3000, "each part of encoders and predictors by itself"),
        ("--acoustic-steps", 3300, 6000, "encoder, predictors and, without a teacher, decoder"),
        ("--prosody-steps", None, 3000, "pitch and energy alone"),
        ("--vocoder-steps", 6000, 3000, "the vocoder; with a teacher, of the decoder, too"),
        ("--blocks-steps", None, 3000, "each block of the decoder by itself"),
        ("--joint-steps", 2200, 1500, "all of it after both; with a teacher, the vocoder again"),
    ):
        usual = f"{steps}, with --teacher {taught}" if steps else f"{taught}, only with --teacher"
        words = f"optimiser steps of {what} (default: {usual})"
        parser.add_argument(name, type=values.whole(1), metavar="N", help=words)
    parser.add_argument(
        "--device",
        type=values.device,
        default="cpu",
        help="cpu, cuda or cuda:N (default: %(default)s)",
    )
    add_seed(parser, "the choice of texts, the first weights and the batches", default=1)
    parser.add_argument(
        "--held-out",
        type=values.whole(0, values.HELD_OUT),
        default=100,
        metavar="N",
        help="sentences for the evaluation against the teacher at the end, 0 to "
        f"{values.HELD_OUT}; 0: none (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """0: a voice was written."""
    if args.teacher:
        if args.recordings:
            raise ArgumentError("--teacher and --recordings exclude each other")
        from lightning_v2.training.distillation.pipeline import distill

        distill(args)
        return 0
    from lightning_v2.training.pipeline import train

    train(args)
    return 0
