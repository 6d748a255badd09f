"""What block floats make of the operands of a site: 16 values share one exponent."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_v2.tensix.intercept.interception import innermost
from lightning_v2.tensix.intercept.nested import leaves
from lightning_v2.tensix.intercept.operations import OPERATIONS
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.formats import GROUP, MAGNITUDE_BITS, pack_host, typecast
from lightning_v2.tensix.numbers.sites import SiteCall, SitePrecision

_NO_EXPONENT = 255


@dataclass
class BlockRange:
    """Of all values that are stored in blocks of one format.

    The range of a block is the exponent of its largest value minus that of its smallest one that is
    not zero, in bits: a bfloat8_b holds 7 bits below the largest value, a bfloat4_b 3.

    Attributes:
        blocks: (256,) how many blocks have which range; blocks of nothing but zeros do not count.
        values: that are not zero before.
        flushed: of these, that are zero afterwards.
        crushed: of these, that are no dust: a block whose largest value is of the tensor's typical
            size, the median of its values that are not zero, would have kept them.
    """

    blocks: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    values: int = 0
    flushed: int = 0
    crushed: int = 0

    def add(self, x: Tensor, packed: Tensor, dtype: str) -> None:
        """Take in a tensor (..., C) in float32 and as the format stores it, in blocks along C."""
        exponents = (x.contiguous().view(torch.int32) >> 23) & 255  # 0 for zero and denormals
        groups = F.pad(exponents, (0, -x.shape[-1] % GROUP)).view(-1, GROUP)
        largest = groups.amax(1)
        smallest = torch.where(groups > 0, groups, _NO_EXPONENT).amin(1)
        ranges = (largest - smallest)[largest > 0]
        self.blocks += np.bincount(ranges.numpy(), minlength=256)
        there = exponents > 0
        count = int(there.sum())
        self.values += count
        gone = there & (packed == 0)
        flushed = int(gone.sum())
        self.flushed += flushed
        if flushed:
            sizes = np.cumsum(np.bincount(exponents[there].numpy(), minlength=256))
            typical = int(np.searchsorted(sizes, count / 2))
            smallest_kept = typical - (MAGNITUDE_BITS[dtype] - 1)
            self.crushed += int((exponents[gone] >= smallest_kept).sum())

    def percentile(self, percent: float) -> float:
        """The range in bits that so many percent of the blocks do not exceed; NaN without any."""
        counts = np.cumsum(self.blocks)
        if counts[-1] == 0:
            return float("nan")
        return float(np.searchsorted(counts, percent / 100 * counts[-1]))

    @property
    def flushed_percent(self) -> float:
        """Values that the format flushes to zero, in percent of those that are not zero."""
        return 100 * self.flushed / self.values if self.values else float("nan")

    @property
    def crushed_percent(self) -> float:
        """Values that only a far larger neighbour flushes, in percent of those that are not zero:
        quiet channels beside a loud one. Blind to quiet channels that keep a bit or two."""
        return 100 * self.crushed / self.values if self.values else float("nan")


class BlockRanges:
    """Watches a run and keeps the ranges of all operands that a plan stores as block floats.

    Weights are those of linear layers, of products with a constant, and of one-dimensional
    convolutions that are dense or depthwise; activations all other operands with axes, each in
    blocks along the axis along which the device stores it.
    """

    def __init__(self, policy: Callable[[str], SitePrecision], module: nn.Module):
        """policy: site name -> precision. module: whose parameters and buffers are constants."""
        self._policy, self._module, self._constants = policy, module, Constants(module)
        self._weights: dict[str, BlockRange] = {}
        self._activations: dict[str, BlockRange] = {}

    def observe(self, call: SiteCall) -> None:
        """Take in the operands of one call."""
        site, op = call.site, call.op
        precision = self._policy(site)
        if op not in OPERATIONS or OPERATIONS[op].engine == "other":
            return
        given = [x for x in leaves((call.args, call.kwargs)) if isinstance(x, Tensor)]
        given = [x.detach() for x in given if x.dtype == torch.float32 and x.dim()]
        # A running interception also knows what the host makes of constants (weight norm).
        running = innermost(self._module)
        known = running.constants if running else self._constants
        constants = [known.owner(x) is not None for x in given]
        if precision.weights in MAGNITUDE_BITS and site not in self._weights:
            matrix = _stored_matrix(op, [x for x, c in zip(given, constants, strict=True) if c])
            if matrix is not None:
                found = self._weights.setdefault(site, BlockRange())
                found.add(matrix, pack_host(matrix, precision.weights), precision.weights)
        if precision.activations in MAGNITUDE_BITS:
            found = self._activations.setdefault(site, BlockRange())
            for x in (x for x, c in zip(given, constants, strict=True) if not c):
                rows = x.movedim(1, -1) if op.startswith("conv") and x.dim() > 2 else x
                packed = typecast(rows, precision.activations)
                found.add(rows, packed, precision.activations)

    def columns(self, site: str) -> dict[str, float]:
        """Figures of a site: `weights_` and `activations_` with range_median_bits, range_p99_bits,
        flushed_percent and crushed_percent; NaN for what no block float of the plan stores."""
        row = {}
        for name, ranges in (("weights", self._weights), ("activations", self._activations)):
            found = ranges.get(site, BlockRange())
            row |= {
                f"{name}_range_median_bits": found.percentile(50),
                f"{name}_range_p99_bits": found.percentile(99),
                f"{name}_flushed_percent": found.flushed_percent,
                f"{name}_crushed_percent": found.crushed_percent,
            }
        return row


def _stored_matrix(op: str, constants: list[Tensor]) -> Tensor | None:
    """The constant matrix of an operation as the device stores it, blocks along the last axis."""
    matrix = next((x for x in constants if x.dim() > 1), None)
    if matrix is None or op not in ("linear", "matmul", "addmm", "conv1d"):
        return None
    if op == "linear":
        return matrix.t()
    # Taps (O, C / groups, k) lie with the O outputs of each tap side by side.
    return matrix.movedim(0, -1) if op == "conv1d" else matrix
