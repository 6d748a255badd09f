"""The source of the voice: a band-limited pulse train whose phase is an integer, and gated noise.

Letters: B batch, T frames, N = T * 256 samples. Frame t is centred on sample 256 t.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function_unary

from lightning_v2.model.config import HOP, SAMPLE_RATE

_INCREMENT_BITS = 32  # fraction bits of a phase increment, in cycles a sample
_HIGHEST_HARMONIC = SAMPLE_RATE / 2 - 100  # Hz


def accumulate_phase(f0: Tensor, hop: int = HOP, sample_rate: int = SAMPLE_RATE) -> Tensor:
    """Phase of the source at every sample, in exact integer arithmetic.

    F0 moves linearly from the centre of one frame to the centre of the next; at the edge of a
    voiced run it is held. The phase starts at 0 where a voiced run starts, half a frame before
    the centre of its first frame. Increments have 32 fraction bits, sums wrap without error: the
    phase after an hour is as exact as after a second.

    Args:
        f0: float (B, T) Hz, 0 where unvoiced.
        hop: samples a frame, a power of two.
        sample_rate: Hz.

    Returns:
        float32 (B, N), cycles in [0, 1).
    """
    if has_torch_function_unary(f0):
        return handle_torch_function(accumulate_phase, (f0,), f0, hop, sample_rate)
    increment = torch.round(f0.double() * (2**_INCREMENT_BITS / sample_rate)).long()
    left, right = _held(increment, f0 > 0)
    # sum over one hop of (left + (right - left) (n + 1/2) / hop), in units of increments / 2 hop
    phase_bits = _INCREMENT_BITS + hop.bit_length()
    carried = hop * hop * (left + right)
    at_centre = torch.cumsum(carried, 1) - carried
    run_start = at_centre - hop * hop * increment
    origin = torch.gather(run_start, 1, _first_of_run(f0 > 0))
    n = torch.arange(hop, device=f0.device)
    within = n * 2 * hop * left.unsqueeze(-1) + n * n * (right - left).unsqueeze(-1)
    phase = at_centre.unsqueeze(-1) + within - per_sample(origin, hop).view(*f0.shape, hop)
    phase = phase & (2**phase_bits - 1)
    return (phase.double() * 2.0**-phase_bits).float().flatten(1)


def _held(value: Tensor, voiced: Tensor) -> tuple[Tensor, Tensor]:
    """Values at both ends of every hop (B, T); at the edge of a voiced run one is held."""
    after = torch.cat([value[:, 1:], value[:, -1:]], 1)
    voiced_after = torch.cat([voiced[:, 1:], voiced[:, -1:]], 1)
    zero = torch.zeros_like(value)
    left = torch.where(voiced, value, torch.where(voiced_after, after, zero))
    right = torch.where(voiced_after, after, torch.where(voiced, value, zero))
    return left, right


def _first_of_run(voiced: Tensor) -> Tensor:
    """Index of the first frame of the voiced run that each frame lies in or follows (B, T)."""
    before = F.pad(voiced[:, :-1], (1, 0))
    index = torch.arange(voiced.shape[1], device=voiced.device).expand_as(voiced)
    starts = torch.where(voiced & ~before, index, torch.zeros_like(index))
    return torch.cummax(starts, 1).values


def per_sample(frames: Tensor, hop: int = HOP) -> Tensor:
    """The value of the nearest frame at every sample: (B, T) -> (B, N)."""
    held = torch.cat([frames, frames[:, -1:]], 1)
    return held.repeat_interleave(hop, 1)[:, hop // 2 : hop // 2 + frames.shape[1] * hop]


def sample_f0(f0: Tensor) -> Tensor:
    """F0 at every sample, held at the edges of voiced runs: (B, T) Hz -> (B, N) Hz."""
    left, right = _held(f0, f0 > 0)
    share = (torch.arange(HOP, device=f0.device) + 0.5) / HOP
    return (left.unsqueeze(-1) + (right - left).unsqueeze(-1) * share).flatten(1)


def pulse_train(phase: Tensor, f0: Tensor) -> Tensor:
    """A band-limited pulse train of unit power, in closed form.

    The sum of all harmonics below 11.9 kHz with equal amplitude is a Dirichlet kernel of the phase.

    Args:
        phase: (B, N) cycles.
        f0: (B, N) Hz; it only sets the number of harmonics.
    """
    harmonics = 2 * torch.floor(_HIGHEST_HARMONIC / f0.clamp(min=60)) + 1
    below = torch.sin(math.pi * phase)
    at_pulse = below.abs() < 1e-5
    kernel = torch.sin(math.pi * harmonics * phase) / torch.where(at_pulse, 1.0, below)
    return torch.where(at_pulse, harmonics, kernel) / torch.sqrt(harmonics)


def excitations(phase: Tensor, f0: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Pulses where voiced, noise elsewhere.

    Args:
        phase: (B, N) cycles.
        f0: (B, T) Hz, 0 where unvoiced.
        noise: (B, N) white, unit variance.

    Returns:
        (B, N) pulses and (B, N) noise.
    """
    voiced = per_sample(f0 > 0).to(noise.dtype)
    return pulse_train(phase, sample_f0(f0)) * voiced, noise * (1 - voiced)


class Phase(nn.Module):
    """`accumulate_phase` as a module, so that a precision plan can name it."""

    def forward(self, f0: Tensor) -> Tensor:
        """(B, T) Hz -> (B, N) cycles."""
        return accumulate_phase(f0)


class Source(nn.Module):
    """F0 and noise to the two excitations. Runs on the host."""

    on_host = True

    def __init__(self):
        super().__init__()
        self.phase = Phase()

    def forward(self, f0: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T) Hz, (B, N) white noise -> (B, N) pulses, (B, N) noise: see `excitations`."""
        return excitations(self.phase(f0), f0, noise)
