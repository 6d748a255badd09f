"""Convolutions in the exact tier; see `convolution`."""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F

from lightning_v2.tensix import matmul_exact
from lightning_v2.tensix.configuration import ComputeKernelConfig, MatmulProgramConfig, settings
from lightning_v2.tensix.formats import TILE
from lightning_v2.tensix.sites import FIDELITIES
from lightning_v2.tensix.tensor import Tensor
from lightning_v2.tensix.threads import spread

# The longest read of one request on the network of the chip, in bytes.
_LONGEST_READ = {"wormhole_b0": 8192, "blackhole": 16384}


def dense(
    x: Tensor,
    weight: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    config: ComputeKernelConfig,
    output: str,
    bias: Tensor | None,
) -> torch.Tensor:
    """Dst of x (N, H, W, C), padded, by weight (kh, kw, C padded to tiles, O): (N, H', W', O)."""
    height, width, channels, outputs = weight.shape
    values = F.pad(x.values.detach(), (0, channels - x.shape[-1]))
    windows = _windows(values, (height, width), stride, dilation)
    shape = (*windows.shape[:3], outputs)
    rows = Tensor(windows.reshape(-1, height * width * channels), x.dtype)
    columns = Tensor(weight.values.reshape(-1, outputs), weight.dtype)
    program = MatmulProgramConfig(width * channels // TILE, "2d")
    dst = matmul_exact.destination(rows, columns, config, program, output, bias is not None)
    return dst.view(shape)


def depthwise(
    x: Tensor,
    taps: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    config: ComputeKernelConfig,
) -> torch.Tensor:
    """Dst of x (N, H, W, C), padded, by taps (kw, C): (N, H, W', C)."""
    count, channels = taps.shape
    windows = _windows(x.values.detach(), (1, count), stride, dilation)
    shape = (*windows.shape[:3], channels)
    if x.dtype == taps.dtype == "float32":
        return _in_float32(windows, taps.values).view(shape)
    flat = windows.reshape(-1, count, channels).numpy().view(np.uint32)
    weights = taps.values.detach().contiguous().numpy().view(np.uint32)
    result = torch.empty(len(flat), channels)
    target = result.numpy().view(np.uint32)
    phases = FIDELITIES.index(config.math_fidelity) + 1
    bytes_read = count * channels * (4 if x.dtype == "float32" else 2)
    in_dst = dilation[1] == 1 and bytes_read <= _LONGEST_READ[settings().arch]
    wide, defect = config.fp32_dest_acc_en, not settings().blackhole

    def run(first: int, last: int) -> None:
        _rows().depthwise(flat, weights, target, phases, in_dst, wide, defect, first, last)

    spread(run, len(flat))
    return result.view(shape)


def _in_float32(windows: torch.Tensor, taps: torch.Tensor) -> torch.Tensor:
    """float32 operands stay on the vector engine: IEEE products and sums, tap by tap (7.3)."""
    windows = windows.flatten(-2).unflatten(-1, (taps.shape[0], -1))
    total = windows[..., 0, :] * taps[0]
    for tap in range(1, taps.shape[0]):
        total = total + windows[..., tap, :] * taps[tap]
    return total.contiguous()


def _windows(
    x: torch.Tensor, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> torch.Tensor:
    """Input windows of x (N, H, W, C): (N, H', W', kh * kw, C), channels fastest."""
    n, height, width, channels = x.shape
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if reach[0] > height or reach[1] > width:
        raise ValueError(f"a kernel that reaches over {reach} does not fit into {[height, width]}")
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


@functools.cache
def _rows():
    from lightning_v2.tensix import fpu_rows

    return fpu_rows
