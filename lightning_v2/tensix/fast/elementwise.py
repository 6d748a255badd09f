"""Element by element in the fast tier: arithmetic and packing in one pass over memory.

It gives the bits of torch's float32 followed by the rounding of `formats`, which takes a pass more;
large tensors cost as much as the memory that is read and written.
"""

import torch

from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers.formats import flat

SUMS = {"matrix_sum": "sums", "matrix_difference": "differences", "vector_product": "products"}
"""Exact kernel of two bfloat16 operands -> the loop of `kernels.rows.stored` that stands for it."""


def stored(loop: str, *operands: torch.Tensor | float) -> torch.Tensor | None:
    """Operands of one shape, and numbers behind them, by a loop of `kernels.rows.stored`.

    None where that cannot be: gradients are asked for, or memory has gaps or differs in its order.
    """
    first = operands[0]
    tensors = [x for x in operands if isinstance(x, torch.Tensor)]
    target = torch.empty_like(first)
    if torch.is_grad_enabled() and any(x.requires_grad for x in tensors):
        return None
    layout = target.stride(), target.shape
    if not first.is_cpu or any((x.stride(), x.shape) != layout for x in tensors):
        return None
    given = [flat(x.detach()) if isinstance(x, torch.Tensor) else x for x in operands]
    getattr(loops("rows.stored"), loop)(*given, flat(target).view("uint32"))
    return target
