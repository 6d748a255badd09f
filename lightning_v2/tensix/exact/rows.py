"""Compiled kernels that treat each row of a tensor, its last axis, by itself."""

from collections.abc import Callable

import numpy as np
import torch

from lightning_v2.tensix.threads import spread

_SMALL = 1 << 12
"""Values below which a second thread costs more than it brings."""


def run(
    kernel: Callable[..., None], x: torch.Tensor, *arguments: object, width: int | None = None
) -> torch.Tensor:
    """`kernel(source, target, *arguments, first, last)` over the rows of x (..., N).

    source (R, N) and target (R, width) are uint32 patterns; the kernel fills the rows `first` to
    `last` of target.

    Args:
        x: float32; outside autograd from here on.
        width: values of a row of the result; None for N.

    Returns:
        float32 (..., width).
    """
    source = patterns(x)
    width = x.shape[-1] if width is None else width
    result = torch.empty(*x.shape[:-1], width)
    source = source.reshape(-1, x.shape[-1])
    target = result.numpy().view(np.uint32).reshape(len(source), width)

    def part(first: int, last: int) -> None:
        kernel(source, target, *arguments, first, last)

    over(part, source)
    return result


def over(part: Callable[[int, int], None], source: np.ndarray) -> None:
    """`part(first, last)` over the rows of source (R, N), in threads where that pays."""
    if source.size < _SMALL:
        part(0, len(source))
    else:
        spread(part, len(source))


def patterns(x: torch.Tensor) -> np.ndarray:
    """The uint32 patterns of a float32 tensor, in its shape."""
    return x.detach().contiguous().numpy().view(np.uint32)
