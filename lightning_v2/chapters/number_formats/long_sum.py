"""What the width of Dst does to a long sum: the engine, stopped after every tile of K."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from lightning_v2 import tensix
from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.errors import ArgumentError
from lightning_v2.tensix import ComputeKernelConfig, SitePrecision
from lightning_v2.tensix.exact.engine import multiply_add
from lightning_v2.tensix.numbers.formats import TILE

WAYS = (("LoFi", False), ("HiFi4", False), ("LoFi", True), ("HiFi4", True))
"""Fidelity, and whether Dst has 32 bits."""


@dataclass(frozen=True, eq=False)
class LongSum:
    """Sums of bfloat16 operands while they grow. L tiles of K.

    Attributes:
        operands: of the site.
        row, column: of the one sum that is followed.
        counts: (L,) operands in the sum so far.
        exact: (L,) of that one in float64.
        dst: way -> (L,) what stands in Dst.
        error_percent: way -> (L,) RMS error of all sums that were watched, relative to their RMS.
        sums: how many were watched.
    """

    operands: Operands
    row: int
    column: int
    counts: np.ndarray
    exact: np.ndarray
    dst: dict[str, np.ndarray]
    error_percent: dict[str, np.ndarray]
    sums: int

    @property
    def table(self) -> pd.DataFrame:
        """A row for each count of operands."""
        columns = {"operands": self.counts, "float64": self.exact}
        for name in self.dst:
            columns[f"{name}, Dst"] = self.dst[name]
            columns[f"{name}, RMS error_percent"] = self.error_percent[name]
        return pd.DataFrame(columns)


def way_name(fidelity: str, wide: bool) -> str:
    """As it stands in legends."""
    return f"{fidelity}, {32 if wide else 16}-bit Dst"


def long_sum(operands: Operands, row: int, column: int, most: int = 48) -> LongSum:
    """Follow sums of a site along K, without blocks: all of it in one run of the engine.

    Args:
        operands: of the site; the longer the sum, the better.
        row, column: of the sum that is followed by itself.
        most: rows and columns, evenly spaced, whose errors are taken together.

    Raises:
        ArgumentError: there is no such row or column.
    """
    shape = operands.in0.shape[0], operands.in1.shape[1]
    for name, value, count in zip(("row", "column"), (row, column), shape, strict=True):
        if not 0 <= value < count:
            raise ArgumentError(f"{name} is {value}; legal are 0 to {count - 1} at {operands.site}")
    picked = [_spread(at, count, most) for at, count in zip((row, column), shape, strict=True)]
    stored = replace(operands, in0=operands.in0[picked[0]], in1=operands.in1[:, picked[1]])
    a, b = (x.values.contiguous() for x in stored.stored(SitePrecision()))
    starts = range(0, a.shape[1], TILE)
    products = [a[:, k : k + TILE].double() @ b[k : k + TILE].double() for k in starts]
    exact = torch.stack(products).cumsum(0)
    dst, errors = {}, {}
    for fidelity, wide in WAYS:
        found = _grow(a, b, ComputeKernelConfig(fidelity, False, wide, True), starts)
        apart = (found - exact).square().mean((1, 2)) / exact.square().mean((1, 2))
        dst[way_name(fidelity, wide)] = found[:, 0, 0].numpy()
        errors[way_name(fidelity, wide)] = 100 * apart.sqrt().numpy()
    counts = np.minimum(np.arange(1, len(starts) + 1) * TILE, a.shape[1])
    return LongSum(
        operands, row, column, counts, exact[:, 0, 0].numpy(), dst, errors, exact[0].numel()
    )


def _grow(a, b, config: ComputeKernelConfig, starts: range) -> torch.Tensor:
    """Dst (L, M, N) after each tile of K, float64."""
    dst = torch.zeros(a.shape[0], b.shape[1])
    seen = []
    with tensix.use(tier="exact"):
        for k in starts:
            tile = a[:, k : k + TILE].contiguous(), b[k : k + TILE].contiguous()
            multiply_add(dst, *tile, config)
            seen.append(dst.double())
    return torch.stack(seen)


def _spread(first: int, count: int, most: int) -> list[int]:
    """`first`, then at most `most` - 1 others, evenly spaced."""
    others = np.linspace(0, count - 1, min(most, count)).astype(int).tolist()
    return [first, *(x for x in others if x != first)][:most]
