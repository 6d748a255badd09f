"""Norms over channels and the logarithm of softmax: the fast tier alone.

Means of a group or instance norm run over axes that ttnn has no kernel for: they are computed in
float32 from rounded operands and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.operands import activation, stored, vector
from lightning_v2.tensix.sites import SitePrecision


def other_norm(
    function: Callable[..., Tensor],
    x: Tensor,
    vectors: dict[str, Tensor | None],
    options: dict[str, object],
    precision: SitePrecision,
    constants: Constants,
) -> Tensor:
    """`function`, torch's group_norm, batch_norm or instance_norm, of x (B, C, ...).

    vectors: its tensor arguments by name, (C,) each; options: the rest. Block floats of the result
    run along C.
    """
    vectors = {
        k: None if v is None else vector(v, precision, constants) for k, v in vectors.items()
    }
    axis = 1 - x.dim()
    return stored(function(activation(x, precision, axis), **vectors, **options), precision, axis)


def log_softmax(x: Tensor, dim: int, precision: SitePrecision) -> Tensor:
    """Logarithm of the softmax of x (any shape) along `dim`, computed in float32."""
    return stored(torch.log_softmax(activation(x, precision), dim), precision)
