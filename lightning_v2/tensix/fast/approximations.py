"""The approximate functions of the vector engine in float32: exp, gelu, tanh and sigmoid.

A 16-bit Dst cuts them off.
"""

import numpy as np
import torch
from torch import Tensor

from lightning_v2.tensix.fast import elementwise


def exp_approximate(x: Tensor) -> Tensor:
    """2**(x / ln 2) with a linear fraction: the exponent and 8 fraction bits are computed at once.

    Relative error -3.1 % to +3.1 %, +1.0 % on average; x is clamped from below at -88.5.
    """
    scaled = x.clamp(min=-88.5) * 369.329925537109375 + 32500.818359375
    bits = torch.floor(scaled.double() + 0.5).clamp(0, 65535).to(torch.int64) << 15
    result = bits.to(torch.int32).view(torch.float32)
    return _GradientOf.apply(torch.exp(x), result) if x.requires_grad else result


def gelu_approximate(x: Tensor) -> Tensor:
    """x / 2 plus an even function of six linear pieces; off by up to 0.024."""
    return 0.5 * x + _pieces(x.abs(), _GELU)


def tanh_approximate(x: Tensor) -> Tensor:
    """An odd function of six linear pieces; off by up to 0.019."""
    return torch.copysign(_pieces(x.abs(), _TANH), x)


def sigmoid_approximate(x: Tensor) -> Tensor:
    """1/2 plus an odd function of three linear pieces; off by up to 0.12."""
    return 0.5 + torch.copysign(_pieces(x.abs(), _SIGMOID), x)


# Pieces (lower end, slope, intercept) on |x|, from the kernels of ttnn 0.81.1.
_GELU = (
    (0.0, 0.1927490234375, -0.00010442733764648438),
    (0.5, 0.493896484375, -0.160400390625),
    (1.0, 0.61865234375, -0.279541015625),
    (1.5, 0.60986328125, -0.263427734375),
    (2.0, 0.5400390625, -0.119384765625),
    (3.0, 0.5, 0.0),
)
_TANH = (
    (0.0, 0.96191406, 0.0),
    (0.5, 0.57617188, 0.192871094),
    (1.0, 0.28710938, 0.48193359),
    (1.5, 0.0964355469, 0.76806641),
    (2.0, 0.0390625, 0.8828125),
    (3.0, 0.0, 1.0),
)
_SIGMOID = ((0.0, 0.2265625, 0.0), (1.0, 0.265625, -0.046875), (2.0, 0.0, 0.5))


_AT_ONCE = {
    "gelu": (_GELU, 0.5, False),
    "tanh": (_TANH, 0.0, True),
    "sigmoid": (_SIGMOID, 0.5, True),
}


def stored(name: str, x: Tensor) -> Tensor | None:
    """The approximate function called `name` of x, cut off by a 16-bit Dst and packed, in one pass.

    None where there is none that can be had so; see `elementwise.stored`.
    """
    if name not in _AT_ONCE:
        return None
    pieces, half, is_odd = _AT_ONCE[name]
    table = np.full((6, 3), np.inf, np.float32)
    table[: len(pieces)] = pieces
    return elementwise.stored("pieces", x, table, np.float32(half), is_odd)


def _pieces(magnitude: Tensor, pieces: tuple[tuple[float, float, float], ...]) -> Tensor:
    result = magnitude * pieces[0][1] + pieces[0][2]
    for start, slope, intercept in pieces[1:]:
        result = torch.where(magnitude >= start, magnitude * slope + intercept, result)
    return result


class _GradientOf(torch.autograd.Function):
    """The second argument, with the gradient of the first."""

    @staticmethod
    def forward(ctx, smooth: Tensor, value: Tensor) -> Tensor:
        return value

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None
