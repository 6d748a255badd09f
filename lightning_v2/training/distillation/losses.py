"""What a pupil minimises. Letters: B batch, T frames, K bins."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_v2.model.natural.config import FFT, SAMPLE_RATE, NaturalConfig
from lightning_v2.model.natural.layers import Blocks
from lightning_v2.model.natural.prosody import Encoder
from lightning_v2.model.natural.source import LOWEST_F0
from lightning_v2.model.natural.vocoder import Gain, Head, UnboundedGain

_NOISE_POWER = math.log(2) / 2
"""Log of how much louder complex noise is whose two parts have unit variance."""

_PULSE_POWER = 1.5 * SAMPLE_RATE / FFT
"""Mean power of harmonics of amplitude 1 in a bin, times F0 in Hz: a Hann window spreads each over
1.5 bins."""

_LOUDNESS = 0.3
"""Power of a magnitude that says how much its phase matters."""


@dataclass(frozen=True)
class Targets:
    """The teacher's spectra in the pupil's terms.

    Attributes:
        harmonic: (B, T, V) log gain.
        noise: (B, T, K) log gain. From the last bin of the free branch on, it is as strong as the
            teacher's noise and free branch together, and above the harmonics as these, too.
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
        turned, free, pulsed = config.turned_bins, config.free_bins, config.harmonic_bins
        lh, theta, ln, lr, phi = spectra.unbind(2)
        ln = ln + _NOISE_POWER
        voiced = (f0 > LOWEST_F0).float()
        above = torch.logaddexp(2 * ln[..., free:], 2 * lr[..., free:]) / 2
        share = _PULSE_POWER * voiced / f0.clamp(min=LOWEST_F0)
        pulses = lh[..., pulsed:] + torch.log(share.clamp(min=1e-9)).unsqueeze(-1) / 2
        loudest = torch.logaddexp(2 * above[..., pulsed - free :], 2 * pulses) / 2
        above = torch.cat([above[..., : pulsed - free], loudest], -1)
        harmonic = torch.exp(lh) * voiced.unsqueeze(-1)
        noise, own = torch.exp(ln), torch.exp(lr)
        total = harmonic + noise + own + 1e-5
        loud = total**_LOUDNESS
        loud = loud / loud.mean()
        return cls(
            lh[..., :pulsed],
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
        error = (gain.relative(x) - _bounded(log, gain)).abs() * weight
        losses[name] = error.sum() / (count.sum() * error.shape[-1]).clamp(min=1)
    for name, (angle, radians, weight) in angles.items():
        error = (1 - torch.cos(angle.radians(x) - radians)) * weight * count
        losses[name] = error.sum() / (weight * count).sum().clamp(min=1e-3)
    return losses


def added_loss(found: Tensor, given: Tensor, wanted: Tensor, count: Tensor) -> Tensor:
    """How far what a part makes of what the teacher's is given is from what that makes of it, as a
    share of the power of what that adds.

    Args:
        found: (..., C). given, wanted: of the teacher, as wide.
        count: (..., 1) 1 where it counts.
    """
    error = ((found - wanted) ** 2 * count).sum()
    return error / ((wanted - given) ** 2 * count).sum().clamp(min=1e-3)


def hidden_losses(
    blocks: Blocks, hidden: Tensor, inner: Tensor, mask: Tensor | None = None
) -> dict[str, Tensor]:
    """`added_loss` of each block.

    Args:
        hidden: (B, T, 1 + blocks, C) of the teacher.
        inner: (B, T) 1 where a frame counts.
        mask: (B, T, 1) 1 where there is a frame; not given: everywhere.
    """
    losses, count = {}, inner.unsqueeze(-1)
    for number, block in enumerate(blocks):
        given, wanted = hidden[:, :, number], hidden[:, :, number + 1]
        found = block(given if mask is None else given * mask)
        losses[f"block_{number}"] = added_loss(found, given, wanted, count)
    return losses


def encoder_losses(
    encoder: Encoder, phones: Tensor, mask: Tensor, sums: Tensor, output: Tensor, layers: list[int]
) -> dict[str, Tensor]:
    """`added_loss` of each part of an encoder; layers that share their weights count as one.

    Args:
        phones: int64 (B, P). mask: (B, P, 1).
        sums: (B, P, parts, C) of the teacher; further ones are left out.
        output: (B, P, C) of the teacher's norm.
        layers: that are looked at.
    """
    losses, states = {}, sums.unbind(2)
    first, second = encoder.convolutions
    found = first(encoder.embedding(phones) * mask)
    losses["first"] = added_loss(found, torch.zeros_like(found), states[0], mask)
    losses["second"] = added_loss(second(states[0] * mask), states[0], states[1], mask)
    given, wanted = (torch.cat([states[i + j] for i in layers]) for j in (1, 2))
    masks = mask.repeat(len(layers), 1, 1)
    losses["layer"] = added_loss(encoder.layers[0](given, masks), given, wanted, masks)
    found = encoder.norm(states[1 + len(encoder.layers)])
    losses["norm"] = added_loss(found, torch.zeros_like(found), output, mask)
    return losses


def state_loss(states: list[Tensor], hidden: Tensor, inner: Tensor) -> Tensor:
    """How far what comes out of parts, one after the other, is from the teacher's, as a share of
    its power.

    Args:
        states: (B, T, C) each.
        hidden: (B, T, parts, C) of the teacher; further ones are left out.
        inner: (B, T) 1 where a frame counts.
    """
    count = inner.unsqueeze(-1)
    shares = [
        ((state - hidden[:, :, number]) ** 2 * count).sum()
        / (hidden[:, :, number] ** 2 * count).sum().clamp(min=1e-3)
        for number, state in enumerate(states)
    ]
    return sum(shares) / len(shares)


def _bounded(log: Tensor, gain: Gain | UnboundedGain) -> Tensor:
    """Log gains over what is typical, within what a gain can say."""
    return gain.relative_to_typical(log).clamp(-gain.largest_log, gain.largest_log)
