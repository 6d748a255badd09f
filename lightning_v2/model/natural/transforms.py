"""The transforms of the natural voice as two matrices, each half of the usual size.

A real frame of 1200 samples is folded about its middle: x[n] + x[1200 - n] has the real parts of
its spectrum, x[1200 - n] - x[n] the imaginary ones. Both matrices are symmetric, so that the same
ones lead from folded frames to spectra and back. Index 0 is left out, in time (there the window is
zero) and in frequency; the last indices are zeros that fill a tile.

Letters: T frames, N = 300 T samples, K = 608 bins and folded samples.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.config import BINS, FFT, HOP

SCALE = 127 / 128
"""Of both matrices: a block of a block float that holds a 1 has steps twice as wide as one whose
largest value is 127/128."""

_HALF = FFT // 2
_OVERLAPPED = 1.5  # four squared Hann windows


def bases() -> tuple[Tensor, Tensor]:
    """Cosines and sines, (K, K) each, times `SCALE`."""
    n = np.arange(BINS)
    angle = 2 * np.pi * np.outer(n, n) / FFT
    known = (n >= 1) & (n <= _HALF)
    mask = SCALE * np.outer(known, known)
    cosines, sines = (torch.tensor(mask * f(angle)).float() for f in (np.cos, np.sin))
    return cosines, sines


def window() -> Tensor:
    """Hann window (1200,), float64."""
    # On the device of tensors without values torch would import its compiler to make one.
    return torch.hann_window(FFT, periodic=True, dtype=torch.float64, device="cpu")


class Folding(nn.Module):
    """Cuts pulses into windowed frames and folds them. Runs on the host.

    A cosine of amplitude 1 has a peak of 1 in the spectrum of such a frame.
    """

    on_host = True

    def __init__(self):
        super().__init__()
        scaled = (window() / (FFT / 4) / SCALE).float()
        self.register_buffer("window", scaled, persistent=False)

    def forward(self, signal: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N) -> even and odd halves, (B, T, K) each."""
        frames = _frames(signal) * self.window
        mirrored = frames[..., _HALF + 1 :].flip(-1)
        even = F.pad(frames[..., : _HALF + 1], (0, BINS - _HALF - 1))
        odd = F.pad(-frames[..., :_HALF], (0, BINS - _HALF))
        even[..., 1:_HALF] += mirrored
        odd[..., 1:_HALF] += mirrored
        return even, odd


class OverlapAdd(nn.Module):
    """Unfolds frames, windows them and adds them up, without the scales. Runs on the host."""

    on_host = True

    def __init__(self):
        super().__init__()
        scaled = (window() * (2 / FFT) / _OVERLAPPED / SCALE).float()
        self.register_buffer("window", scaled, persistent=False)

    def forward(self, even: Tensor, odd: Tensor) -> Tensor:
        """(B, T, K) cosine and sine sums -> (B, N)."""
        first = even[..., : _HALF + 1] - odd[..., : _HALF + 1]
        second = even[..., 1:_HALF] + odd[..., 1:_HALF]
        return _added(torch.cat([first, second.flip(-1)], -1) * self.window)


def whole_bases() -> tuple[Tensor, Tensor, Tensor]:
    """The same transforms as they usually are, for whole frames, windows and scales inside.

    Returns:
        From frames to real and to imaginary parts, (1200, K) each; from both, side by side, to
        frames (2 K, 1200).
    """
    bins, n = np.arange(BINS), np.arange(FFT)
    known = (bins >= 1) & (bins <= _HALF)
    turns = 2 * np.pi * np.outer(n, bins) / FFT
    parts = np.stack([np.cos(turns), -np.sin(turns)]) * known
    windowed = parts * window().numpy()[:, None]
    real, imaginary = torch.tensor(windowed / (FFT / 4)).float()
    back = np.concatenate([part.T for part in windowed]) * (2 / FFT) / _OVERLAPPED
    return real, imaginary, torch.tensor(back).float()


class Framing(nn.Module):
    """Cuts a signal into frames. Runs on the host."""

    on_host = True

    def forward(self, signal: Tensor) -> Tensor:
        """(B, N) -> (B, T, 1200)."""
        return _frames(signal)


class Adding(nn.Module):
    """Adds frames up. Runs on the host."""

    on_host = True

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, 1200) -> (B, N)."""
        return _added(frames)


def _frames(signal: Tensor) -> Tensor:
    """(B, N) -> (B, T, 1200), the signal reflected beyond its ends; N > 600."""
    if signal.shape[1] <= _HALF:
        raise ArgumentError(f"{signal.shape[1]} samples; a frame needs more than {_HALF}")
    # `F.pad` reflects sample by sample, which takes longer than a transform.
    before, after = signal[:, 1 : _HALF + 1].flip(1), signal[:, -_HALF - 1 : -1].flip(1)
    padded = torch.cat([before, signal, after], 1)
    return padded.unfold(1, FFT, HOP)[:, : signal.shape[1] // HOP]


def _added(frames: Tensor) -> Tensor:
    """(B, T, 1200) -> (B, N)."""
    batch, count, _ = frames.shape
    rows = frames.new_zeros(batch, count + 3, HOP)
    for i, segment in enumerate(frames.split(HOP, -1)):
        rows[:, i : i + count] += segment
    return rows.flatten(1)[:, _HALF : _HALF + count * HOP]
