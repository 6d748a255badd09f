"""How far a voice under a plan is from its teacher: sound, inner values, durations and F0.

Everything is a share of the teacher's own size, so that the same weights serve any voice.
"""

import torch
from torch import Tensor

RESOLUTIONS = (512, 1024, 2048)
"""Samples of a window; a quarter of it is the step to the next one."""

_FLOOR = 1e-3
"""What counts as silence, over the loudest bin: 60 dB, as the equivalence test has it."""


def spectral_distances(found: Tensor, wanted: Tensor) -> dict[str, Tensor]:
    """Two waveforms (N,), compared as spectra at three resolutions.

    Returns:
        `complex`: magnitude of the difference over that of the teacher, means of each.
        `log`: mean difference of log magnitudes, natural, with a floor 60 dB below the loudest bin.

    The two halves of the multi-resolution STFT loss (R. Yamamoto et al., "Parallel WaveGAN", ICASSP
    2020), the first of them with phases: both sides have the same noise, durations and F0.
    """
    complex_, log = [], []
    for size in RESOLUTIONS:
        window = torch.hann_window(size, device=found.device)
        ours, taught = (
            torch.stft(x, size, size // 4, window=window, pad_mode="constant", return_complex=True)
            for x in (found, wanted)
        )
        magnitude = taught.abs()
        complex_.append((ours - taught).abs().mean() / magnitude.mean().clamp(min=1e-12))
        floor = _FLOOR * magnitude.max() + 1e-12
        log.append((torch.log(ours.abs() + floor) - torch.log(magnitude + floor)).abs().mean())
    return {"complex": sum(complex_) / len(complex_), "log": sum(log) / len(log)}


def share_of_power(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Power of the differences over that of the teacher's values, of the calls of one site."""
    error = sum(((a - b) ** 2).sum() for a, b in zip(found, wanted, strict=True))
    return error / sum((b**2).sum() for b in wanted).clamp(min=1e-12)


def share_of_spread(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Mean magnitude of the differences over the spread of the teacher's values.

    It holds for any scale and origin of what a site predicts: Hz, logarithms, steps.
    """
    ours, taught = (torch.cat([x.flatten() for x in values]) for values in (found, wanted))
    spread = taught.std(correction=0) if len(taught) > 1 else taught.abs().mean()
    return (ours - taught).abs().mean() / spread.clamp(min=1e-6)
