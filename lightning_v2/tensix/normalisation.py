"""Normalisations: the fast tier.

With a 32-bit Dst a norm is computed in float32 and rounded once; the chip cuts what it stores in
between to TF32, which shows in 17 % of the bfloat16 results of the simulator's file. With a 16-bit
Dst every intermediate result is a bfloat16, here too. `epsilon` is cut to bfloat16, as ttnn does.
Means of a group or instance norm run over axes that ttnn has no kernel for: they are computed like
the others, on the same terms.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.formats import pack_device, truncate
from lightning_v2.tensix.operands import activation, stored, vector
from lightning_v2.tensix.sites import SitePrecision
from lightning_v2.tensix.softmax import softmax_fast as softmax

__all__ = ["layer_norm", "log_softmax", "other_norm", "rms_norm", "softmax"]

_BFLOAT16 = 0xFFFF0000


def layer_norm(
    x: Tensor,
    normalized_shape: tuple[int, ...],
    weight: Tensor | None,
    bias: Tensor | None,
    epsilon: float,
    precision: SitePrecision,
    constants: Constants,
) -> Tensor:
    """`ttnn.layer_norm` of x (..., *normalized_shape) over its last axes."""
    x, epsilon = activation(x, precision), _cut(epsilon)
    weight, bias = (None if v is None else vector(v, precision, constants) for v in (weight, bias))
    if precision.fp32_dest_acc_en:
        return stored(F.layer_norm(x, normalized_shape, weight, bias, epsilon), precision)
    axes = tuple(range(-len(normalized_shape), 0))
    centred = _bfloat16(x - _bfloat16(x.mean(axes, keepdim=True)))
    return stored(_scaled(centred, axes, weight, bias, epsilon), precision)


def rms_norm(
    x: Tensor,
    normalized_shape: tuple[int, ...],
    weight: Tensor | None,
    epsilon: float | None,
    precision: SitePrecision,
    constants: Constants,
) -> Tensor:
    """`ttnn.rms_norm` of x (..., *normalized_shape) over its last axes."""
    x = activation(x, precision)
    epsilon = _cut(torch.finfo(torch.float32).eps if epsilon is None else epsilon)
    weight = None if weight is None else vector(weight, precision, constants)
    if precision.fp32_dest_acc_en:
        return stored(F.rms_norm(x, normalized_shape, weight, epsilon), precision)
    axes = tuple(range(-len(normalized_shape), 0))
    return stored(_scaled(x, axes, weight, None, epsilon), precision)


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


def _scaled(
    x: Tensor, axes: tuple[int, ...], weight: Tensor | None, bias: Tensor | None, epsilon: float
) -> Tensor:
    """x over its root mean square, scaled and shifted, with bfloat16 in between."""
    variance = _bfloat16(_bfloat16(x.square()).mean(axes, keepdim=True))
    x = _bfloat16(x * _bfloat16(torch.rsqrt(_bfloat16(variance + epsilon))))
    x = x if weight is None else _bfloat16(x * weight)
    return x if bias is None else x + bias


def _bfloat16(x: Tensor) -> Tensor:
    return pack_device(x, "bfloat16")


def _cut(epsilon: float) -> float:
    return truncate(torch.tensor(epsilon, dtype=torch.float32), _BFLOAT16).item()
