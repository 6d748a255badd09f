"""Functions of one operand on the vector engine (SFPU): the fast tier.

Computed in float32 and rounded once to the output format. The chip's own polynomials give the same
bfloat16 for most inputs (80 % of exp, 86 % of tanh, 96 % of gelu, all of sin, cos and sqrt in the
simulator's files) and differ by one unit in the last place otherwise, but for gelu below -3.
`math_approx_mode` chooses the approximate exp, gelu, tanh and sigmoid, which a 16-bit Dst cuts off;
the approximate reciprocal, sqrt and rsqrt (10 bits and fewer) are not modelled: they stay accurate.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.formats import truncate
from lightning_v2.tensix.operands import is_wide, operand, stored
from lightning_v2.tensix.sites import SitePrecision

_BFLOAT16 = 0xFFFF0000


def unary(
    function: Callable[..., Tensor],
    name: str,
    x: Tensor,
    precision: SitePrecision,
    constants: Constants,
    *arguments: object,
    **options: object,
) -> Tensor:
    """`function` (torch's, with its arguments after x) of x (any shape) -> the same shape.

    name: of the function, to find its approximate variant.
    """
    x = operand(x, precision, constants)
    if precision.math_approx_mode and name in APPROXIMATE:
        result = APPROXIMATE[name](x)
        return stored(result if is_wide(precision) else truncate(result, _BFLOAT16), precision)
    return stored(function(x, *arguments, **options), precision)


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


APPROXIMATE: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": exp_approximate,
    "gelu": gelu_approximate,
    "tanh": tanh_approximate,
    "sigmoid": sigmoid_approximate,
}
