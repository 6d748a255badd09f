"""Layer and root-mean-square normalisation of stored tensors: `ttnn.layer_norm`, `ttnn.rms_norm`.

docs/numerics.md, sections 7.2 and 8. Rows of any length are normalised over their true length. On
the chip everything in between lies in memory, as float32 with a 32-bit Dst and as bfloat16 with a
16-bit one; `normalisation_fast` keeps float32 or rounds to bfloat16.
"""

import numpy as np
import torch
import torch.nn.functional as F

from lightning_v2.errors import ArgumentError, NoRuleError
from lightning_v2.tensix.exact import normalisation as normalisation_exact
from lightning_v2.tensix.fast import normalisation as normalisation_fast
from lightning_v2.tensix.numbers import formats
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, settings
from lightning_v2.tensix.numbers.tensor import Tensor, checked
from lightning_v2.tensix.ops.elementwise import add

INPUTS = ("float32", "bfloat16", "bfloat8_b")
VECTORS = ("float32", "bfloat16")
LONGEST = {"layer_norm": 3072, "rms_norm": 6144}
"""Longest rows for which ttnn surely takes the kernel that is emulated here."""

_DEFAULTS = {
    "layer_norm": ComputeKernelConfig("HiFi4", math_approx_mode=False, fp32_dest_acc_en=True),
    "rms_norm": ComputeKernelConfig("HiFi4", math_approx_mode=True, fp32_dest_acc_en=False),
}
_BFLOAT16 = 0xFFFF0000


def layer_norm(
    x: Tensor,
    *,
    epsilon: float = 1e-12,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    residual_input_tensor: Tensor | None = None,
    compute_kernel_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * weight + bias along the last axis.

    Args:
        x: (..., N), float32, bfloat16 or bfloat8_b.
        epsilon: cut to bfloat16, as ttnn does.
        weight, bias: N values in a tensor whose last axis they are; float32 or bfloat16.
        residual_input_tensor: of the shape of x, bfloat16 both: their sum is normalised, which goes
            through memory as wide as Dst is.
        compute_kernel_config: None for ttnn's default: HiFi4 with a 32-bit Dst.

    Returns:
        (..., N) in the format of x.

    Raises:
        TypeError: an operand is no `tensix.Tensor`.
        ArgumentError: a format or shape that ttnn does not take.
        NoRuleError: exact tier, rows longer than 3072: ttnn then takes another kernel.
    """
    other = residual_input_tensor
    return _norm("layer_norm", x, epsilon, weight, bias, compute_kernel_config, other)


def rms_norm(
    x: Tensor,
    *,
    epsilon: float = 1e-12,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    compute_kernel_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """x / sqrt(mean of squares + epsilon) * weight + bias along the last axis.

    Arguments, result and errors are those of `layer_norm`, but rows may have 6144 values. ttnn's
    default differs: HiFi4 with a 16-bit Dst and the approximate reciprocal square root.
    """
    return _norm("rms_norm", x, epsilon, weight, bias, compute_kernel_config)


def normalise(
    values: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    epsilon: float,
    config: ComputeKernelConfig,
    *,
    centred: bool,
    narrow_source: bool = True,
) -> torch.Tensor:
    """What stands in Dst at the end, on the architecture of `settings()`; exact.

    Args:
        values: (..., N) float32. weight, bias: (N,) float32 or None. epsilon: as given to ttnn.
        centred: layer norm; otherwise root mean square. narrow_source: values are no float32.

    Returns:
        (..., N') float32, before the packer: N and padding to whole groups of 16. Padding is not
        always zero, and the packer lets it take part in the shared exponents of block floats.
    """
    size = values.shape[-1]
    return normalisation_exact.normalise(
        _padded(values),
        None if weight is None else _padded(weight),
        None if bias is None else _padded(bias),
        size,
        int(np.float32(epsilon).view(np.uint32)) & _BFLOAT16,
        config,
        centred,
        narrow_source,
    )


def _norm(
    name: str,
    x: Tensor,
    epsilon: float,
    weight: Tensor | None,
    bias: Tensor | None,
    config: ComputeKernelConfig | None,
    other: Tensor | None = None,
) -> Tensor:
    config = config or _DEFAULTS[name]
    if checked("x", x).dtype not in INPUTS:
        raise ArgumentError(f"x is {x.dtype}; legal are {', '.join(INPUTS)}")
    if not x.values.dim():
        raise ArgumentError("x has no axes; legal are tensors with a last axis to normalise")
    size = x.shape[-1]
    scale, shift = _vector("weight", weight, size), _vector("bias", bias, size)
    source = x if other is None else _sum(x, other, config)
    if not settings().exact:
        fast = normalisation_fast.normalise
        dst = fast(source.values, scale, shift, epsilon, config, centred=name == "layer_norm")
        return Tensor(formats.pack_device_(dst, x.dtype), x.dtype)
    if size > LONGEST[name]:
        raise NoRuleError(
            f"{name} of rows of {size} values is not emulated exactly; legal are {LONGEST[name]} "
            'and fewer, or the tier "fast"'
        )
    dst = normalise(
        source.values,
        scale,
        shift,
        epsilon,
        config,
        centred=name == "layer_norm",
        narrow_source=source.dtype != "float32",
    )
    return Tensor(formats.pack_device(dst, x.dtype)[..., :size].contiguous(), x.dtype)


def _sum(x: Tensor, other: Tensor, config: ComputeKernelConfig) -> Tensor:
    """What is normalised in place of x, as it lies in memory."""
    checked("residual_input_tensor", other)
    if (other.dtype, other.shape) != ("bfloat16", x.shape) or x.dtype != "bfloat16":
        raise ArgumentError(
            f"residual_input_tensor is {other.dtype} of shape {tuple(other.shape)} beside x, "
            f"{x.dtype} of shape {tuple(x.shape)}; legal are bfloat16 and one shape"
        )
    return add(x, other, dtype="float32" if config.fp32_dest_acc_en else "bfloat16")


def _padded(x: torch.Tensor) -> torch.Tensor:
    return F.pad(x.detach(), (0, -x.shape[-1] % formats.GROUP))


def _vector(name: str, x: Tensor | None, size: int) -> torch.Tensor | None:
    if x is None:
        return None
    if checked(name, x).dtype not in VECTORS:
        raise ArgumentError(f"{name} is {x.dtype}; legal are {', '.join(VECTORS)}")
    if x.values.numel() != size or not x.values.dim() or x.shape[-1] != size:
        raise ArgumentError(
            f"{name} has shape {tuple(x.shape)}; legal is a last axis of {size} values, like that "
            "of x, and no other longer than 1"
        )
    return x.values if x.values.dim() == 1 else x.values.reshape(size)
