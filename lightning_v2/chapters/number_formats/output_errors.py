"""What a plan does to every sum that a layer computes, beside the one that is taken apart.

Letters: T rows (frames), N columns (outputs), K operands of a sum.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from lightning_v2 import tensix
from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.deployment.lowering.blocks import in0_block_w
from lightning_v2.errors import ArgumentError
from lightning_v2.precision import Plan
from lightning_v2.tensix import ComputeKernelConfig, MatmulProgramConfig, SitePrecision


@dataclass(frozen=True, eq=False)
class OutputErrors:
    """All sums of a layer under one plan, without bias and activation.

    Attributes:
        plan: name.
        precision: of the site.
        operands: of the site, as far as they are summed.
        exact: (T, N) in float64, of the operands as they are.
        result: (T, N), packed into the format of the output, neighbours together.
    """

    plan: str
    precision: SitePrecision
    operands: Operands
    exact: np.ndarray
    result: np.ndarray

    @property
    def depth(self) -> int:
        """Operands in each sum."""
        return self.operands.in0.shape[1]

    @cached_property
    def error_percent(self) -> np.ndarray:
        """Result minus exact (T, N), in percent of the RMS of all exact sums; NaN if that is 0.

        Percent of a sum itself would tell of the sum: where its terms cancel, they know no limit.
        """
        rms = np.sqrt(np.mean(self.exact**2))
        return 100 * (self.result - self.exact) / (rms or np.nan)

    @property
    def rms_percent(self) -> float:
        """Of all errors."""
        return float(np.sqrt(np.mean(self.error_percent**2)))

    @property
    def gain(self) -> float:
        """The factor that the exact sums have to be multiplied by to come nearest to the results:
        1 where nothing shrinks."""
        return float((self.exact * self.result).sum() / ((self.exact**2).sum() or np.nan))

    def at_most_percent(self, share: float) -> float:
        """The magnitude that a share (0 to 1) of the errors does not exceed."""
        return float(np.quantile(np.abs(self.error_percent), share))

    def share_below(self, row: int, column: int) -> float:
        """Of all sums, the share (0 to 1) whose error is smaller than that of one of them."""
        sizes = np.abs(self.error_percent)
        return float(np.mean(sizes < sizes[row, column]))


def output_errors(
    operands: Operands, plans: Iterable[Plan | str | Path], depth: int | None = None
) -> dict[str, OutputErrors]:
    """Every sum of a site under several plans, by their names, in the exact tier.

    Args:
        operands: of the site.
        plans: what to compute them with.
        depth: operands in each sum, the first ones; all, in the blocks along K that the lowering
            gives the site, if not given.

    Raises:
        PlanError: a plan does not parse.
        ArgumentError: there are not so many operands.
    """
    count = operands.in0.shape[1]
    if depth is not None and not 1 <= depth <= count:
        raise ArgumentError(f"depth is {depth}; legal are 1 to {count} at {operands.site}")
    some = replace(operands, in0=operands.in0[:, :depth], in1=operands.in1[:depth])
    exact = some.in0.double().numpy() @ some.in1.double().numpy()
    found = {}
    for plan in map(Plan.of, plans):
        precision = plan.for_site(operands.site)
        # As they are stored for the whole sum: a rounding may depend on neighbours along K.
        stored = zip(operands.stored(precision), (np.s_[:, :depth], np.s_[:depth]), strict=True)
        in0, in1 = (tensix.Tensor(x.values[part].contiguous(), x.dtype) for x, part in stored)
        result = _multiply(in0, in1, precision)
        found[plan.name] = OutputErrors(plan.name, precision, some, exact, result)
    return found


def _multiply(in0: tensix.Tensor, in1: tensix.Tensor, precision: SitePrecision) -> np.ndarray:
    k, n = in1.values.shape
    width = precision.in0_block_w or in0_block_w(k, n, precision.weights)
    config = ComputeKernelConfig(
        math_fidelity=precision.math_fidelity,
        math_approx_mode=precision.math_approx_mode,
        fp32_dest_acc_en=precision.fp32_dest_acc_en,
        packer_l1_acc=precision.packer_l1_acc,
    )
    with tensix.use(tier="exact"):
        result = tensix.matmul(
            in0, in1, dtype=precision.output, compute_kernel_config=config,
            program_config=MatmulProgramConfig(width),
        )  # fmt: skip
    return result.values.double().numpy()
