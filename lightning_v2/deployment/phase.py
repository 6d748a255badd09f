"""The phase of the source in floating point: what the model's exact integers are there to avoid.

Letters: B batch, T frames, N = T * 256 samples.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lightning_v2 import tensix
from lightning_v2.model.config import HOP, SAMPLE_RATE
from lightning_v2.model.source import accumulate_phase
from lightning_v2.tensix.formats import pack_device

OUTPUTS = ("uint32", "float32", "bfloat16")
"""Formats in which the phase can be summed; uint32 stands for the model's own integers."""


def register() -> None:
    """Teach `tensix` to run `accumulate_phase` in the output format of its site."""
    tensix.register(accumulate_phase, "phase", run, OUTPUTS)


def run(precision: tensix.SitePrecision, f0: Tensor) -> Tensor:
    """`accumulate_phase` of f0 (B, T) in Hz in the output format of its site -> (B, N) cycles."""
    if precision.output == "uint32":
        return accumulate_phase(f0)
    return accumulate_in(f0, precision.output)


def accumulate_in(f0: Tensor, dtype: str) -> Tensor:
    """`accumulate_phase` with every intermediate value rounded to `dtype`.

    The phase at the centre of each frame is carried to the next and wrapped to [0, 1); within a
    hop the offset since the centre is added and the sum wrapped again.

    Args:
        f0: (B, T) Hz, 0 where unvoiced.
        dtype: float32 or bfloat16.

    Returns:
        float32 (B, N), cycles in [0, 1).
    """

    def rounded(x: Tensor) -> Tensor:
        return pack_device(x, dtype)

    def wrapped(x: Tensor) -> Tensor:
        x = rounded(x)
        return rounded(x - torch.floor(x))

    increment = rounded(f0 / SAMPLE_RATE)
    voiced = f0 > 0
    following = torch.cat([increment[:, 1:], increment[:, -1:]], 1)
    left = torch.where(voiced, increment, following)
    right = torch.where(following > 0, following, increment)
    starts = voiced & ~torch.nn.functional.pad(voiced[:, :-1], (1, 0))
    advance = rounded(HOP / 2 * (left + right))

    carry = torch.zeros_like(f0)
    for frame in range(f0.shape[1]):
        at_start = wrapped(HOP / 2 * increment[:, frame])
        carried = wrapped(carry[:, frame - 1] + advance[:, frame - 1]) if frame else at_start
        carry[:, frame] = torch.where(starts[:, frame], at_start, carried)

    n = torch.arange(HOP, dtype=f0.dtype, device=f0.device)
    slope = (right - left).unsqueeze(-1)
    offset = rounded(n * left.unsqueeze(-1) + n * n / (2 * HOP) * slope)
    # The half hop before the first centre of a run counts back from that centre.
    backwards = torch.nn.functional.pad(starts[:, 1:], (0, 1)).unsqueeze(-1) & (n >= HOP // 2)
    next_carry = torch.cat([carry[:, 1:], carry[:, -1:]], 1)
    base = torch.where(backwards, (next_carry - advance).unsqueeze(-1), carry.unsqueeze(-1))
    return wrapped(base + offset).flatten(1)
