"""Softmax: of stored tensors as `ttnn.softmax`, and the fast tier of an intercepted one.

Numerics document, sections 7.2 and 8. In the exact tier every step of the chip's kernel for the
last axis is rounded as there; the fast tier computes in float32 between the roundings that matter.
"""

from __future__ import annotations

import functools

import torch

from lightning_v2.tensix import formats, rows
from lightning_v2.tensix.configuration import ComputeKernelConfig, settings
from lightning_v2.tensix.formats import pack_device, truncate
from lightning_v2.tensix.operands import activation, stored
from lightning_v2.tensix.sfpu import exp_approximate
from lightning_v2.tensix.sites import SitePrecision
from lightning_v2.tensix.tensor import Tensor, checked

INPUTS = ("float32", "bfloat16", "bfloat8_b")
LONGEST = 4096
"""Longest rows for which ttnn surely takes the kernel that is emulated here."""

_TF32 = 0xFFFFE000
_MOST_AXES = 4


def softmax(
    x: Tensor,
    dim: int = -1,
    *,
    numeric_stable: bool = True,
    compute_kernel_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """exp(x) over its sum along `dim`.

    Args:
        x: any shape with axes; float32, bfloat16 or bfloat8_b.
        numeric_stable: the largest value along `dim` is subtracted first.
        compute_kernel_config: None for ttnn's default: a 32-bit Dst, HiFi3 on Wormhole and HiFi4
            on Blackhole, and the approximate exponential unless x is float32. Only by default are
            exponentials stored as bfloat16 although Dst has 32 bits.

    Returns:
        The shape and format of x.

    Raises:
        TypeError: x is no `tensix.Tensor`.
        ValueError: a format that ttnn does not take, or no such axis.
        NotImplementedError: exact tier, where ttnn takes other kernels: an axis that is not the
            last one, more than 4 axes, more than 4096 values along the axis.
    """
    if checked("x", x).dtype not in INPUTS:
        raise ValueError(f"x is {x.dtype}; legal are {', '.join(INPUTS)}")
    axes = x.values.dim()
    if not -axes <= dim < axes:
        raise ValueError(f"dim is {dim}; legal are {-axes} to {axes - 1}")
    config = compute_kernel_config or _default(x.dtype)
    if not settings().exact:
        return Tensor(_fast(x, dim, numeric_stable, config), x.dtype)
    if dim not in (-1, axes - 1) or axes > _MOST_AXES or x.shape[-1] > LONGEST:
        raise NotImplementedError(
            f"softmax of shape {tuple(x.shape)} along axis {dim} is not emulated exactly; legal "
            f"are the last of up to {_MOST_AXES} axes with up to {LONGEST} values, or the tier "
            '"fast"'
        )
    between = "bfloat16" if compute_kernel_config is None and x.dtype != "float32" else "float32"
    dst = softmax_rows(x.values, config, stable=numeric_stable, exponentials=between)
    return Tensor(formats.pack_device(dst, x.dtype), x.dtype)


def softmax_rows(
    values: torch.Tensor, config: ComputeKernelConfig, *, stable: bool, exponentials: str
) -> torch.Tensor:
    """What stands in Dst at the end, on the architecture of `settings()`; exact.

    Args:
        values: (..., N) float32.
        stable: the largest value of a row is subtracted first.
        exponentials: format in which they are stored with a 32-bit Dst, float32 or bfloat16.

    Returns:
        (..., N) float32, before the packer.
    """
    return rows.run(
        _kernels().softmax,
        values,
        stable,
        exponentials == "bfloat16",
        rows.phases(config),
        config.fp32_dest_acc_en,
        config.math_approx_mode,
        settings().blackhole,
    )


def softmax_fast(x: torch.Tensor, dim: int, precision: SitePrecision) -> torch.Tensor:
    """`ttnn.softmax` of x (any shape) along `dim`, the largest value subtracted first.

    Exponentials are stored as bfloat16 unless the activations are float32. With math_approx_mode,
    ttnn's default for bfloat16, they are the fast approximate ones.
    """
    x = activation(x, precision)
    exponential = exp_approximate if precision.math_approx_mode else torch.exp
    if precision.activations == "float32" and not precision.math_approx_mode:
        return stored(torch.softmax(x, dim), precision)
    narrow = precision.activations != "float32"
    between = _bfloat16 if not precision.fp32_dest_acc_en else _same
    difference = between(x - x.amax(dim, keepdim=True))
    exponentials = exponential(difference)
    exponentials = _bfloat16(exponentials) if narrow else exponentials
    inverse = between(1 / between(exponentials.sum(dim, keepdim=True)))
    return stored(exponentials * truncate(inverse, _TF32), precision)


def _fast(x: Tensor, dim: int, stable: bool, config: ComputeKernelConfig) -> torch.Tensor:
    precision = SitePrecision(
        activations=x.dtype,
        output=x.dtype,
        math_fidelity=config.math_fidelity,
        fp32_dest_acc_en=config.fp32_dest_acc_en,
        math_approx_mode=config.math_approx_mode,
    )
    if stable:
        return softmax_fast(x.values, dim, precision)
    exponential = exp_approximate if config.math_approx_mode else torch.exp
    between = _same if config.fp32_dest_acc_en else _bfloat16
    powers = between(exponential(x.values))
    return stored(powers * between(1 / between(powers.sum(dim, keepdim=True))), precision)


def _default(dtype: str) -> ComputeKernelConfig:
    return ComputeKernelConfig(
        "HiFi4" if settings().blackhole else "HiFi3",
        math_approx_mode=dtype != "float32",
        fp32_dest_acc_en=True,
    )


def _bfloat16(x: torch.Tensor) -> torch.Tensor:
    return pack_device(x, "bfloat16")


def _same(x: torch.Tensor) -> torch.Tensor:
    return x


@functools.cache
def _kernels():
    from lightning_v2.tensix import softmax_kernels

    return softmax_kernels
