"""Types of options for `argparse`: a value that cannot be meant is refused while it is read."""

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

HELD_OUT = 240
"""Sentences in data/sentences/heldout.tsv, without the wait for it."""

_SCHEMES = ("tcp", "tls", "ws", "wss", "ucx")
"""Of Dask, between machines."""


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Whole numbers from `least` to `most`, or on."""
    legal = f"whole numbers from {least} {'on' if most is None else f'to {most}'}"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise _illegal(text, legal) from None
        if value < least or (most is not None and value > most):
            raise _illegal(text, legal)
        return value

    return read


seed = whole(0, 2**63 - 1)
"""What every generator of random numbers here takes."""


def sentences(least: int) -> Callable[[str], int | Path]:
    """How many of the held-out ones, `least` or more, or a file of others."""
    count = whole(least, HELD_OUT)

    def read(text: str) -> int | Path:
        if not re.fullmatch(r"[+-]?\d+", text) and Path(text).is_file():
            return Path(text)
        try:
            return count(text)
        except ArgumentTypeError as error:
            raise ArgumentTypeError(f"{error}, and files of sentences that are there") from None

    return read


def share(text: str) -> float:
    """0 to 1."""
    return _number(text, "shares from 0 to 1, such as 0.9", lambda value: 0 <= value <= 1)


def part(text: str) -> float:
    """Above 0 and below 1."""
    legal = "shares above 0 and below 1, such as 0.5"
    return _number(text, legal, lambda value: 0 < value < 1)


def positive(text: str) -> float:
    """A number above 0."""
    return _number(text, "a number above 0", lambda x: 0 < x < math.inf)


def finite(text: str) -> float:
    """Any number but nan and the infinite ones."""
    return _number(text, "finite numbers", math.isfinite)


def device(text: str) -> str:
    """Where torch computes."""
    if not re.fullmatch(r"cpu|cuda(:\d+)?", text):
        raise _illegal(text, "cpu, cuda and cuda:N")
    return text


def address(text: str) -> str:
    """Of a Dask scheduler. Without a scheme it is one of TCP."""
    full = text if "://" in text else f"tcp://{text}"
    try:
        found = urlsplit(full)
        legal = found.scheme in _SCHEMES and found.hostname and found.port
    except ValueError:  # a port beyond 65535, or no number
        legal = False
    if not legal or re.search(r"[\s@?#]", text) or found.path:
        raise _illegal(text, "addresses such as tcp://192.168.0.5:8786")
    return full


def _number(text: str, legal: str, fits: Callable[[float], bool]) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _illegal(text, legal) from None
    if not fits(value):
        raise _illegal(text, legal)
    return value


def _illegal(text: str, legal: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{text!r} is not legal; legal are {legal}")
