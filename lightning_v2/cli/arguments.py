"""Options that several verbs of `lightning-v2` share."""

import argparse
import sys

from lightning_v2.cli import values
from lightning_v2.errors import ArgumentError
from lightning_v2.resources import DEFAULT_VOICE

TIERS = ("fast", "exact")
"""Those of `tensix`, without the wait for its import."""

JSON_FILE = ((".json",), "a JSON file")
"""For `files.check_output`."""

VOICE_HELP = (
    "a name of `lightning-v2 voices`, a folder, a .py file with a function voice(), or an "
    ".onnx file, with ?style=FILE:NAME or ?speaker=N behind it where it has them"
)


def add_voice(
    parser: argparse.ArgumentParser, seed_of: str | None = "the noise in unvoiced sounds"
) -> None:
    """--voice, and --seed of what is drawn at random, unless that is None."""
    parser.add_argument(
        "--voice",
        default=DEFAULT_VOICE,
        help=f"{VOICE_HELP} (default: %(default)s)",
    )
    if seed_of is not None:
        add_seed(parser, seed_of)


def add_seed(parser: argparse.ArgumentParser, of: str, default: int = 0) -> None:
    """--seed of what is drawn at random."""
    parser.add_argument(
        "--seed",
        type=values.seed,
        default=default,
        metavar="N",
        help=f"of {of}: a whole number, 0 or more (default: %(default)s)",
    )


def add_tier(parser: argparse.ArgumentParser) -> None:
    """--tier of the emulation."""
    parser.add_argument(
        "--tier",
        choices=TIERS,
        default="fast",
        help="fast, or exact: the bits of the chip (default: %(default)s)",
    )


def add_output(
    parser: argparse.ArgumentParser, *flags: str, metavar: str, help: str, required: bool = False
) -> None:
    """An option that names a file for `files.write_output`."""
    parser.add_argument(
        *flags,
        metavar=metavar,
        required=required,
        help=f"{help}; - for standard output, messages then go to standard error",
    )


def outputs(args: argparse.Namespace) -> list[str]:
    """What was given for the options of `add_output`."""
    given = (getattr(args, name, None) for name in ("output", "figure", "report"))
    return [path for path in given if path is not None]


def announce_compilation(tier: str) -> None:
    """Say why the very first run in the exact tier takes its time."""
    if tier == "exact":
        from lightning_v2.tensix.kernels.compile import is_cold

        if is_cold():
            print(
                "compiling the exact tier, once: about half a minute", file=sys.stderr, flush=True
            )


def given_text(text: str) -> str:
    """The text itself, or for "-" all of standard input.

    Raises:
        ArgumentError: standard input is closed, or not UTF-8.
    """
    if text != "-":
        return text
    if sys.stdin is None:
        raise ArgumentError("standard input is closed: there is no text to read")
    try:
        return sys.stdin.read().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ArgumentError(f"standard input is not UTF-8: {error.reason}") from error
