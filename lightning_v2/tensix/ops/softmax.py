"""Softmax of stored tensors: `ttnn.softmax`.

docs/numerics.md, sections 7.2 and 8. In the exact tier every step of the chip's kernel for the
last axis is rounded as there; the fast tier computes in float32 between the roundings that matter.
"""

import torch

from lightning_v2.errors import ArgumentError, NoRuleError
from lightning_v2.tensix.exact import rows
from lightning_v2.tensix.fast.approximations import exp_approximate
from lightning_v2.tensix.fast.normalisation import product, stored, summed
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity, formats
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, settings
from lightning_v2.tensix.numbers.formats import pack_device
from lightning_v2.tensix.numbers.tensor import Tensor, checked
from lightning_v2.tensix.ops.elementwise import add

INPUTS = ("float32", "bfloat16", "bfloat8_b")
LONGEST = 4096
"""Longest rows for which ttnn surely takes the kernel that is emulated here."""

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
        ArgumentError: a format that ttnn does not take, or no such axis.
        NoRuleError: exact tier, where ttnn takes other kernels: an axis that is not the
            last one, more than 4 axes, more than 4096 values along the axis.
    """
    if checked("x", x).dtype not in INPUTS:
        raise ArgumentError(f"x is {x.dtype}; legal are {', '.join(INPUTS)}")
    axes = x.values.dim()
    if not -axes <= dim < axes:
        raise ArgumentError(f"dim is {dim}; legal are {-axes} to {axes - 1}")
    config = compute_kernel_config or _default(x.dtype)
    between = "bfloat16" if compute_kernel_config is None and x.dtype != "float32" else "float32"
    if not settings().exact:
        dst = _fast(x, dim, numeric_stable, between, config)
        return Tensor(pack_device(dst, x.dtype), x.dtype)
    if dim not in (-1, axes - 1) or axes > _MOST_AXES or x.shape[-1] > LONGEST:
        raise NoRuleError(
            f"softmax of shape {tuple(x.shape)} along axis {dim} is not emulated exactly; legal "
            f"are the last of up to {_MOST_AXES} axes with up to {LONGEST} values, or the tier "
            '"fast"'
        )
    dst = softmax_rows(x.values, config, stable=numeric_stable, exponentials=between)
    return Tensor(formats.pack_device(dst, x.dtype), x.dtype)


def scale_mask_softmax(
    x: Tensor, *, mask: Tensor, compute_kernel_config: ComputeKernelConfig
) -> Tensor:
    """softmax(x + mask) along the last axis, with a scale of 1: `ttnn.scale_mask_softmax`.

    Args:
        x: (B, H, M, N), bfloat16.
        mask: (B, 1, 1, N), bfloat16.
        compute_kernel_config: with HiFi4, in which the product with the scale keeps all bits.

    Returns:
        The shape and format of x.

    Raises:
        TypeError: x or mask is no `tensix.Tensor`.
        ArgumentError: other formats, shapes or another fidelity.
    """
    for name, tensor in (("x", x), ("mask", mask)):
        if checked(name, tensor).dtype != "bfloat16":
            raise ArgumentError(f"{name} is {tensor.dtype}; legal is bfloat16")
    if x.values.dim() != 4 or tuple(mask.shape) != (x.shape[0], 1, 1, x.shape[-1]):
        raise ArgumentError(
            f"x has shape {tuple(x.shape)} and mask {tuple(mask.shape)}; legal are (B, H, M, N) "
            "and (B, 1, 1, N)"
        )
    config = compute_kernel_config
    if config.math_fidelity != "HiFi4":
        raise ArgumentError(f"math_fidelity is {config.math_fidelity}; legal is HiFi4")
    # The sum goes through memory as wide as Dst is, and no score of a key that counts is changed.
    masked = add(x, mask, dtype="float32" if config.fp32_dest_acc_en else "bfloat16")
    if not settings().exact:
        return Tensor(pack_device(_fast(masked, -1, True, "float32", config), x.dtype), x.dtype)
    dst = softmax_rows(masked.values, config, stable=True, exponentials="float32")
    return Tensor(pack_device(dst, x.dtype), x.dtype)


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
        loops("rows.softmax").softmax,
        values,
        stable,
        exponentials == "bfloat16",
        fidelity.count(config.math_fidelity),
        config.fp32_dest_acc_en,
        config.math_approx_mode,
        settings().cut_srcb,
        settings().blackhole,
    )


def _fast(
    x: Tensor, dim: int, stable: bool, exponentials: str, config: ComputeKernelConfig
) -> torch.Tensor:
    """What stands in Dst at the end, for any axis: sums and products with masked operands.

    exponentials: format in which they are stored with a 32-bit Dst. With math_approx_mode they are
    the fast approximate ones.
    """
    values = x.values.movedim(dim, -1)
    exponential = exp_approximate if config.math_approx_mode else torch.exp
    if stable:
        values = stored(values - values.amax(-1, keepdim=True), config)
    powers = exponential(values)
    powers = stored(pack_device(powers, exponentials), config)
    inverse = stored(1 / stored(summed(powers, config), config), config)
    return product(powers, inverse, config).movedim(-1, dim)


def _default(dtype: str) -> ComputeKernelConfig:
    return ComputeKernelConfig(
        "HiFi4" if settings().blackhole else "HiFi3",
        math_approx_mode=dtype != "float32",
        fp32_dest_acc_en=True,
    )
