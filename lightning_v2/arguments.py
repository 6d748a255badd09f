"""Options that several verbs of `lightning-v2` share."""

import argparse


def add_voice(
    parser: argparse.ArgumentParser, seed_of: str = "the noise in unvoiced sounds"
) -> None:
    """--voice, and --seed of what is drawn at random."""
    parser.add_argument("--voice", default="slt", help="a name in data/voices/ or a folder")
    parser.add_argument("--seed", type=int, default=0, help=f"of {seed_of}")


def add_tier(parser: argparse.ArgumentParser) -> None:
    """--tier of the emulation."""
    parser.add_argument(
        "--tier", default="fast", help="fast (the default), or exact: the bits of the chip"
    )
