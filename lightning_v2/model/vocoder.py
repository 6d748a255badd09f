"""From envelope and excitation to a waveform: two minimum-phase filters a frame, and overlap-add.

Letters: B batch, T frames, N = T * 256 samples, F = 512 frequency bins (DC to below Nyquist).
Frame t covers samples 256 (t - 1) to 256 (t + 1) with a Hann window; the filtered frame is 1024
long and is added without a second window, which would smear the 5 ms detail of the envelope.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_v2.model.acoustic import FRAME_FEATURES
from lightning_v2.model.config import HOP, VoiceConfig
from lightning_v2.model.layers import Basis, Stack, Taps

LARGEST_LOG_GAIN = 4.0

SCALE = 127 / 128
"""Of both transforms, for bfloat8_b: a block that holds a 1 has steps twice as wide as one whose
largest value is 127/128, and every cosine has its peaks. Overlap-add undoes it."""


def analysis_basis(fft: int, window: int) -> Tensor:
    """Windowed DFT of real frames as a matrix (window, fft): real parts, then imaginary parts.

    Times `SCALE`.
    """
    n = np.arange(window)[:, None]
    angle = 2 * np.pi * n * np.arange(fft // 2)[None] / fft
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / window)
    return _tensor(SCALE * hann * np.concatenate([np.cos(angle), -np.sin(angle)], 1))


def synthesis_basis(fft: int) -> Tensor:
    """Inverse real DFT as a matrix (fft, fft) from real parts and imaginary parts to samples.

    The Nyquist bin is taken as zero. Times `SCALE`.
    """
    n = np.arange(fft)[None]
    angle = 2 * np.pi * n * np.arange(fft // 2)[:, None] / fft
    weight = np.full((fft // 2, 1), 2.0 * SCALE)
    weight[0] = SCALE
    return _tensor(np.concatenate([weight * np.cos(angle), -weight * np.sin(angle)], 0) / fft)


def minimum_phase_basis(fft: int) -> Tensor:
    """Log magnitudes to the phase of the minimum-phase filter, as a matrix (F, F).

    The phase is the Hilbert transform of the log magnitude, taken through the real cepstrum
    (A. Oppenheim and R. Schafer, "Discrete-Time Signal Processing", section on minimum phase);
    the missing Nyquist bin repeats its neighbour.
    """
    bins = fft // 2
    log_magnitude = np.concatenate([np.eye(bins), np.eye(bins)[:, -1:]], 1)
    cepstrum = np.fft.irfft(log_magnitude, axis=1)
    fold = np.zeros(fft)
    fold[0] = fold[bins] = 1
    fold[1:bins] = 2
    return _tensor(np.fft.rfft(cepstrum * fold, axis=1).imag[:, :bins])


def _tensor(matrix: np.ndarray) -> Tensor:
    return torch.tensor(matrix, dtype=torch.float32)


class Framing(nn.Module):
    """Cuts an excitation into overlapping frames. Runs on the host."""

    on_host = True

    def forward(self, excitation: Tensor) -> Tensor:
        """(B, N) -> (B, T, 512)."""
        frames = F.pad(excitation, (HOP, HOP)).unfold(1, 2 * HOP, HOP)
        return frames[:, : excitation.shape[1] // HOP]


class OverlapAdd(nn.Module):
    """Adds overlapping frames up to a waveform without the `SCALE`s. Runs on the host."""

    on_host = True

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, fft) -> (B, N)."""
        _, time, fft = frames.shape
        length = fft + (time - 1) * HOP
        frames = frames.transpose(1, 2) / SCALE**2
        wave = F.fold(frames, (1, length), (1, fft), stride=(1, HOP))
        return F.pad(wave[:, 0, 0], (0, HOP))[:, HOP : HOP + time * HOP]


class Sine(nn.Module):
    """sin of an angle."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x)


class Cosine(nn.Module):
    """cos of an angle."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cos(x)


class Exponential(nn.Module):
    """exp of a log gain."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x)


class ComplexProduct(nn.Module):
    """Filters times spectra, both as (real, imaginary)."""

    def forward(self, a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


class Vocoder(Stack):
    """Envelope and pitch to log gains for the pulses and for the noise, and those to a waveform."""

    def __init__(self, config: VoiceConfig):
        super().__init__(config.width, **vars(config.vocoder))
        self.bins = config.fft // 2
        self.framing = Framing()
        self.analysis = Basis(analysis_basis(config.fft, config.window))
        self.input = Taps(config.bands + FRAME_FEATURES, config.width, kernel=5)
        self.input_norm = nn.LayerNorm(config.width)
        self.norm = nn.LayerNorm(config.width)
        self.gains = nn.Linear(config.width, config.fft)
        self.minimum_phase = Basis(minimum_phase_basis(config.fft))
        self.exp = Exponential()
        self.sin = Sine()
        self.cos = Cosine()
        self.filter = ComplexProduct()
        self.synthesis = Basis(synthesis_basis(config.fft))
        self.overlap_add = OverlapAdd()
        nn.init.normal_(self.gains.weight, std=0.01)
        nn.init.constant_(self.gains.bias, -4.0)

    def log_gains(self, envelope: Tensor, pitch: Tensor) -> Tensor:
        """Log gains of the two filters of each frame.

        Args:
            envelope: (B, T, bands), normalised.
            pitch: (B, T, 32), pitch in the last two columns.

        Returns:
            (B, T, 2, F): pulses, noise.
        """
        x = self.input_norm(self.input(torch.cat([envelope, pitch], -1)))
        gains = self.gains(self.norm(super().forward(x)))
        return gains.clamp(max=LARGEST_LOG_GAIN).unflatten(-1, (2, self.bins))

    def forward(self, envelope: Tensor, pitch: Tensor, pulses: Tensor, noise: Tensor) -> Tensor:
        """(B, T, bands), (B, T, 32), (B, N), (B, N) -> waveform (B, N)."""
        frames = torch.stack([self.framing(pulses), self.framing(noise)], 2)
        spectra = self.analysis(frames).unflatten(-1, (2, self.bins))
        log_gains = self.log_gains(envelope, pitch)
        phase = self.minimum_phase(log_gains)
        magnitude = self.exp(log_gains)
        filters = magnitude * self.cos(phase), magnitude * self.sin(phase)
        real, imaginary = self.filter(filters, (spectra[..., 0, :], spectra[..., 1, :]))
        both = torch.cat([real, imaginary], -1)
        return self.overlap_add(self.synthesis(both[:, :, 0] + both[:, :, 1]))
