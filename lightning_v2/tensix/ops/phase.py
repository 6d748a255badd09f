"""The phase of an oscillator, summed in floating point from the frequency in each frame.

Letters: B batch, T frames, N = T * hop samples.
"""

import torch
from torch import Tensor

from lightning_v2.tensix.numbers.formats import pack_device

OUTPUTS = ("uint32", "float32", "bfloat16")
"""Formats in which a phase can be summed; uint32 stands for the integers of the module itself."""


def accumulate(
    precision, constants, f0: Tensor, hop: int, sample_rate: int, lowest: float
) -> Tensor:
    """The operation: `accumulate_in` the output format of a site."""
    return accumulate_in(f0, hop, sample_rate, lowest, precision.output)


def accumulate_in(f0: Tensor, hop: int, sample_rate: int, lowest: float, dtype: str) -> Tensor:
    """Phase at every sample, with every intermediate value rounded to `dtype`.

    The oscillator never stops: it has the lowest frequency at least. Frames have their centres in
    the middle of their hops; before the first and after the last one the frequency is held. The
    first sample is one increment after phase 0. Increments are summed from the first sample of a
    stretch between two centres; the phase at its end, wrapped to [0, 1), is carried to the next.

    Args:
        f0: (B, T) Hz, moving linearly from centre to centre.
        hop: samples a frame, an even number.
        sample_rate, lowest: Hz.
        dtype: float32 or bfloat16.

    Returns:
        float32 (B, N), cycles in [0, 1).
    """

    def rounded(x: Tensor) -> Tensor:
        return pack_device(x, dtype)

    held = rounded(torch.cat([f0[:, :1], f0, f0[:, -1:]], 1) / sample_rate)
    left, right = held[:, :-1, None], held[:, 1:, None]
    share = (torch.arange(hop, device=f0.device) + 0.5) / hop
    increments = rounded((left + (right - left) * share).clamp(min=lowest / sample_rate))
    within = rounded(torch.cumsum(increments, -1))
    carry = rounded(-within[:, 0, hop // 2 - 1])
    phases = []
    for stretch in within.unbind(1):
        phase = rounded(carry[:, None] + stretch)
        phases.append(rounded(phase - torch.floor(phase)))
        carry = phases[-1][:, -1]
    return torch.cat(phases, 1)[:, hop // 2 : -(hop // 2)]
