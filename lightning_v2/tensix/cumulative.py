"""Running sums: the fast tier alone."""

from __future__ import annotations

import torch
from torch import Tensor

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.operands import operand, stored
from lightning_v2.tensix.sites import SitePrecision


def cumulative(x: Tensor, dim: int, precision: SitePrecision, constants: Constants) -> Tensor:
    """Running sum of x (any shape) along `dim`, each partial sum rounded to the output format.

    The format of the output is also the one in which the sum is carried on.
    """
    steps = operand(x, precision, constants).movedim(dim, 0)
    sums = [stored(steps[0], precision)]
    for step in steps[1:]:
        sums.append(stored(sums[-1] + step, precision))
    return torch.stack(sums).movedim(0, dim)
