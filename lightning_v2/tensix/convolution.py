"""Convolutions on the matrix engine: the fast tier.

The chip multiplies a matrix of input windows (K = taps x input channels) by the weights stored as
[K, output channels]; the masks and formats are those of a matmul. With a 16-bit Dst the sum over
the window is rounded once, where the chip rounds after every 16 products: that noise is
underestimated, least for depthwise convolutions.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from lightning_v2.tensix import fidelity
from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.matmul import added, finish
from lightning_v2.tensix.operands import MatrixOperand
from lightning_v2.tensix.sites import SitePrecision


def convolution(
    function: Callable[..., Tensor],
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    precision: SitePrecision,
    constants: Constants,
    *arguments: object,
    **options: object,
) -> Tensor:
    """`function` (torch's conv1d, conv2d, conv_transpose1d, …) of x (B, C, ...) and its weights.

    Weights are (O, C / groups, ...), or (C, O / groups, ...) of a transposed convolution. Channels
    are the last axis on the device: there block floats share their exponents. `arguments` and
    `options` are those of `function` after the bias.
    """
    spatial = weight.dim() - 2
    channels = -1 - spatial
    output_axis = 1 if "transpose" in function.__name__ else 0
    in0 = MatrixOperand(x, "in0", precision, None, channels)
    owner = constants.owner(weight)
    in1 = MatrixOperand(weight, "in1", precision, weight if owner is None else owner, output_axis)
    pairs = fidelity.passes(precision.math_fidelity, in0.dtype, in1.dtype)
    y = added(function(in0.part(a), in1.part(b), None, *arguments, **options) for a, b in pairs)
    return finish(y, bias, precision, constants, channels)
