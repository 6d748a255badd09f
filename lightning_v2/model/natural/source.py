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


def interpolated(frames: Tensor, hop: int = HOP) -> Tensor:
    """2 hop times the values (B, T) between the centres of frames, at every sample: (B, N).

    Before the first centre and after the last one the value is held. Whole numbers stay exact.
    """
    held = torch.cat([frames[:, :1], frames, frames[:, -1:]], 1).unsqueeze(-1)
    share = torch.arange(1, 2 * hop, 2, device=frames.device)
    between = held[:, :-1] * (2 * hop - share) + held[:, 1:] * share
    return between.flatten(1)[:, hop // 2 : -(hop // 2)]


def accumulate_phase(
    f0: Tensor, hop: int = HOP, sample_rate: int = SAMPLE_RATE, lowest: float = LOWEST_F0
) -> Tensor:
    """Phase of the pulses at every sample, in exact integer arithmetic.

    It counts in 2^-42 cycles, and sums wrap without error: the phase after an hour is as exact as
    after a second.

    Args:
        f0: float (B, T) Hz, at the centres of frames.
        hop: samples a frame, an even number.
        sample_rate: Hz.
        lowest: Hz, as which it runs on where there is no voice.

    Returns:
        float32 (B, N), cycles in [0, 1).
    """
    if has_torch_function_unary(f0):
        return handle_torch_function(accumulate_phase, (f0,), f0, hop, sample_rate, lowest)
    shares = torch.round(f0.double() * (2**_BITS / sample_rate / (2 * hop))).long()
    slowest = round(lowest / sample_rate * 2**_BITS)
    phase = torch.cumsum(interpolated(shares, hop).clamp(min=slowest), 1) & (2**_BITS - 1)
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


def stretches(f0: Tensor) -> Tensor:
    """Cycles since the centre of a frame, at the samples up to the next centre.

    Args:
        f0: (B, T) Hz, below the lowest as that.

    Returns:
        float64 (B, T + 1, 300): from the start to the first centre (before the start zeros), then
        from each centre on.
    """
    hertz = (interpolated(f0.double()) / (2 * HOP)).clamp(min=LOWEST_F0)
    padded = nn.functional.pad(hertz / SAMPLE_RATE, (HOP // 2, HOP // 2))
    return torch.cumsum(padded.unflatten(1, (-1, HOP)), 2)


class Source(nn.Module):
    """F0 to pulses. Runs on the host."""

    on_host = True

    def __init__(self):
        super().__init__()
        self.phase = Phase()

    def forward(self, f0: Tensor) -> Tensor:
        """(B, T) Hz -> (B, N)."""
        return pulse_train(self.phase(f0), f0)


class Advance(nn.Module):
    """F0 to the cycles from the centre of the frame before. Runs on the host."""

    on_host = True

    def forward(self, f0: Tensor) -> Tensor:
        """(B, T) Hz -> (B, T); the first one from the start on."""
        return stretches(f0)[:, :-1, -1].float()


class RunningSum(nn.Module):
    """Cycles since the start, in floats that only grow."""

    role = "phase"

    def forward(self, advance: Tensor) -> Tensor:
        """(B, T) -> (B, T)."""
        return torch.cumsum(advance, 1)


class Pulses(nn.Module):
    """Cycles at the centres of frames, and F0, to pulses. Runs on the host."""

    on_host = True

    def forward(self, cycles: Tensor, f0: Tensor) -> Tensor:
        """(B, T), (B, T) Hz -> (B, N)."""
        since = nn.functional.pad(cycles, (1, 0)).unsqueeze(-1) + stretches(f0).float()
        return pulse_train(since.flatten(1)[:, HOP // 2 : -(HOP // 2)], f0)


class FloatSource(nn.Module):
    """F0 to pulses whose phase is summed in floats, frame by frame, where other operations run."""

    def __init__(self):
        super().__init__()
        self.advance = Advance()
        self.running_sum = RunningSum()
        self.pulses = Pulses()

    def forward(self, f0: Tensor) -> Tensor:
        """(B, T) Hz -> (B, N)."""
        return self.pulses(self.running_sum(self.advance(f0)), f0)
