"""Convolutions as matrix products of input windows, in either tier; see `convolution`."""

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, MatmulProgramConfig
from lightning_v2.tensix.numbers.formats import FORMATS, TILE, pack_device, truncate
from lightning_v2.tensix.numbers.tensor import Tensor
from lightning_v2.tensix.programs.convolution import ConvolutionProgram

_BFLOAT16 = 0xFFFF0000


def product(
    destination: Callable[..., torch.Tensor],
    x: Tensor,
    weight: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    program: ConvolutionProgram,
    config: ComputeKernelConfig,
    output: str,
    bias: Tensor | None,
) -> torch.Tensor:
    """Dst of x (N, H, W, C), padded, by weight (kh, kw, C, O): (N, H', W', O).

    destination: what multiplies matrices in the tier. Each part of the channels in each row of the
    window is one block of K, filled up to whole tiles. Between them the sum waits in the format of
    the output, unless it grows in memory, for which it takes three blocks or a bias.
    """
    height, width, channels, outputs = weight.shape
    parts = program.parts
    more = -channels % (parts * program.aligned)
    taken = windows(F.pad(x.values, (0, more)), (height, width), stride, dilation)
    shape = (*taken.shape[:3], outputs)
    depth = width * (channels + more) // parts
    rest = -depth % TILE
    taken = taken.reshape(-1, height, width, parts, (channels + more) // parts)
    rows = F.pad(taken.transpose(2, 3).reshape(len(taken), -1, depth), (0, rest)).flatten(1)

    def filled_up(values: torch.Tensor) -> Tensor:
        blocks = F.pad(values, (0, 0, 0, more)).unflatten(2, (parts, -1)).transpose(1, 2)
        rows = F.pad(blocks.reshape(-1, depth, outputs), (0, 0, 0, rest))
        return Tensor(rows.flatten(0, 1), weight.dtype)

    grows = config.packer_l1_acc and (height * parts > 2 or bias is not None)
    dst = destination(
        tilized(Tensor(rows, x.dtype), config, output),
        weight.form(("rows of K", program), filled_up),
        replace(config, packer_l1_acc=grows),
        MatmulProgramConfig((depth + rest) // TILE),
        output,
        bias is not None,
    )
    return dst.view(shape)


def tilized(x: Tensor, config: ComputeKernelConfig, output: str) -> Tensor:
    """Rows of windows (..., K) as tiles: in the format of the output, where that is narrower."""
    if FORMATS.index(output) <= FORMATS.index(x.dtype):
        return x
    through_dst = x.values if config.fp32_dest_acc_en else truncate(x.values, _BFLOAT16)
    return Tensor(pack_device(through_dst, output), output)


def windows(
    x: torch.Tensor, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> torch.Tensor:
    """Input windows of x (N, H, W, C): (N, H', W', kh * kw, C), channels fastest."""
    n, height, width, channels = x.shape
    reach = check_reach((height, width), kernel, dilation)
    x = x.contiguous()
    by_n, by_row, by_column, by_channel = x.stride()
    shape = (
        n,
        (height - reach[0]) // stride[0] + 1,
        (width - reach[1]) // stride[1] + 1,
        *kernel,
        channels,
    )
    strides = (
        by_n,
        by_row * stride[0],
        by_column * stride[1],
        by_row * dilation[0],
        by_column * dilation[1],
        by_channel,
    )
    return x.as_strided(shape, strides).flatten(3, 4)


def check_reach(
    size: tuple[int, int], kernel: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int]:
    """Rows and columns over which a kernel reaches.

    Raises:
        ValueError: they do not fit into `size`.
    """
    rows, columns = (d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    if rows > size[0] or columns > size[1]:
        raise ArgumentError(
            f"a kernel that reaches over {[rows, columns]} does not fit into {list(size)}"
        )
    return rows, columns
