"""How operations compute: tier and architecture of a context, kernel and program configurations.

The words and the defaults are ttnn's (`ttnn.WormholeComputeKernelConfig`, the program configs of
`ttnn.matmul`); docs/numerics.md, section 8.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers.sites import FIDELITIES

TIERS = ("exact", "fast")
ARCHITECTURES = ("wormhole_b0", "blackhole")
SRCB_READINGS = ("own", "srca")

Grid = tuple[int, int]
"""Columns and rows of cores."""

GRIDS: dict[str, Grid] = {"wormhole_b0": (8, 8), "blackhole": (13, 10)}
"""Columns and rows of cores that compute, where none are named: of an n150, and of a p150 with a
firmware before 19.5.0 (February 2026), which is what the simulator has. Later ones show 11 x 10."""


def _check(name: str, value: object, legal: tuple) -> None:
    if not any(value is option or value == option for option in legal):
        raise ArgumentError(f"{name} is {value!r}; legal are {', '.join(map(repr, legal))}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How operations compute, unless they are told otherwise.

    Attributes:
        tier: "exact" (the bits of the chip) or "fast" (masked operands, ordinary float32 sums).
        arch: "wormhole_b0" or "blackhole".
        threads: of the exact tier, whose results do not depend on it; None for one on each core
            that this process may use.
        grid: columns and rows of cores for which ttnn chooses the programs that nobody names, in
            whose blocks a product is added; None for those of GRIDS.
        srcb: how the exact tier reads SrcB where it holds TF32 and SrcA bfloat16: "own", by its own
            format, as ttsim does, or "srca", in the style of SrcA, so that 7 fraction bits are
            left, as the documentation has it. Nobody has asked a card (docs/limits.md, "An open
            question").
    """

    tier: str = "exact"
    arch: str = "wormhole_b0"
    threads: int | None = None
    grid: Grid | None = None
    srcb: str = "own"

    def __post_init__(self):
        if self.threads is not None and (not isinstance(self.threads, int) or self.threads < 1):
            raise ArgumentError(
                f"threads is {self.threads!r}; legal are positive integers and None"
            )
        _check("tier", self.tier, TIERS)
        _check("arch", self.arch, ARCHITECTURES)
        if self.grid is not None and not _is_grid(self.grid):
            raise ArgumentError(
                f"grid is {self.grid!r}; legal are pairs of positive integers and None"
            )
        _check("srcb", self.srcb, SRCB_READINGS)

    @property
    def decisive(self) -> dict[str, Any]:
        """Those that a result depends on, as `use` takes them."""
        chosen = {"tier": self.tier, "arch": self.arch}
        if self.grid is not None:
            chosen["grid"] = self.grid
        if self.srcb != "own":
            chosen["srcb"] = self.srcb
        return chosen

    @property
    def cores(self) -> Grid:
        """Columns and rows of cores."""
        return self.grid or GRIDS[self.arch]

    @property
    def exact(self) -> bool:
        return self.tier == "exact"

    @property
    def cut_srcb(self) -> bool:
        """Whether TF32 in SrcB loses 3 bits beside bfloat16 in SrcA."""
        return self.srcb == "srca"

    @property
    def blackhole(self) -> bool:
        return self.arch == "blackhole"


def _is_grid(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(count, int) and count > 0 for count in value)
    )


class _Use:
    """What one context of `use` changes, and the settings that it makes with those around it."""

    def __init__(self, around: Settings, changes: dict[str, Any]):
        self.changes = changes
        self.settings = replace(around, **changes)


_DEFAULT = Settings()
_uses: ContextVar[tuple[_Use, ...]] = ContextVar("contexts of `use`, outermost first", default=())


def settings() -> Settings:
    """What operations of this thread use at present."""
    uses = _uses.get()
    return uses[-1].settings if uses else _DEFAULT


@contextmanager
def use(
    tier: str | None = None,
    arch: str | None = None,
    threads: int | None = None,
    grid: Grid | None = None,
    srcb: str | None = None,
) -> Iterator[Settings]:
    """Context in which operations of this thread use other `Settings`.

    What is not given stays as it is outside. Without any context it is exact, wormhole_b0. Contexts
    may end in any order, as those of generators do: each takes away what it has brought.

    Raises:
        ArgumentError: an unknown tier, architecture or reading, a number of threads below 1, or no
            grid.
    """
    given = {"tier": tier, "arch": arch, "threads": threads, "grid": grid, "srcb": srcb}
    changes = {name: value for name, value in given.items() if value is not None}
    mine = _Use(settings(), changes)
    _uses.set((*_uses.get(), mine))
    try:
        yield mine.settings
    finally:
        left: tuple[_Use, ...] = ()
        for other in _uses.get():
            if other is not mine:
                around = left[-1].settings if left else _DEFAULT
                other.settings = replace(around, **other.changes)
                left = (*left, other)
        _uses.set(left)


@dataclass(frozen=True, slots=True)
class ComputeKernelConfig:
    """How a kernel uses the compute engines; an object without arguments has ttnn's own defaults.

    Attributes:
        math_fidelity: passes of the multiplier.
        math_approx_mode: approximate functions of the vector engine.
        fp32_dest_acc_en: a 32-bit destination register.
        packer_l1_acc: partial sums of a matmul grow in memory.
    """

    math_fidelity: str = "LoFi"
    math_approx_mode: bool = True
    fp32_dest_acc_en: bool = False
    packer_l1_acc: bool = False

    def __post_init__(self):
        _check("math_fidelity", self.math_fidelity, FIDELITIES)
        for name in ("math_approx_mode", "fp32_dest_acc_en", "packer_l1_acc"):
            _check(name, getattr(self, name), (True, False))


FUSED_ACTIVATIONS = ("gelu", "silu")
"""Functions that a program config of a matmul may name, of those that ttnn knows."""


@dataclass(frozen=True, slots=True)
class MatmulProgramConfig:
    """How a matmul is cut into blocks and what ends it, as far as the result depends on it.

    Attributes:
        in0_block_w: tiles of K in one block.
        fused_activation: "gelu", "silu" or None: a function of what stands in Dst, after the bias
            and before the packer.
        fast_and_approximate_mode: of gelu.
    """

    in0_block_w: int
    fused_activation: str | None = None
    fast_and_approximate_mode: bool = False

    def __post_init__(self):
        _check("fused_activation", self.fused_activation, (None, *FUSED_ACTIVATIONS))
        if not isinstance(self.in0_block_w, int) or self.in0_block_w < 1:
            raise ArgumentError(f"in0_block_w is {self.in0_block_w!r}; legal are positive integers")
