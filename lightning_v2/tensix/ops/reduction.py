"""Sums, means and extreme values of stored tensors along axes: `ttnn.sum`, `mean`, `max`, `min`.

docs/numerics.md, sections 4.9, 7.2 and 8. In the exact tier the axes are reduced one after the
other as ttnn's host code orders it: rows and columns on the matrix engine, float32 on the vector
engine in full float32, outer axes by sums of tiles or moved to the place of the rows. Between the
steps values are stored.
"""

import math

import numpy as np
import torch

from lightning_v2.errors import ArgumentError, NoRuleError
from lightning_v2.tensix.exact import rows
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity, formats
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, settings
from lightning_v2.tensix.numbers.tensor import Tensor, checked

INPUTS = ("float32", "bfloat16", "bfloat8_b")

_BFLOAT16 = 0xFFFF0000


def sum(
    x: Tensor,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
    *,
    scalar: float = 1.0,
    fast_and_approximate_mode: bool = False,
    compute_kernel_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """scalar * sum of x along the axes `dim`.

    Args:
        x: any shape; float32, bfloat16 or bfloat8_b.
        dim: axes; None for all of them.
        keepdim: whether reduced axes stay, with one value.
        scalar: factor; without float32 it is cut to bfloat16.
        fast_and_approximate_mode: float32 too is summed by the matrix engine, which cuts it.
        compute_kernel_config: None for ttnn's default: a 32-bit Dst, HiFi3 on Wormhole and HiFi4
            on Blackhole.

    Returns:
        The remaining axes, in the format of x.

    Raises:
        TypeError: x is no `tensix.Tensor`.
        ArgumentError: a format that ttnn does not take, or no such axis.
    """
    return _reduced(
        "sum", x, dim, keepdim, scalar, fast_and_approximate_mode, compute_kernel_config
    )


def mean(
    x: Tensor,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
    *,
    scalar: float = 1.0,
    fast_and_approximate_mode: bool = False,
    compute_kernel_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """scalar * mean of x along the axes `dim`; arguments, result and errors as for `sum`.

    The factor scalar / N is one number, without float32 cut to bfloat16.
    """
    mode = fast_and_approximate_mode
    return _reduced("mean", x, dim, keepdim, scalar, mode, compute_kernel_config)


def max(
    x: Tensor,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
    *,
    scalar: float = 1.0,
    fast_and_approximate_mode: bool = False,
    compute_kernel_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """scalar * largest value of x along the axes `dim`; the rest as for `sum`.

    The scalar is a float32 factor of the result.
    """
    return _reduced(
        "max", x, dim, keepdim, scalar, fast_and_approximate_mode, compute_kernel_config
    )


def min(
    x: Tensor,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
    *,
    scalar: float = 1.0,
    fast_and_approximate_mode: bool = False,
    compute_kernel_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """scalar * smallest value of x along the axes `dim`; the rest as for `max`.

    Raises:
        NoRuleError: exact tier, bfloat8_b along the last axis.
    """
    return _reduced(
        "min", x, dim, keepdim, scalar, fast_and_approximate_mode, compute_kernel_config
    )


def _reduced(
    name: str,
    x: Tensor,
    dim: int | tuple[int, ...] | None,
    keepdim: bool,
    scalar: float,
    fast_mode: bool,
    config: ComputeKernelConfig | None,
) -> Tensor:
    if checked("x", x).dtype not in INPUTS:
        raise ArgumentError(f"x is {x.dtype}; legal are {', '.join(INPUTS)}")
    axes = _axes(x, dim)
    config = config or ComputeKernelConfig(
        "HiFi4" if settings().blackhole else "HiFi3", math_approx_mode=False, fp32_dest_acc_en=True
    )
    if not axes:
        return x
    if settings().exact:
        result = _Reduction(name, x, scalar, fast_mode, config).along(axes)
    else:
        result = _fast(name, x, axes, scalar)
    if not keepdim:
        result = result.reshape([n for i, n in enumerate(x.shape) if i not in axes])
    return Tensor(result, x.dtype)


def _axes(x: Tensor, dim: int | tuple[int, ...] | None) -> list[int]:
    count = x.values.dim()
    given = range(count) if dim is None else dim if isinstance(dim, tuple | list) else (dim,)
    for axis in given:
        if not -count <= axis < count:
            raise ArgumentError(f"dim is {dim!r}; legal are axes from {-count} to {count - 1}")
    return sorted({axis % count for axis in given})


def _fast(name: str, x: Tensor, axes: list[int], scalar: float) -> torch.Tensor:
    """In float32 and stored once."""
    if name in ("sum", "mean"):
        factor = torch.tensor(scalar / (_volume(x, axes) if name == "mean" else 1))
        factor = factor if x.dtype == "float32" else formats.truncate(factor, _BFLOAT16)
        result = torch.sum(x.values, axes, keepdim=True) * factor
    else:
        result = (torch.amax if name == "max" else torch.amin)(x.values, axes, keepdim=True)
        result = result * scalar
    return formats.pack_device(result, x.dtype)


def _volume(x: Tensor, axes: list[int]) -> int:
    return math.prod(x.shape[axis] for axis in axes)


class _Reduction:
    """One exact reduction: which step follows which, and in which format values wait in between."""

    def __init__(
        self, name: str, x: Tensor, scalar: float, fast_mode: bool, config: ComputeKernelConfig
    ):
        self.name, self.x, self.scalar = name, x, np.float32(scalar)
        self.config, self.wide = config, config.fp32_dest_acc_en
        self.accurate = self.wide and not fast_mode
        self.blackhole = settings().blackhole
        self.waiting = x.dtype  # format of the values between two programs of ttnn

    def along(self, axes: list[int]) -> torch.Tensor:
        """The values along `axes` (ascending), which stay with one value; stored in x's format."""
        values, dtype, rank = self.x.values.detach(), self.x.dtype, self.x.values.dim()
        if self.name in ("max", "min") and dtype == "bfloat8_b":
            values = self._beside_infinity(values)
        # bfloat16 sums over several axes wait in float32, unless nothing of the tensor is left.
        summed = self.name == "sum" or (self.name == "mean" and axes[0] < rank - 2)
        chain = summed and dtype == "bfloat16" and 1 < len(axes) < rank
        between = "float32" if chain else dtype
        narrow = self.name == "sum" and dtype != "float32" and self.scalar == 1
        outer = [axis for axis in axes if axis < rank - 2] if narrow else []
        rest = [axis for axis in axes if axis not in outer]
        self.waiting = between if outer else dtype
        for axis in outer[::-1]:
            output = dtype if axis == outer[0] and not rest else between
            values = self._stack(values, axis, output)
        if not rest:
            return values
        if rest in ([rank - 1], [rank - 2], [rank - 2, rank - 1]):
            factor = self._factor(values, rest)
            return self._plane(values, rest, factor, between, dtype)
        return self._one_by_one(values, rest, between)

    def _factor(self, values: torch.Tensor, axes: list[int]) -> np.float32:
        if self.name != "mean":
            return self.scalar
        return self.scalar / np.float32(math.prod(values.shape[axis] for axis in axes))

    def _one_by_one(self, values: torch.Tensor, axes: list[int], between: str) -> torch.Tensor:
        """Axes from the last to the first; one that is no row or column takes the rows' place."""
        rank, dtype = values.dim(), self.x.dtype
        factor = self._factor(values, axes)
        at = axes[0] if self.name in ("max", "min") else axes[-1]
        for axis in axes[::-1]:
            output = dtype if axis == axes[0] else between
            share = factor if axis == at else np.float32(1)
            moved = values if axis >= rank - 2 else values.transpose(axis, -2)
            place = axis if axis >= rank - 2 else rank - 2
            moved = self._line(moved, place, share, output)
            self.waiting = output
            values = moved if axis >= rank - 2 else moved.transpose(axis, -2)
        return values

    def _plane(
        self, values: torch.Tensor, axes: list[int], factor: np.float32, between: str, output: str
    ) -> torch.Tensor:
        """Rows, columns, or rows first and then what they left."""
        if len(axes) == 1:
            return self._line(values, axes[0], factor, output)
        plane = values.shape[-2:]
        one_tile = values.numel() == math.prod(plane) and all(n <= formats.TILE for n in plane)
        if one_tile and self.name in ("sum", "mean") and between != "float32":
            raise NoRuleError(
                f"{self.name} of all of a {between} tensor of a single tile is not emulated "
                'exactly; legal are larger ones, single axes, float32, or the tier "fast"'
            )
        values = self._line(values, axes[1], np.float32(1), between)
        return self._line(values, axes[0], factor, output)

    def _line(
        self, values: torch.Tensor, axis: int, factor: np.float32, output: str
    ) -> torch.Tensor:
        """Along the last axis or the one before it."""
        across = axis == values.dim() - 1
        if across and self.name == "min" and self.x.dtype == "bfloat8_b":
            raise NoRuleError(
                "min of bfloat8_b along the last axis is not emulated exactly; legal are the other "
                'axes, the other formats, or the tier "fast"'
            )
        lines = values if across else values.transpose(-1, -2)
        kernels, float32 = loops("fpu.reduction"), self.waiting == "float32" and self.accurate
        cut = np.int64(0xFFFFE000 if self.wide else _BFLOAT16)
        bits = int(factor.view(np.uint32))
        if self.name in ("max", "min"):
            keep = np.int64(0xFFFFFFFF) if float32 else cut
            smallest = self.name == "min"
            arguments = (keep, smallest, bits, self.wide, not float32, self.blackhole)
            result = rows.run(kernels.extreme_rows, lines, *arguments, width=1)
        elif float32:
            arguments = (bits, across, self.blackhole)
            result = rows.run(kernels.sum_rows_float32, lines, *arguments, width=1)
        else:
            scaler, phases = bits & _BFLOAT16, fidelity.count(self.config.math_fidelity)
            arguments = (scaler, phases, self.wide, across, self.blackhole)
            result = rows.run(kernels.sum_rows, lines, *arguments, width=1)
        return formats.pack_device(result if across else result.transpose(-1, -2), output)

    def _stack(self, values: torch.Tensor, axis: int, output: str) -> torch.Tensor:
        cut = np.int64(0xFFFFE000 if self.wide else _BFLOAT16)
        lines = values.movedim(axis, -1)
        result = rows.run(
            loops("fpu.reduction").sum_stack, lines, cut, self.wide, self.blackhole, width=1
        )
        return formats.pack_device(result.movedim(-1, axis), output)

    def _beside_infinity(self, values: torch.Tensor) -> torch.Tensor:
        """What ttnn leaves of block floats when it fills their padding with infinities."""
        short = -values.shape[-1] % formats.GROUP
        infinity = -torch.inf if self.name == "max" else torch.inf
        filled = torch.nn.functional.pad(values, (0, short), value=infinity)
        return formats.typecast(filled, "bfloat8_b")[..., : values.shape[-1]]
