"""Convolutions in the exact tier; see `convolution`."""

import functools

import numpy as np
import torch

from lightning_v2.tensix.exact import matmul as matmul_exact
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, settings
from lightning_v2.tensix.numbers.formats import MAGNITUDE_BITS, TILE, pack_device, truncate
from lightning_v2.tensix.numbers.tensor import Tensor
from lightning_v2.tensix.programs.convolution import ConvolutionProgram
from lightning_v2.tensix.programs.convolution_memory import HEIGHT, alignment, up
from lightning_v2.tensix.programs.convolution_windows import product, tilized, windows
from lightning_v2.tensix.threads import spread

_BFLOAT16 = 0xFFFF0000
# The longest read of one request on the network of the chip, in bytes.
_LONGEST_READ = {"wormhole_b0": 8192, "blackhole": 16384}


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
    """Dst of x (N, H, W, C), padded, by weight (kh, kw, C, O): (N, H', W', O)."""
    destination = functools.partial(matmul_exact.destination, exact_reload=False)
    x = Tensor(x.values.detach(), x.dtype)
    return product(destination, x, weight, stride, dilation, program, config, output, bias)


def depthwise(
    x: Tensor,
    taps: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    config: ComputeKernelConfig,
    output: str,
) -> torch.Tensor:
    """Dst of x (N, H, W, C), padded, by taps (kw, C): (N, H, W', C).

    All taps meet in Dst where one read of the network brings whole tiles, a window of them. Else
    each sum but the last waits in memory, in the format of the output, for ELWADD with the next
    product.
    """
    count, channels = taps.shape
    filled = up(channels, alignment(HEIGHT, x.dtype in MAGNITUDE_BITS))
    bytes_read = count * filled * (4 if x.dtype == "float32" else 2)
    in_one = filled % TILE == 0 and bytes_read <= _LONGEST_READ[settings().arch]
    all_float32 = x.dtype == taps.dtype == output == "float32"
    x = tilized(Tensor(x.values.detach(), x.dtype), config, output)
    taken = windows(x.values, (1, count), stride, dilation)
    shape = (*taken.shape[:3], channels)
    if all_float32:
        return _in_float32(taken, taps.values).view(shape)
    flat, weights = taken.reshape(-1, count, channels), taps.values.detach().contiguous()
    if settings().cut_srcb and x.dtype != "float32":
        weights = truncate(weights, _BFLOAT16)
    if in_one:
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
    phases = fidelity.count(config.math_fidelity)
    wide, defect = config.fp32_dest_acc_en, not settings().blackhole

    def run(first: int, last: int) -> None:
        loops("fpu.fpu_rows").depthwise(flat, weights, target, phases, wide, defect, first, last)

    spread(run, len(flat))
    return result


def _in_float32(windows: torch.Tensor, taps: torch.Tensor) -> torch.Tensor:
    """float32 operands stay on the vector engine: IEEE products and sums, tap by tap (7.3)."""
    windows = windows.flatten(-2).unflatten(-1, (taps.shape[0], -1))
    total = windows[..., 0, :] * taps[0]
    for tap in range(1, taps.shape[0]):
        total = total + windows[..., tap, :] * taps[tap]
    return total.contiguous()
