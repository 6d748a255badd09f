"""What training minimises. Letters: B batch, N samples, T frames."""

from functools import cache

import torch
from torch import Tensor

RESOLUTIONS = ((2048, 480), (1024, 240), (512, 120), (256, 64))
"""FFT length and hop, in samples."""

COMPLEX_RESOLUTIONS = ((1024, 256), (256, 64))


@cache
def _window(length: int, device: torch.device) -> Tensor:
    return torch.hann_window(length, device=device)


def _stft(wave: Tensor, length: int, hop: int) -> Tensor:
    window = _window(length, wave.device)
    return torch.stft(wave, length, hop, length, window, return_complex=True)


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


def complex_loss(wave: Tensor, target: Tensor) -> Tensor:
    """Spectral convergence of complex spectra: it sees phase, and needs the exact source."""
    total = wave.new_zeros(())
    for length, hop in COMPLEX_RESOLUTIONS:
        a = torch.view_as_real(_stft(wave, length, hop))
        b = torch.view_as_real(_stft(target, length, hop))
        ratio = torch.linalg.vector_norm(a - b, dim=(1, 2, 3)) / (
            torch.linalg.vector_norm(b, dim=(1, 2, 3)) + 1e-2
        )
        total = total + ratio.mean()
    return total


def masked_mean(value: Tensor, mask: Tensor) -> Tensor:
    """Mean of value where mask is 1; both of one shape."""
    return (value * mask).sum() / mask.sum().clamp(min=1)


def duration_loss(log_durations: Tensor, durations: Tensor, mask: Tensor) -> Tensor:
    """Absolute error in frames and squared error of logarithms, over phones.

    Args:
        log_durations: (B, P) predicted, natural.
        durations: (B, P) frames.
        mask: (B, P).
    """
    target = torch.log(durations.clamp(min=0.25))
    absolute = (torch.exp(log_durations.clamp(max=6)) - durations).abs()
    return 0.3 * masked_mean(absolute, mask) + masked_mean((log_durations - target) ** 2, mask)
