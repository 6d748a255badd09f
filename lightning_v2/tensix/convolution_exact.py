"""Convolutions in the exact tier; see `convolution`."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from lightning_v2.tensix import matmul_exact
from lightning_v2.tensix.configuration import ComputeKernelConfig, MatmulProgramConfig, settings
from lightning_v2.tensix.formats import TILE, pack_device, truncate
from lightning_v2.tensix.sites import FIDELITIES
from lightning_v2.tensix.tensor import Tensor
from lightning_v2.tensix.threads import spread

_BFLOAT16 = 0xFFFF0000
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
    """Dst of x (N, H, W, C), padded, by weight (kh, kw, aligned C, O): (N, H', W', O).

    Each row of the window is one block of K, filled up to whole tiles. Between them the sum waits
    in the format of the output, unless it grows in memory, for which it takes three rows or a bias.
    """
    height, width, channels, outputs = weight.shape
    values = F.pad(x.values.detach(), (0, channels - x.shape[-1]))
    windows = _windows(values, (height, width), stride, dilation)
    shape = (*windows.shape[:3], outputs)
    depth = width * channels
    rest = -depth % TILE
    rows = F.pad(windows.reshape(-1, height, depth), (0, rest)).flatten(1)

    def filled_up(values: torch.Tensor) -> torch.Tensor:
        return F.pad(values.reshape(height, depth, outputs), (0, 0, 0, rest)).flatten(0, 1)

    grows = config.packer_l1_acc and (height > 2 or bias is not None)
    dst = matmul_exact.destination(
        Tensor(rows, x.dtype),
        Tensor(weight.form("rows of K", filled_up), weight.dtype),
        replace(config, packer_l1_acc=grows),
        MatmulProgramConfig((depth + rest) // TILE),
        output,
        bias is not None,
        exact_reload=False,
    )
    return dst.view(shape)


def depthwise(
    x: Tensor,
    taps: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    config: ComputeKernelConfig,
    output: str,
) -> torch.Tensor:
    """Dst of x (N, H, W, C), padded, by taps (kw, C): (N, H, W', C).

    All taps meet in Dst, unless a window is longer than one read of the network: then each sum but
    the last waits in memory, in the format of the output, for ELWADD with the next product.
    """
    count, channels = taps.shape
    windows = _windows(x.values.detach(), (1, count), stride, dilation)
    shape = (*windows.shape[:3], channels)
    if x.dtype == taps.dtype == "float32":
        return _in_float32(windows, taps.values).view(shape)
    flat, weights = windows.reshape(-1, count, channels), taps.values.detach().contiguous()
    bytes_read = count * channels * (4 if x.dtype == "float32" else 2)
    if bytes_read <= _LONGEST_READ[settings().arch]:
        return _accumulate(flat, weights, config).view(shape)
    total = _accumulate(flat[:, :1], weights[:1], config)
    for tap in range(1, count):
        product = _accumulate(flat[:, tap : tap + 1], weights[tap : tap + 1], config)
        product = truncate(product, _BFLOAT16)  # on its way from Dst to a source register
        total = matmul_exact.add(pack_device(total, output), product, config.fp32_dest_acc_en)
    return total.view(shape)


def _accumulate(
    windows: torch.Tensor, taps: torch.Tensor, config: ComputeKernelConfig
) -> torch.Tensor:
    """Dst (M, C) of windows (M, taps, C) by taps (taps, C), one ELWMUL a tap and phase."""
    result = torch.empty(len(windows), taps.shape[1])
    flat, weights, target = (
        x.contiguous().numpy().view(np.uint32) for x in (windows, taps, result)
    )
    phases = FIDELITIES.index(config.math_fidelity) + 1
    wide, defect = config.fp32_dest_acc_en, not settings().blackhole

    def run(first: int, last: int) -> None:
        _rows().depthwise(flat, weights, target, phases, wide, defect, first, last)

    spread(run, len(flat))
    return result


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
    from lightning_v2.tensix.compiled import fpu_rows

    return fpu_rows
