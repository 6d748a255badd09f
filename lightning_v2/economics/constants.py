"""The table of constants: what the model takes for granted, and where each of it comes from."""

import functools
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from lightning_v2.errors import ArgumentError
from lightning_v2.resources import data_path

KINDS = ("measured", "documented", "inferred")
"""By others on silicon; by the maker; by us."""

EVERYTHING = "all"
"""In the place of an architecture or a board."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A row of the table.

    Attributes:
        name: what it is.
        of: "all", an architecture, a board or a GPU.
        value, unit: what it is worth.
        kind: one of KINDS.
        date: of the source, year and month.
        source: where it was read, or what it was inferred from.
    """

    name: str
    of: str
    value: float
    unit: str
    kind: str
    date: str
    source: str


def read_constants(path: Path) -> tuple[Constant, ...]:
    """The rows of a table.

    Raises:
        ArgumentError: a row lacks a field or has another one, its kind is none of KINDS, its value
            is no number, or a name stands twice for the same thing.
        OSError: it cannot be read.
    """
    found: dict[tuple[str, str], Constant] = {}
    for row in yaml.safe_load(path.read_text()):
        try:
            constant = Constant(**row)
        except TypeError as error:
            raise ArgumentError(f"{path}: {row}: {error}") from None
        key = constant.name, constant.of
        if constant.kind not in KINDS:
            raise ArgumentError(
                f"{path}: {constant.name} is {constant.kind!r}; legal are {', '.join(KINDS)}"
            )
        if not isinstance(constant.value, int | float):
            raise ArgumentError(f"{path}: {constant.name} is {constant.value!r}, not a number")
        if key in found:
            raise ArgumentError(f"{path}: {constant.name} of {constant.of} stands there twice")
        found[key] = constant
    return tuple(found.values())


@functools.cache
def constants() -> tuple[Constant, ...]:
    """Those that travel with the library."""
    return read_constants(data_path("economics", "constants.yaml"))


def constants_of(*names: str) -> dict[str, Constant]:
    """Name -> constant of what is called so, from the widest name to the narrowest."""
    rows = constants()
    return {row.name: row for of in (EVERYTHING, *names) for row in rows if row.of == of}


def constants_table() -> pd.DataFrame:
    """A row a constant, as in the file."""
    return pd.DataFrame(constants())
