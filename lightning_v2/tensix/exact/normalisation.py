"""Normalisation of rows in the exact tier: docs/numerics.md, section 7.2."""

import numpy as np
import torch

from lightning_v2.tensix.exact import rows
from lightning_v2.tensix.exact.engine import multiply_add
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity, formats
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, settings

_TF32, _BFLOAT16 = np.int32(-0x2000), np.int32(-0x10000)  # what a register keeps of a pattern


def normalise(
    x: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    count: int,
    epsilon: int,
    config: ComputeKernelConfig,
    centred: bool,
    narrow_source: bool,
) -> torch.Tensor:
    """Dst of the normalised rows of x (..., N), float32 each.

    Args:
        weight, bias: (N,) or None.
        count: values of a row; what follows them is padding, which comes out as the chip leaves it.
        epsilon: pattern of a bfloat16.
        centred: the mean is subtracted: layer norm; otherwise root mean square.
        narrow_source: x is no float32.
    """
    kernels = loops("rows.normalisation")
    wide, blackhole = config.fp32_dest_acc_en, settings().blackhole
    manner = (fidelity.count(config.math_fidelity), wide)
    # What SrcB keeps of a mean or a factor beside values of x in SrcA.
    beside = _BFLOAT16 if not wide or (settings().cut_srcb and narrow_source) else _TF32
    given = x.detach().reshape(-1, x.shape[-1]).contiguous()
    source, none = _patterns(given), np.zeros(0, np.int32)
    means = _means(given, count, config) if centred else none
    result, squares = np.empty_like(source), np.empty((len(source), count), np.int32)

    def centre(first: int, last: int) -> None:
        kernels.centre(source, means, result, squares, beside, *manner, blackhole, first, last)

    rows.over(centre, source)
    variances = _means(torch.from_numpy(squares.view(np.float32)), count, config)
    vectors = (none if v is None else _patterns(v.detach().contiguous()) for v in (weight, bias))
    kept = (_TF32 if wide else _BFLOAT16) if centred else beside
    manner = (*manner, config.math_approx_mode, blackhole)
    given = (result, variances, *vectors, epsilon, kept, *manner)
    rows.over(lambda first, last: kernels.scale(*given, first, last), source)
    return torch.from_numpy(result.view(np.float32)).view(x.shape)


def _means(x: torch.Tensor, count: int, config: ComputeKernelConfig) -> np.ndarray:
    """Means (R,) of the first values of the rows of x (R, N), as stored: patterns in int32."""
    if settings().cut_srcb:  # beside the ones, which are bfloat16
        x = formats.truncate(x, 0xFFFF0000)
    total = torch.zeros(len(x), 1)
    multiply_add(total, x, torch.ones(x.shape[1], 1), config, stop=count)
    result = rows.patterns(total).reshape(-1)
    inverse = np.float32(np.float32(1) / np.float32(count)).view(np.uint32)
    loops("rows.normalisation").means(
        result, inverse, config.fp32_dest_acc_en, settings().blackhole
    )
    return result.view(np.int32)


def _patterns(x: torch.Tensor) -> np.ndarray:
    return x.numpy().view(np.int32)
