"""`lightning-v2 train`."""

import argparse
from pathlib import Path

from lightning_v2.cli import values
from lightning_v2.cli.arguments import add_seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Build a corpus, train a voice and evaluate it. Every part resumes where it was broken "
        "off. Without --recordings the corpus is what the teacher voice says (Debian packages "
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
        "--limit",
        type=values.whole(1),
        metavar="N",
        help="use only so many texts (drawn at random) or recordings (default: all)",
    )
    parser.add_argument(
        "--jobs", type=values.whole(1), default=2, metavar="N", help="processes (default: 2)"
    )
    for name, steps, what in (
        ("--acoustic-steps", 3300, "encoder, predictors and decoder"),
        ("--vocoder-steps", 6000, "the vocoder"),
        ("--joint-steps", 2200, "all of it together, after both"),
    ):
        words = f"optimiser steps of {what} (default: %(default)s)"
        parser.add_argument(name, type=values.whole(1), default=steps, metavar="N", help=words)
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
    from lightning_v2.training.pipeline import train

    train(args)
    return 0
