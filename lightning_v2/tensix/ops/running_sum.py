"""Running sums along an axis: ttnn's `cumsum`. docs/numerics.md, section 7.2."""

import numpy as np
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers.configuration import settings
from lightning_v2.tensix.numbers.formats import pack_device, round_bfloat16
from lightning_v2.tensix.numbers.tensor import Tensor, checked
from lightning_v2.tensix.threads import spread

_LEGAL = ("bfloat16", "float32")


def cumsum(x: Tensor, dim: int) -> Tensor:
    """Running sums of x along an axis, in the format of x.

    They are carried in float32 and rounded where they are stored; of float32 the kernel takes what
    a sum lost off the next term. The fast tier rounds the sums of PyTorch once.

    Args:
        x: any shape with an axis, bfloat16 or float32.
        dim: the axis.

    Raises:
        TypeError: x is no `tensix.Tensor`.
        ArgumentError: another format, or there is no such axis.
    """
    if checked("x", x).dtype not in _LEGAL:
        raise ArgumentError(f"x is {x.dtype}; legal are {' and '.join(_LEGAL)}")
    axes = x.values.dim()
    if not -axes <= dim < axes:
        raise ArgumentError(f"dim is {dim}; legal are {-axes} to {axes - 1}")
    if not settings().exact:
        return Tensor(pack_device(torch.cumsum(x.values, dim), x.dtype), x.dtype)
    moved = x.values.detach().movedim(dim, -1)
    dst = _in_dst(moved.contiguous(), x.dtype).movedim(-1, dim)
    return Tensor(pack_device(dst.contiguous(), x.dtype), x.dtype)


def _in_dst(x: torch.Tensor, dtype: str) -> torch.Tensor:
    """What stands in Dst, running sums along the last axis. bfloat16 comes there by way of the
    matrix engine."""
    name = "plain" if dtype == "bfloat16" else "compensated"
    source = (round_bfloat16(x) if dtype == "bfloat16" else x).numpy().view(np.uint32)
    rows = source.reshape(-1, x.shape[-1])
    target = np.empty_like(rows)
    loop, blackhole = getattr(loops("rows.running"), name), settings().blackhole

    def run(first: int, last: int) -> None:
        loop(rows, target, blackhole, first, last)

    spread(run, len(rows))
    return torch.from_numpy(target.view(np.float32)).reshape(x.shape)
