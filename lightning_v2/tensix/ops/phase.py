"""The phase of an oscillator, summed in floating point from the frequency in each frame.

Letters: B batch, T frames, N = T * hop samples.
"""

import torch
from torch import Tensor

from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers.formats import pack_device

OUTPUTS = ("uint32", "float32", "bfloat16")
"""Formats in which a phase can be summed; uint32 stands for the integers of the module itself."""


def accumulate(
    precision, constants, f0: Tensor, hop: int, sample_rate: int, lowest: float | None = None
) -> Tensor:
    """The operation, in the output format of a site: `accumulate_in`, or with a lowest frequency
    `run_on_in`."""
    if lowest is None:
        return accumulate_in(f0, hop, sample_rate, precision.output)
    return run_on_in(f0, hop, sample_rate, lowest, precision.output)


def accumulate_in(f0: Tensor, hop: int, sample_rate: int, dtype: str) -> Tensor:
    """Phase at every sample, with every intermediate value rounded to `dtype`.

    The phase at the centre of each frame is carried to the next and wrapped to [0, 1); within a
    hop the offset since the centre is added and the sum wrapped again. Where a run of frames with a
    frequency starts, the phase is 0 half a frame before the centre of the first.

    Args:
        f0: (B, T) Hz, moving linearly from centre to centre; 0 where there is no oscillation.
        hop: samples a frame.
        sample_rate: Hz.
        dtype: float32 or bfloat16.

    Returns:
        float32 (B, N), cycles in [0, 1).
    """

    def rounded(x: Tensor) -> Tensor:
        return pack_device(x, dtype)

    def wrapped(x: Tensor) -> Tensor:
        x = rounded(x)
        return rounded(x - torch.floor(x))

    increment = rounded(f0 / sample_rate)
    sounding = f0 > 0
    following = torch.cat([increment[:, 1:], increment[:, -1:]], 1)
    left = torch.where(sounding, increment, following)
    right = torch.where(following > 0, following, increment)
    starts = sounding & ~torch.nn.functional.pad(sounding[:, :-1], (1, 0))
    advance = rounded(hop / 2 * (left + right))

    at_start, carry = wrapped(hop / 2 * increment), torch.zeros_like(f0)
    if f0.is_cpu and f0.dtype == torch.float32 and not advance.requires_grad:
        given = (x.numpy() for x in (at_start, advance, starts))
        loops("rows.phase").carry(*given, dtype == "bfloat16", carry.numpy())
    else:
        for frame in range(f0.shape[1]):
            begun = at_start[:, frame]
            carried = wrapped(carry[:, frame - 1] + advance[:, frame - 1]) if frame else begun
            carry[:, frame] = torch.where(starts[:, frame], begun, carried)

    n = torch.arange(hop, dtype=f0.dtype, device=f0.device)
    slope = (right - left).unsqueeze(-1)
    offset = rounded(n * left.unsqueeze(-1) + n * n / (2 * hop) * slope)
    # The half hop before the first centre of a run counts back from that centre.
    backwards = torch.nn.functional.pad(starts[:, 1:], (0, 1)).unsqueeze(-1) & (n >= hop // 2)
    next_carry = torch.cat([carry[:, 1:], carry[:, -1:]], 1)
    base = torch.where(backwards, (next_carry - advance).unsqueeze(-1), carry.unsqueeze(-1))
    return wrapped(base + offset).flatten(1)


def run_on_in(f0: Tensor, hop: int, sample_rate: int, lowest: float, dtype: str) -> Tensor:
    """The same of an oscillator that never stops: it has the lowest frequency at least.

    Frames have their centres in the middle of their hops; before the first and after the last one
    the frequency is held. The first sample is one increment after phase 0.

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
