"""Operands of the matrix engine in the fast tier: the bits that a fidelity takes of them."""

import torch

from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.tensor import Tensor


def part(x: Tensor, position: str, name: str, fp32_dest_acc_en: bool) -> torch.Tensor:
    """The part "high", "all" or "low" of operand "in0" or "in1" (any shape)."""
    if fidelity.is_whole(position, name, x.dtype, fp32_dest_acc_en):
        return x.values

    def take(values: torch.Tensor) -> torch.Tensor:
        return fidelity.take(values, position, name, x.dtype, fp32_dest_acc_en)

    return x.form((position, name, fp32_dest_acc_en), take)
