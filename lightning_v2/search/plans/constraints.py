"""What a plan has to reach to be looked for at all: shares of a voice, or a modelled cost."""

from __future__ import annotations

from dataclasses import dataclass

from lightning_v2.deployment.cycles import cycles
from lightning_v2.errors import ArgumentError
from lightning_v2.precision import Coverage
from lightning_v2.precision.moves import Move, Precisions
from lightning_v2.tensix.numbers.sites import Site, SitePrecision

LOWS = (
    {"math_fidelity": "LoFi", "weights_rounding": "fidelity"},
    {"weights": "bfloat8_b"},
    {"weights": "bfloat4_b"},
)
"""How a search turns sites low."""

HELPS = {
    "lofi_share": ("LoFi",),
    "bfp8_share": ("bfloat8_b", "bfloat4_b"),
    "bfp4_share": ("bfloat4_b",),
    "cycles": ("LoFi", "bfloat8_b", "bfloat4_b"),
}
"""Constraint -> values of fields that bring a plan nearer to it."""


@dataclass(frozen=True)
class Figures:
    """What is said of a plan beside its quality.

    Attributes:
        lofi_share: of the sites of the matrix engine.
        bfp8_share: of the bytes of all constants, those in bfloat8_b or bfloat4_b.
        bfp4_share: the same, bfloat4_b alone.
        weight_bytes: of all constants.
        cycles: *modelled*, see `cost`.
    """

    lofi_share: float
    bfp8_share: float
    bfp4_share: float
    weight_bytes: float
    cycles: int

    @classmethod
    def of(cls, precisions: Precisions, sites: tuple[Site, ...]) -> Figures:
        found = Coverage(_EachSite(precisions), sites)
        bfp4 = found.share("weights", "bfloat4_b", of="weight_bytes")
        return cls(
            lofi_share=found.share("math_fidelity", "LoFi"),
            bfp8_share=bfp4 + found.share("weights", "bfloat8_b", of="weight_bytes"),
            bfp4_share=bfp4,
            weight_bytes=found.weight_bytes,
            cycles=cycles(precisions, sites),
        )


@dataclass(frozen=True)
class _EachSite:
    """Precisions as `Coverage` asks for them; a plan of them would be written and read first."""

    precisions: Precisions
    name: str = ""

    def for_site(self, site: Site) -> SitePrecision:
        return self.precisions[site.name]


@dataclass(frozen=True)
class Constraints:
    """The least shares and the most cycles; all have to hold.

    Attributes:
        lofi_share, bfp8_share, bfp4_share: 0 to 1, as in `Figures`; 0 asks for nothing.
        cycles: None asks for nothing.

    Raises:
        ArgumentError: a share is not between 0 and 1, no cycles are allowed, or nothing at all is
            asked for.
    """

    lofi_share: float = 0.0
    bfp8_share: float = 0.0
    bfp4_share: float = 0.0
    cycles: int | None = None

    def __post_init__(self):
        for name in ("lofi_share", "bfp8_share", "bfp4_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ArgumentError(f"{name} is {getattr(self, name)}; legal are 0 to 1")
        if self.cycles is not None and self.cycles < 1:
            raise ArgumentError(f"cycles is {self.cycles}; legal are 1 and more")
        if not self.asked:
            raise ArgumentError("no constraint: every plan would do, and the first one is the best")

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of what is asked for, in the order in which a search meets them."""
        shares = [n for n in ("bfp8_share", "bfp4_share", "lofi_share") if getattr(self, n)]
        return (*shares, "cycles") if self.cycles is not None else tuple(shares)

    def unmet(self, figures: Figures) -> tuple[str, ...]:
        """Names of those that do not hold, in that order."""
        return tuple(name for name in self.asked if not self._holds(name, figures))

    def _holds(self, name: str, figures: Figures) -> bool:
        if name == "cycles":
            return figures.cycles <= self.cycles
        # Shares of bytes are sums of fractions.
        return getattr(figures, name) >= getattr(self, name) - 1e-9

    def lows(self) -> list[dict[str, str]]:
        """Fields that bring a plan nearer to them, smaller formats last. bfloat4_b is left out
        where bfloat8_b is enough."""
        values = {value for name in self.asked for value in HELPS[name]}
        if not {"bfp4_share", "cycles"} & set(self.asked):
            values.discard("bfloat4_b")
        return [low for low in LOWS if not values.isdisjoint(low.values())]

    def __str__(self) -> str:
        signs = {"cycles": "<="}
        return ", ".join(f"{n} {signs.get(n, '>=')} {getattr(self, n):g}" for n in self.asked)


def helps(name: str, move: Move) -> bool:
    """Whether a move can bring a plan nearer to a constraint."""
    return any(value in HELPS[name] for _, value in move.fields)


def saving(name: str, before: Figures, after: Figures) -> float:
    """How much nearer to a constraint `after` is: a share, or cycles."""
    difference = getattr(after, name) - getattr(before, name)
    return -difference if name == "cycles" else difference
