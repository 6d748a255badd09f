"""What a pupil minimises. Letters: B batch, T frames, K bins."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.layers import Blocks
from lightning_v2.model.natural.source import LOWEST_F0
from lightning_v2.model.natural.vocoder import LARGEST_LOG_GAIN, Head

_NOISE_POWER = math.log(2) / 2
"""Log of how much louder complex noise is whose two parts have unit variance."""

_LOUDNESS = 0.3
"""Power of a magnitude that says how much its phase matters."""


@dataclass(frozen=True)
class Targets:
    """The teacher's spectra in the pupil's terms.

    Attributes:
        harmonic, noise: (B, T, K) log gains. From the last bin of the free branch on, noise is
            as strong as the teacher's noise and free branch together.
        free: (B, T, R) log gain.
        harmonic_phase: (B, T, H) radians.
        free_phase: (B, T, R) radians.
        harmonic_weight: (B, T, H), free_weight: (B, T, R) how much a phase matters.
        voiced: (B, T) 1 where there are pulses.
    """

    harmonic: Tensor
    noise: Tensor
    free: Tensor
    harmonic_phase: Tensor
    free_phase: Tensor
    harmonic_weight: Tensor
    free_weight: Tensor
    voiced: Tensor

    @classmethod
    def of(cls, spectra: Tensor, f0: Tensor, config: NaturalConfig) -> "Targets":
        """From (B, T, 5, K) of a teacher and F0 (B, T) in Hz."""
        turned, free = config.turned_bins, config.free_bins
        lh, theta, ln, lr, phi = spectra.unbind(2)
        ln = ln + _NOISE_POWER
        above = torch.logaddexp(2 * ln[..., free:], 2 * lr[..., free:]) / 2
        voiced = (f0 > LOWEST_F0).float()
        harmonic = torch.exp(lh) * voiced.unsqueeze(-1)
        noise, own = torch.exp(ln), torch.exp(lr)
        total = harmonic + noise + own + 1e-5
        loud = total**_LOUDNESS
        loud = loud / loud.mean()
        return cls(
            lh,
            torch.cat([ln[..., :free], above], -1) - _NOISE_POWER,
            lr[..., :free],
            math.pi * torch.tanh(theta[..., :turned]),
            phi[..., :free],
            (loud * harmonic / total)[..., :turned],
            (loud * own / total)[..., :free],
            voiced,
        )


def head_losses(head: Head, x: Tensor, targets: Targets, inner: Tensor) -> dict[str, Tensor]:
    """How far gains and phases are from the teacher's.

    Args:
        x: (B, T, channels).
        inner: (B, T) 1 where a frame counts.
    """
    count = inner.unsqueeze(-1)
    voiced = count * (0.05 + 0.95 * targets.voiced.unsqueeze(-1))
    gains = {
        "harmonic": (head.harmonic_gain, targets.harmonic, voiced),
        "noise": (head.noise_gain, targets.noise, 0.4 * count),
        "free": (head.free_gain, targets.free, count),
    }
    angles = {
        "harmonic_phase": (head.harmonic_angle, targets.harmonic_phase, targets.harmonic_weight),
        "free_phase": (head.free_angle, targets.free_phase, 2 * targets.free_weight),
    }
    losses = {}
    for name, (gain, log, weight) in gains.items():
        error = (gain.relative(x) - _bounded(log, gain.typical)).abs() * weight
        losses[name] = error.sum() / (count.sum() * error.shape[-1]).clamp(min=1)
    for name, (angle, radians, weight) in angles.items():
        error = (1 - torch.cos(angle.radians(x) - radians)) * weight * count
        losses[name] = error.sum() / (weight * count).sum().clamp(min=1e-3)
    return losses


def hidden_losses(blocks: Blocks, hidden: Tensor, inner: Tensor) -> dict[str, Tensor]:
    """How far each block, given what the teacher's is given, is from what the teacher's adds.

    As a share of the power of that.

    Args:
        hidden: (B, T, 1 + blocks, C) of the teacher.
        inner: (B, T) 1 where a frame counts.
    """
    losses, count = {}, inner.unsqueeze(-1)
    for number, block in enumerate(blocks):
        given, wanted = hidden[:, :, number], hidden[:, :, number + 1]
        error = ((block(given) - wanted) ** 2 * count).sum()
        losses[f"block_{number}"] = error / ((wanted - given) ** 2 * count).sum().clamp(min=1e-3)
    return losses


def state_loss(states: list[Tensor], hidden: Tensor, inner: Tensor) -> Tensor:
    """How far what comes out of the blocks, one after the other, is from the teacher's, as a share
    of its power.

    Args:
        states: (B, T, C) each.
        hidden: (B, T, 1 + blocks, C) of the teacher.
        inner: (B, T) 1 where a frame counts.
    """
    count = inner.unsqueeze(-1)
    shares = [
        ((state - hidden[:, :, number]) ** 2 * count).sum()
        / (hidden[:, :, number] ** 2 * count).sum().clamp(min=1e-3)
        for number, state in enumerate(states)
    ]
    return sum(shares) / len(shares)


def _bounded(log: Tensor, typical: Tensor) -> Tensor:
    """Log gains over what is typical, within what a gain can say."""
    return (log - torch.log(typical)).clamp(-LARGEST_LOG_GAIN, LARGEST_LOG_GAIN)


def masked_l1(found: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean of |found - target| where the mask, which is broadcast, is 1."""
    error = (found - target).abs() * mask
    return error.sum() / mask.expand_as(error).sum().clamp(min=1)
