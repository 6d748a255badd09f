"""From what a graph returns to a waveform, where that takes more than picking an output.

Letters: F frames of 12.5 ms, N = 300 F samples, K = 601 frequency bins from DC to Nyquist.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

FFT, HOP, RATE = 1200, 300, 24000
BINS = FFT // 2 + 1
LARGEST_LOG_GAIN = 7.0
SCALE = 127 / 128
"""Of both transforms: a block of a block float that holds a 1 has steps twice as wide as one whose
largest value is 127/128. Pulses are as much larger, and overlap-add undoes the second."""
LOWEST_F0 = 40.0
"""Hz; below there are no pulses."""
_HIGHEST_HARMONIC = 11000.0


def _hann() -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)


class _Function(nn.Module):
    """One torch function as a site of its own."""

    one_site = True

    def __init__(self, function: Callable):
        super().__init__()
        self._function = function

    def forward(self, *operands: Tensor) -> Tensor:
        return self._function(*operands)


class _Product(nn.Module):
    """Rows times a fixed matrix.

    Attributes:
        fixed: true: no training changes the matrix.
    """

    one_site = fixed = True

    def __init__(self, matrix: np.ndarray):
        """matrix: (inputs, outputs)."""
        super().__init__()
        weight = torch.tensor(matrix.T, dtype=torch.float32).contiguous()
        self.weight = nn.Parameter(weight, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight)


class Pulses(nn.Module):
    """A band-limited pulse train of an F0 curve. Runs on the host: its phase is a long sum."""

    on_host = True

    def forward(self, f0: Tensor) -> Tensor:
        """(1, F) Hz -> (N,): the sum of all cosines below 11 kHz, each of amplitude 1 / `SCALE`, in
        its closed form (the Dirichlet kernel); 0 where unvoiced."""
        curve = F.interpolate(
            f0[None].double(), scale_factor=HOP, mode="linear", align_corners=False
        )[0, 0].numpy()
        hertz = np.maximum(curve, LOWEST_F0)
        angle = 2 * np.pi * (np.cumsum(hertz) / RATE % 1.0)
        harmonics = np.floor(_HIGHEST_HARMONIC / hertz)
        half = np.sin(angle / 2)
        near_zero = np.abs(half) <= 1e-3
        ratio = np.sin((harmonics + 0.5) * angle) / np.where(near_zero, 1.0, 2 * half)
        train = np.where(near_zero, harmonics + 0.5, ratio) - 0.5
        train = np.where(curve > LOWEST_F0, train / SCALE, 0.0)
        return torch.from_numpy(train.astype(np.float32))


class Frames(nn.Module):
    """Overlapping frames of a signal, mirrored at its ends. Data movement."""

    on_host = True

    def forward(self, signal: Tensor) -> Tensor:
        """(N,) -> (F, 1200)."""
        padded = F.pad(signal[None], (FFT // 2, FFT // 2), mode="reflect")[0]
        return padded.unfold(0, FFT, HOP)[: len(signal) // HOP]


class OverlapAdd(nn.Module):
    """Windowed frames added up, divided by the windows that lie there. Runs on the host."""

    on_host = True

    def forward(self, frames: Tensor) -> Tensor:
        """(F, 1200) -> (N,)."""
        count = len(frames)
        length = FFT + (count - 1) * HOP
        squares = torch.from_numpy(_hann() ** 2).float()[:, None].expand(FFT, count)
        sums = F.fold(
            torch.stack([frames.T / SCALE, squares]), (1, length), (1, FFT), stride=(1, HOP)
        )[:, 0, 0]
        wave = sums[0] / sums[1].clamp(min=1e-11)
        return wave[FFT // 2 : FFT // 2 + count * HOP]


class PulseNoisePhase(nn.Module):
    """hibari's three branches: filtered pulses, shaped noise, and a part with phases of its own.

    S = exp(lh) e^(i pi tanh theta) E + exp(ln) Z + exp(lr) e^(i phi), with E the transform of the
    pulses and Z complex noise; log gains are cut at 7; inverse transform, Hann window, overlap-add
    (hibari-tts 0.2.1, its README and `hibari/dsp.py`). Both transforms are products with a matrix.
    """

    def __init__(self):
        super().__init__()
        angle = 2 * np.pi * np.outer(np.arange(FFT), np.arange(BINS)) / FFT
        window = _hann()[:, None]
        forward = window * np.concatenate([np.cos(angle), -np.sin(angle)], 1) / (FFT / 4)
        twice = np.full((BINS, 1), 2.0)
        twice[[0, -1]] = 1
        back = np.concatenate([twice * np.cos(angle.T), -twice * np.sin(angle.T)]) * window.T / FFT
        self.pulses, self.frames, self.overlap_add = Pulses(), Frames(), OverlapAdd()
        self.analysis, self.synthesis = _Product(SCALE * forward), _Product(SCALE * back)
        self.synthesis.role = "sound"
        self.theta = _Function(torch.tanh)
        self.angle = _Function(lambda x: x * torch.pi)
        for branch in ("harmonic", "noise", "free"):
            self.add_module(f"{branch}_limit", _Function(_limited))
            self.add_module(f"{branch}_gain", _Function(torch.exp))
        for branch in ("harmonic", "free"):
            self.add_module(f"{branch}_cos", _Function(torch.cos))
            self.add_module(f"{branch}_sin", _Function(torch.sin))
        self.filter, self.shaped, self.free = _Complex(), _Scaled(), _Scaled()
        self.harmonic, self.sum = _Scaled(), _Sum()

    def forward(self, outputs: Mapping[str, Tensor], noise: np.random.Generator) -> Tensor:
        """outputs: lh, theta, ln, lr, phi (1, K, F) and f0 (1, F) -> (N,)."""
        lh, theta, ln, lr, phi = (outputs[name][0].T for name in ("lh", "theta", "ln", "lr", "phi"))
        pulses = self.analysis(self.frames(self.pulses(outputs["f0"])))
        angle = self.angle(self.theta(theta))
        response = self.harmonic(
            self.harmonic_gain(self.harmonic_limit(lh)),
            self.harmonic_cos(angle),
            self.harmonic_sin(angle),
        )
        voiced = self.filter(response, pulses.split(BINS, 1))
        drawn = torch.from_numpy(noise.standard_normal((len(lh), 2, BINS), dtype=np.float32))
        hiss = self.shaped(self.noise_gain(self.noise_limit(ln)), drawn[:, 0], drawn[:, 1])
        rest = self.free(
            self.free_gain(self.free_limit(lr)), self.free_cos(phi), self.free_sin(phi)
        )
        spectrum = torch.cat(self.sum(voiced, hiss, rest), 1)
        return self.overlap_add(self.synthesis(spectrum))


def _limited(x: Tensor) -> Tensor:
    return torch.clamp(x, max=LARGEST_LOG_GAIN)


class _Scaled(nn.Module):
    """A gain times a complex number."""

    def forward(self, gain: Tensor, real: Tensor, imaginary: Tensor) -> tuple[Tensor, Tensor]:
        return gain * real, gain * imaginary


class _Complex(nn.Module):
    """The product of two complex numbers."""

    def forward(self, a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


class _Sum(nn.Module):
    """The sum of three complex numbers."""

    def forward(
        self, a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor], c: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        return a[0] + b[0] + c[0], a[1] + b[1] + c[1]
