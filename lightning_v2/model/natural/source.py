"""The source of the natural voice: a band-limited pulse train whose phase is an integer.

Letters: B batch, T frames, N = 300 T samples. Frame t of F0 lies at sample 300 t + 150.
"""

import math

import torch
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function_unary

from lightning_v2.model.natural.config import HOP, SAMPLE_RATE

LOWEST_F0 = 40.0
"""Hz; below there are no pulses."""

_HIGHEST_HARMONIC = 11000.0  # Hz
_BITS = 42  # fraction bits of a phase in cycles
_SLOWEST = round(LOWEST_F0 / SAMPLE_RATE * 2**_BITS)


def interpolated(frames: Tensor) -> Tensor:
    """Twice 300 times the values (B, T) between the centres of frames, at every sample: (B, N).

    Before the first centre and after the last one the value is held. Whole numbers stay exact.
    """
    held = torch.cat([frames[:, :1], frames, frames[:, -1:]], 1).unsqueeze(-1)
    share = torch.arange(1, 2 * HOP, 2, device=frames.device)
    between = held[:, :-1] * (2 * HOP - share) + held[:, 1:] * share
    return between.flatten(1)[:, HOP // 2 : -(HOP // 2)]


def accumulate_phase(f0: Tensor) -> Tensor:
    """Phase of the pulses at every sample, in exact integer arithmetic.

    It runs on, at 40 Hz, where there is no voice. It counts in 2^-42 cycles, and sums wrap without
    error: the phase after an hour is as exact as after a second.

    Args:
        f0: float (B, T) Hz.

    Returns:
        float32 (B, N), cycles in [0, 1).
    """
    if has_torch_function_unary(f0):
        return handle_torch_function(accumulate_phase, (f0,), f0)
    shares = torch.round(f0.double() * (2**_BITS / SAMPLE_RATE / (2 * HOP))).long()
    phase = torch.cumsum(interpolated(shares).clamp(min=_SLOWEST), 1) & (2**_BITS - 1)
    return phase.float() * 2.0**-_BITS


def pulse_train(phase: Tensor, f0: Tensor) -> Tensor:
    """The sum of all cosines below 11 kHz, each of amplitude 1: a Dirichlet kernel.

    Args:
        phase: (B, N) cycles.
        f0: (B, T) Hz; it sets the number of harmonics, and where there are pulses.
    """
    hertz = interpolated(f0) / (2 * HOP)
    harmonics = torch.floor(_HIGHEST_HARMONIC / hertz.clamp(min=LOWEST_F0)) + 0.5
    below = 2 * torch.sin(math.pi * phase)
    at_pulse = below.abs() < 2e-3
    ratio = torch.sin(2 * math.pi * harmonics * phase) / torch.where(at_pulse, 1.0, below)
    train = torch.where(at_pulse, harmonics, ratio) - 0.5
    return torch.where(hertz > LOWEST_F0, train, 0.0)


class Phase(nn.Module):
    """`accumulate_phase` as a module, so that a precision plan can name it."""

    def forward(self, f0: Tensor) -> Tensor:
        """(B, T) Hz -> (B, N) cycles."""
        return accumulate_phase(f0)


class Source(nn.Module):
    """F0 to pulses. Runs on the host."""

    on_host = True

    def __init__(self):
        super().__init__()
        self.phase = Phase()

    def forward(self, f0: Tensor) -> Tensor:
        """(B, T) Hz -> (B, N)."""
        return pulse_train(self.phase(f0), f0)
