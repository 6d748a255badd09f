"""Convolutions in the fast tier: torch's own on masked operands; see `convolution`.

With a 16-bit Dst a dense convolution is the matrix product of its windows, rounded as there. The
sum of a depthwise one is rounded once, where the chip rounds it after every tap and phase.
"""

import torch
import torch.nn.functional as F

from lightning_v2.tensix.fast.matmul import added, destination, part
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig
from lightning_v2.tensix.numbers.formats import pack_device
from lightning_v2.tensix.numbers.tensor import Tensor
from lightning_v2.tensix.programs.convolution import ConvolutionProgram
from lightning_v2.tensix.programs.convolution_windows import product, tilized

_LONG = 2048  # columns


def dense(
    x: Tensor,
    weight: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    program: ConvolutionProgram,
    config: ComputeKernelConfig,
    output: str,
    bias: Tensor | None,
    every: int = 1,
    first: int = 0,
) -> torch.Tensor:
    """As `convolution_exact.dense`.

    every, first: of the columns of x only each `every`-th is not zero, from `first` on.
    """
    wide = config.fp32_dest_acc_en
    if not wide:
        return product(destination, x, weight, stride, dilation, program, config, output, bias)
    names = fidelity.passes(config.math_fidelity, x.dtype, weight.dtype)
    if _is_long(x, weight, stride):
        pairs = ((part(x, "in0", a, wide), part(weight, "in1", b, wide)) for a, b in names)
        return added(_by_taps(*pair, dilation[1], every, first) for pair in pairs)
    dst = added(
        F.conv2d(
            part(x, "in0", a, wide).permute(0, 3, 1, 2),
            part(weight, "in1", b, wide).permute(3, 2, 0, 1),
            None,
            stride,
            0,
            dilation,
        )
        for a, b in names
    )
    return dst.permute(0, 2, 3, 1)


def _is_long(x: Tensor, weight: Tensor, stride: tuple[int, int]) -> bool:
    """Whether many windows in a row meet few channels: torch's own kernels are slow there."""
    in_autograd = torch.is_grad_enabled() and (
        x.values.requires_grad or weight.values.requires_grad
    )
    in_a_row = x.shape[1] == weight.shape[0] == stride[1] == 1 and weight.shape[1] > 1
    return in_a_row and x.shape[2] >= _LONG and not in_autograd


def _by_taps(
    x: torch.Tensor, weight: torch.Tensor, dilation: int, every: int, first: int
) -> torch.Tensor:
    """x (N, 1, W, C) by weight (1, k, C, O), tap by tap: (N, 1, W', O). `every`, `first`: see
    `dense`."""
    taps, steps = weight.shape[1], x.shape[2] - dilation * (weight.shape[1] - 1)
    dst = x.new_zeros(len(x), 1, steps, weight.shape[-1])
    for rows, sums in zip(x[:, 0], dst[:, 0], strict=True):
        for tap in range(taps):
            start = (first - tap * dilation) % every
            shown = rows[tap * dilation :][:steps]
            sums[start::every].addmm_(shown[start::every], weight[0, tap])
    return dst


def depthwise(
    x: Tensor,
    taps: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    config: ComputeKernelConfig,
    output: str,
) -> torch.Tensor:
    """As `convolution_exact.depthwise`: x is the operand of SrcA here, the taps that of SrcB."""
    count, channels = taps.shape
    if x.dtype == taps.dtype == output == "float32":
        pairs = [(x.values, taps.values)]
    else:
        wide, x = config.fp32_dest_acc_en, tilized(x, config, output)
        names = fidelity.passes(config.math_fidelity, taps.dtype, x.dtype)
        pairs = [(part(x, "in1", a, wide), part(taps, "in0", b, wide)) for b, a in names]
    dst = added(
        F.conv2d(
            a.permute(0, 3, 1, 2),
            b.t().reshape(channels, 1, 1, count),
            None,
            stride,
            0,
            dilation,
            channels,
        )
        for a, b in pairs
    )
    dst = dst.permute(0, 2, 3, 1)
    return dst if config.fp32_dest_acc_en else pack_device(dst, "bfloat16")
