"""Norms and the sums in softmax and attention in the fast tier; see `normalisation`.

With a 32-bit Dst and all bits of the operands (HiFi3, HiFi4) a norm is computed in float32; the
chip cuts what it stores in between to TF32, which shows in 20 % of bfloat16 results, by one unit.
Otherwise the sums and products that run on the matrix engine take masked operands, one by one, and
with a 16-bit Dst every intermediate result is a bfloat16. docs/numerics.md, sections 3 and 7.2.
"""

import functools

import torch
import torch.nn.functional as F

from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig
from lightning_v2.tensix.numbers.formats import pack_device, truncate

_BFLOAT16 = 0xFFFF0000


def normalise(
    x: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    epsilon: float,
    config: ComputeKernelConfig,
    *,
    centred: bool,
) -> torch.Tensor:
    """What stands in Dst at the end: x (..., N), weight and bias (N,) or None -> (..., N).

    centred: layer norm; otherwise root mean square.
    """
    epsilon = _cut(epsilon)
    if config.fp32_dest_acc_en and _part("in0", config) == _part("in1", config) == "all":
        if centred:
            return F.layer_norm(x, x.shape[-1:], weight, bias, epsilon)
        result = F.rms_norm(x, x.shape[-1:], weight, epsilon)
        return result if bias is None else result + bias
    if centred:
        x = stored(x - stored(summed(x, config).div(x.shape[-1]), config), config)
    squares = stored(product(x, x, config), config)
    variance = stored(summed(squares, config).div(x.shape[-1]), config)
    scale = stored(torch.rsqrt(stored(variance + epsilon, config)), config)
    x = stored(product(x, scale, config), config)
    x = x if weight is None else stored(product(x, weight, config), config)
    return x if bias is None else x + bias


@functools.lru_cache(maxsize=256)
def _cut(epsilon: float) -> float:
    return truncate(torch.tensor(epsilon, dtype=torch.float32), _BFLOAT16).item()


def product(a: torch.Tensor, b: torch.Tensor, config: ComputeKernelConfig) -> torch.Tensor:
    """a (SrcA) * b (SrcB) with the bits that the fidelity takes of each."""
    return _taken(a, "in1", config) * _taken(b, "in0", config)


def summed(x: torch.Tensor, config: ComputeKernelConfig) -> torch.Tensor:
    """Sum along the last axis, which stays: data in SrcB, ones in SrcA."""
    return _taken(x, "in0", config).sum(-1, keepdim=True)


def stored(x: torch.Tensor, config: ComputeKernelConfig) -> torch.Tensor:
    """An intermediate result in memory."""
    return x if config.fp32_dest_acc_en else pack_device(x, "bfloat16")


def _taken(x: torch.Tensor, operand: str, config: ComputeKernelConfig) -> torch.Tensor:
    wide = config.fp32_dest_acc_en
    dtype = "float32" if wide else "bfloat16"
    return fidelity.take(x, operand, _part(operand, config), dtype, wide)


def _part(operand: str, config: ComputeKernelConfig) -> str:
    return fidelity.part_taken(operand, config.math_fidelity)
