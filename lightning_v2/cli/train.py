"""`lightning-v2 train`."""

import argparse
from pathlib import Path


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
        help="sentences for the teacher, one 'key<TAB>text' a line (default: data/sentences)",
    )
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="FOLDER",
        help="a corpus in LJ Speech layout (metadata.csv and wavs/) to train on instead",
    )
    parser.add_argument(
        "--limit", type=int, help="use only so many texts (drawn at random) or recordings"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--acoustic-steps", type=int, default=3300, metavar="N")
    parser.add_argument("--vocoder-steps", type=int, default=6000, metavar="N")
    parser.add_argument("--joint-steps", type=int, default=2200, metavar="N")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--held-out",
        type=int,
        default=100,
        metavar="N",
        help="sentences for the evaluation against the teacher at the end (0: none)",
    )


def run(args: argparse.Namespace) -> int:
    """0: a voice was written."""
    from lightning_v2.training.pipeline import train

    train(args)
    return 0
