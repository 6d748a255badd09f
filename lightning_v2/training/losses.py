"""What trainings of both kinds minimise. Letters: B batch, N samples."""

from functools import cache

import torch
from torch import Tensor

RESOLUTIONS = ((2048, 480), (1024, 240), (512, 120), (256, 64))
"""FFT length and hop, in samples."""


def spectral_loss(wave: Tensor, target: Tensor) -> Tensor:
    """Multi-resolution magnitude loss: spectral convergence plus L1 of log magnitudes.

    Source: R. Yamamoto et al., "Parallel WaveGAN", ICASSP 2020.

    Args:
        wave, target: (B, N).
    """
    total = wave.new_zeros(())
    for length, hop in RESOLUTIONS:
        a = _stft(wave, length, hop)
        b = _stft(target, length, hop)
        a = torch.sqrt(a.real**2 + a.imag**2 + 1e-7)
        b = torch.sqrt(b.real**2 + b.imag**2 + 1e-7)
        convergence = torch.linalg.vector_norm(a - b, dim=(1, 2)) / (
            torch.linalg.vector_norm(b, dim=(1, 2)) + 1e-3
        )
        total = total + convergence.mean()
        total = total + (torch.log(a + 1e-3) - torch.log(b + 1e-3)).abs().mean()
    return total / len(RESOLUTIONS)


def masked_l1(found: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean of |found - target| where the mask, which is broadcast, is 1."""
    error = (found - target).abs() * mask
    return error.sum() / mask.expand_as(error).sum().clamp(min=1)


def _stft(wave: Tensor, length: int, hop: int) -> Tensor:
    window = _window(length, wave.device)
    return torch.stft(wave, length, hop, length, window, return_complex=True)


@cache
def _window(length: int, device: torch.device) -> Tensor:
    return torch.hann_window(length, device=device)
