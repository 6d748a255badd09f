"""Where the time of a program goes: parts that add up."""

from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True)
class Time:
    """Seconds. What is done while something else takes longer is in no part.

    Attributes:
        launch: between programs.
        latency: waiting for answers of the NoC, while nothing flows.
        engine, vector: the matrix engine and the vector engine are what all else waits for.
        noc, dram: the network or the banks are.
        host: transfers.
    """

    launch: float = 0.0
    latency: float = 0.0
    engine: float = 0.0
    vector: float = 0.0
    noc: float = 0.0
    dram: float = 0.0
    host: float = 0.0

    def __add__(self, other: "Time") -> "Time":
        return Time(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __mul__(self, count: float) -> "Time":
        return Time(*(a * count for a in astuple(self)))

    @property
    def total(self) -> float:
        return sum(astuple(self))

    @property
    def bound(self) -> str:
        """The part that takes longest, by its name."""
        return max(PARTS, key=lambda name: getattr(self, name))


PARTS = tuple(field.name for field in fields(Time))
"""Names of the parts."""
