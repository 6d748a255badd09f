"""A board: how many cores it has, and what its constants are."""

import dataclasses
from dataclasses import dataclass

from lightning_v2.economics.constants import constants_of
from lightning_v2.errors import ArgumentError

ARCHITECTURES = {
    "n150": "wormhole_b0",
    "n300": "wormhole_b0",
    "p100": "blackhole",
    "p150": "blackhole",
}
"""Board -> architecture."""


@dataclass(frozen=True)
class Board:
    """One board.

    Attributes:
        name, arch: as ttnn calls them.
        grid: columns and rows of cores of one chip that compute.
        chips: that work side by side, each with sentences of its own.
        values: constant -> value, in the units of the table.
    """

    name: str
    arch: str
    grid: tuple[int, int]
    chips: int
    values: dict[str, float]

    @property
    def cores(self) -> int:
        """Of one chip."""
        return self.grid[0] * self.grid[1]

    def __getitem__(self, constant: str) -> float:
        """A constant by its name."""
        return self.values[constant]

    def seconds(self, cycles: float) -> float:
        """Time of so many cycles."""
        return cycles / (self["clock"] * 1e9)

    def changed(self, **values: float) -> "Board":
        """The same board with other constants.

        Raises:
            ArgumentError: there is no such constant.
        """
        unknown = sorted(set(values) - set(self.values))
        if unknown:
            raise ArgumentError(f"no constant {unknown[0]!r}; there are {', '.join(self.values)}")
        return dataclasses.replace(self, values=self.values | values)


def board(name: str, grid: tuple[int, int] | None = None) -> Board:
    """A board by its name.

    Args:
        grid: columns and rows of cores, where they are others than those of the table.

    Raises:
        ArgumentError: there is no such board.
    """
    if name not in ARCHITECTURES:
        raise ArgumentError(f"no board {name!r}; there are {', '.join(ARCHITECTURES)}")
    arch = ARCHITECTURES[name]
    values = {key: row.value for key, row in constants_of(arch, name).items()}
    shape = grid or (int(values["columns"]), int(values["rows"]))
    return Board(name, arch, shape, int(values["chips"]), values)
