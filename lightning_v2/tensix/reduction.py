"""Sums and means along axes: the fast tier.

The operand is cast, the sum is taken in float32 (ttnn's default is a 32-bit Dst) and rounded once.
A mean multiplies by 1/N, which ttnn keeps in a bfloat16 tile unless the data are float32.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.formats import pack_host
from lightning_v2.tensix.operands import operand, stored
from lightning_v2.tensix.sites import SitePrecision


def total(
    x: Tensor,
    precision: SitePrecision,
    constants: Constants,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
    mean: bool = False,
) -> Tensor:
    """Sum, or mean, of x (any shape) along `dim`; along all axes for None."""
    axes = (
        tuple(range(x.dim())) if dim is None else dim if isinstance(dim, tuple | list) else (dim,)
    )
    result = torch.sum(operand(x, precision, constants), axes, keepdim)
    if mean:
        scale = torch.tensor(1 / math.prod(x.shape[axis] for axis in axes))
        dtype = "float32" if precision.activations == "float32" else "bfloat16"
        result = result * pack_host(scale, dtype)
    return stored(result, precision)


def cumulative(x: Tensor, dim: int, precision: SitePrecision, constants: Constants) -> Tensor:
    """Running sum of x (any shape) along `dim`, each partial sum rounded to the output format.

    The format of the output is also the one in which the sum is carried on.
    """
    steps = operand(x, precision, constants).movedim(dim, 0)
    sums = [stored(steps[0], precision)]
    for step in steps[1:]:
        sums.append(stored(sums[-1] + step, precision))
    return torch.stack(sums).movedim(0, dim)
