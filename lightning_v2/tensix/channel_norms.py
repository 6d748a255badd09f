"""Norms over channels in training: the fast tier alone.

They are computed in float32 from rounded operands and rounded once; `compositions` has the others.
"""

from __future__ import annotations

from collections.abc import Callable

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
    """`function`, torch's batch_norm or instance_norm, of x (B, C, ...).

    vectors: its tensor arguments by name, (C,) each; options: the rest. Block floats of the result
    run along C.
    """
    vectors = {
        k: None if v is None else vector(v, precision, constants) for k, v in vectors.items()
    }
    axis = 1 - x.dim()
    return stored(function(activation(x, precision, axis), **vectors, **options), precision, axis)
