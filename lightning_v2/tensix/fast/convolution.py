"""Convolutions in the fast tier: torch's own on masked operands; see `convolution`.

With a 16-bit Dst a dense convolution is the matrix product of its windows, rounded as there. The
sum of a depthwise one is rounded once, where the chip rounds it after every tap and phase.
"""

import itertools

import torch
import torch.nn.functional as F

from lightning_v2.tensix.fast.matmul import added, destination
from lightning_v2.tensix.fast.operands import part
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig
from lightning_v2.tensix.numbers.formats import pack_device
from lightning_v2.tensix.numbers.tensor import Tensor
from lightning_v2.tensix.programs.convolution import ConvolutionProgram
from lightning_v2.tensix.programs.convolution_windows import product, tilized

_LONG = 2048  # columns
_BLOCK = 1 << 18  # values, of input and result together, that stay in the second cache


def dense(
    x: Tensor,
    weight: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    program: ConvolutionProgram,
    config: ComputeKernelConfig,
    output: str,
    bias: Tensor | None,
) -> torch.Tensor:
    """As `convolution_exact.dense`."""
    wide = config.fp32_dest_acc_en
    if not wide:
        return product(destination, x, weight, stride, dilation, program, config, output, bias)
    names = fidelity.passes(config.math_fidelity, x.dtype, weight.dtype)
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


def is_long(x: Tensor, weight: Tensor, stride: tuple[int, int], around: tuple[int, ...]) -> bool:
    """Whether many windows in a row meet few channels: torch's own kernels are slow there.

    x (N, H, W, C), before it is padded, weight (kh, kw, C, O); around: see `long`.
    """
    in_a_row = x.shape[1] + around[0] + around[1] == weight.shape[0] == stride[1] == 1
    columns = x.shape[2] + around[2] + around[3]
    return (
        in_a_row
        and weight.shape[1] > 1
        and columns >= _LONG
        and not _in_autograd(x.values, weight.values)
    )


def long(
    x: Tensor,
    weight: Tensor,
    around: tuple[int, ...],
    dilation: int,
    every: int,
    config: ComputeKernelConfig,
) -> torch.Tensor:
    """A long convolution with a 32-bit Dst, tap by tap: x (N, 1, W, C) -> (N, 1, W', O).

    around: zeros above, below, left and right of x. every: of the columns
    of x only each `every`-th is not zero, from the first on.
    """
    names = fidelity.passes(config.math_fidelity, x.dtype, weight.dtype)
    pairs = ((part(x, "in0", a, True), part(weight, "in1", b, True)) for a, b in names)
    return added(_by_taps(*pair, around[2], around[3], dilation, every) for pair in pairs)


def _by_taps(
    x: torch.Tensor, weight: torch.Tensor, left: int, right: int, dilation: int, every: int
) -> torch.Tensor:
    taps, inputs, outputs = weight.shape[1:]
    steps = x.shape[2] + left + right - dilation * (taps - 1)
    dst = x.new_zeros(len(x), 1, steps, outputs)
    size, zeros = _BLOCK // (inputs + outputs), 0
    if outputs == 1:  # of one column the sums depend on where in memory its rows begin
        x, size, zeros = F.pad(x, (0, 0, left, right)), steps, left
    for rows, sums in zip(x[:, 0], dst[:, 0], strict=True):
        for start, tap in itertools.product(range(0, steps, size), range(taps)):
            offset = tap * dilation - left  # of the column that meets a step, from that step
            place = offset + zeros
            first, last = max(start, -place), min(start + size, steps, x.shape[2] - place)
            first += -(first + offset) % every
            if first < last:
                seen = rows[first + place : last + place : every]
                sums[first:last:every].addmm_(seen, weight[0, tap])
    return dst


def _in_autograd(*operands: torch.Tensor) -> bool:
    return torch.is_grad_enabled() and any(x.requires_grad for x in operands)


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
    if stride == dilation == (1, 1) and _in_autograd(
        *(operand for pair in pairs for operand in pair)
    ):
        # torch's gradient of grouped convolutions takes several times as long
        steps = x.shape[2] - count + 1
        dst = added(a[:, :, i : i + steps] * b[i] for a, b in pairs for i in range(count))
    else:
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
        ).permute(0, 2, 3, 1)
    return dst if config.fp32_dest_acc_en else pack_device(dst, "bfloat16")
