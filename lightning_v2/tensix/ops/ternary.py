"""Arithmetic of three operands: ttnn's `addcmul`. docs/numerics.md, section 7.1."""

import numpy as np
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers.configuration import settings
from lightning_v2.tensix.numbers.formats import pack_device, round_bfloat16
from lightning_v2.tensix.numbers.tensor import Tensor, checked
from lightning_v2.tensix.threads import spread_slices


def addcmul(a: Tensor, b: Tensor, c: Tensor, *, value: float = 1.0) -> Tensor:
    """a + value * b * c, broadcast as torch does, on the vector engine with a 32-bit Dst: it is
    rounded to bfloat16 once, by the packer.

    Raises:
        TypeError: an operand is no `tensix.Tensor`.
        ArgumentError: one is not bfloat16, or shapes do not broadcast.
    """
    tensors = {"a": a, "b": b, "c": c}
    for name, x in tensors.items():
        if checked(name, x).dtype != "bfloat16":
            raise ArgumentError(f"{name} is {x.dtype}; legal is bfloat16")
    shapes = [tuple(x.shape) for x in tensors.values()]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ArgumentError(
            f"a, b and c have the shapes {shapes}; legal are shapes that broadcast"
        ) from None
    if settings().exact:
        dst = _exact([x.values for x in tensors.values()], shape, value)
    else:
        dst = a.values + value * (b.values * c.values)
    return Tensor(pack_device(dst, "bfloat16"), "bfloat16")


def _exact(operands: list[torch.Tensor], shape: tuple[int, ...], value: float) -> torch.Tensor:
    """What stands in Dst. Operands come there by way of the matrix engine."""
    a, b, c = (
        round_bfloat16(x.detach()).expand(shape).contiguous().numpy().view(np.uint32).reshape(-1)
        for x in operands
    )
    target, scale = np.empty(a.size, np.uint32), np.float32(value).view(np.uint32)
    loop, blackhole = loops("rows.elementwise").multiply_add_all, settings().blackhole

    def run(part: slice) -> None:
        loop(a[part], b[part], c[part], scale, target[part], blackhole)

    spread_slices(run, a.size)
    return torch.from_numpy(target.view(np.float32)).reshape(shape)
