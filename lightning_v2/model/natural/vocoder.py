"""From spectra of pulses and noise to a waveform: three branches that add up.

    S = harmonic gain * e^(i angle) * pulses + noise gain * noise + free gain * e^(i angle)

Letters: B batch, T frames, K = 608 bins, V of them with harmonics, H in which they are turned,
R free bins.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from lightning_v2.model.natural.config import BINS, NaturalConfig
from lightning_v2.model.natural.layers import Basis, LeftBasis
from lightning_v2.model.natural.transforms import (
    Adding,
    Folding,
    Framing,
    OverlapAdd,
    bases,
    whole_bases,
)

LARGEST_LOG_GAIN = 12.0
"""Of a branch, on both sides of what is typical."""


class Gain(nn.Module):
    """A magnitude for each bin: the exponential of a bounded logarithm, times what is typical.

    Told like this, logarithms are small where it is loud, and a block float holds them. Bins have
    gains of their own: bands of them sound dull.
    """

    largest_log = LARGEST_LOG_GAIN

    def __init__(self, channels: int, bins: int):
        super().__init__()
        self.log = nn.Linear(channels, bins)
        self.register_buffer("typical", torch.ones(bins))
        nn.init.normal_(self.log.weight, std=0.02)

    def relative_to_typical(self, log: Tensor) -> Tensor:
        """What `log` has to say of a log magnitude, (..., bins)."""
        return log - torch.log(self.typical)

    def relative(self, x: Tensor) -> Tensor:
        """(B, T, channels) -> (B, T, bins) natural logarithm over the typical magnitude."""
        return torch.clamp(self.log(x), -LARGEST_LOG_GAIN, LARGEST_LOG_GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, channels) -> (B, T, bins)."""
        return torch.exp(self.relative(x)) * self.typical


class UnboundedGain(nn.Module):
    """A magnitude for each bin: the exponential of what a layer says."""

    largest_log = math.inf

    def __init__(self, channels: int, bins: int):
        super().__init__()
        self.log = nn.Linear(channels, bins)
        nn.init.normal_(self.log.weight, std=0.02)

    def relative_to_typical(self, log: Tensor) -> Tensor:
        """See `Gain`: nothing is typical."""
        return log

    def relative(self, x: Tensor) -> Tensor:
        """(B, T, channels) -> (B, T, bins) natural logarithm."""
        return self.log(x)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, channels) -> (B, T, bins)."""
        return torch.exp(self.relative(x))


class Angle(nn.Module):
    """A complex number of magnitude 1 for each bin, told by its angle.

    Whatever low precision does to the angle, the magnitude stays 1.
    """

    def __init__(self, channels: int, bins: int):
        super().__init__()
        self.output = nn.Linear(channels, bins)
        nn.init.normal_(self.output.weight, std=0.02)

    def radians(self, x: Tensor) -> Tensor:
        """(B, T, channels) -> (B, T, bins)."""
        return self.output(x)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, channels) -> cosine and sine, (B, T, bins) each."""
        radians = self.radians(x)
        return torch.cos(radians), torch.sin(radians)


class HalfTurn(Angle):
    """An angle of at most half a turn to either side: it never wraps."""

    def radians(self, x: Tensor) -> Tensor:
        return torch.tanh(self.output(x)) * math.pi


class AddedTurn(HalfTurn):
    """The same angle as a number, to be added to a phase."""

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """(B, T, channels) -> (B, T, bins)."""
        return (self.radians(x),)


class Head(nn.Module):
    """What the decoder says of a frame as gains and angles of the three branches."""

    def __init__(self, config: NaturalConfig):
        super().__init__()
        channels, free, choices = config.channels, config.free_bins, config.choices
        gain = Gain if choices.gains == "bounded" else UnboundedGain
        turn = HalfTurn if choices.angles == "relative" else AddedTurn
        self.harmonic_gain = gain(channels, config.harmonic_bins)
        self.harmonic_angle = turn(channels, config.turned_bins)
        self.noise_gain = gain(channels, BINS)
        self.free_gain = gain(channels, free)
        self.free_angle = Angle(channels, free)


class Spectrum(nn.Module):
    """The sum of the three branches, one product after the other."""

    def forward(
        self,
        harmonic: tuple[Tensor, Tensor, Tensor],
        pulses: tuple[Tensor, Tensor],
        noise: tuple[Tensor, Tensor, Tensor],
        free: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Real and imaginary parts, (B, T, K).

        Args:
            harmonic: gain (B, T, V), cosine and sine (B, T, H).
            pulses: (B, T, V).
            noise: gain and both parts of white noise, (B, T, K).
            free: (B, T, R).
        """
        gain, cosine, sine = harmonic
        turned = cosine.shape[-1]
        straight, across = gain[..., :turned] * cosine, gain[..., :turned] * sine
        straight = torch.cat([straight, gain[..., turned:]], -1)
        real, imaginary = pulses
        low_real, low_imaginary = real[..., :turned], imaginary[..., :turned]
        first = self._without_turn(free[0], noise[0] * noise[1], straight, real)
        first = torch.cat([first[..., :turned] - across * low_imaginary, first[..., turned:]], -1)
        second = self._without_turn(free[1], noise[0] * noise[2], straight, imaginary)
        low = second[..., :turned] + across * low_real
        return first, torch.cat([low, second[..., turned:]], -1)

    @staticmethod
    def _without_turn(free: Tensor, noise: Tensor, straight: Tensor, pulses: Tensor) -> Tensor:
        """(B, T, R), (B, T, K), (B, T, V) twice -> (B, T, K): what stays in its own part."""
        own, both = free.shape[-1], straight.shape[-1]
        known = torch.cat([free + noise[..., :own], noise[..., own:]], -1)
        voiced = known[..., :both] + straight * pulses
        return torch.cat([voiced, known[..., both:]], -1)


class AbsoluteSpectrum(nn.Module):
    """The sum of the three branches, that of harmonics by its magnitude and its phase."""

    def forward(
        self,
        harmonic: tuple[Tensor, Tensor],
        pulses: tuple[Tensor, Tensor],
        noise: tuple[Tensor, Tensor, Tensor],
        free: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """As `Spectrum`.

        Args:
            harmonic: gain (B, T, V), angle (B, T, H).
        """
        gain, turn = harmonic
        real, imaginary = pulses
        magnitude = gain * torch.sqrt(real * real + imaginary * imaginary)
        phase = torch.atan2(imaginary, real)
        turned = turn.shape[-1]
        phase = torch.cat([phase[..., :turned] + turn, phase[..., turned:]], -1)
        waves = magnitude * torch.cos(phase), magnitude * torch.sin(phase)
        parts = zip(free, noise[1:], waves, strict=True)
        first, second = (_summed(own, noise[0] * hiss, wave) for own, hiss, wave in parts)
        return first, second


def _summed(free: Tensor, noise: Tensor, harmonic: Tensor) -> Tensor:
    """(B, T, R), (B, T, K), (B, T, V) -> (B, T, K)."""
    own, both = free.shape[-1], harmonic.shape[-1]
    known = torch.cat([free + noise[..., :own], noise[..., own:]], -1)
    return torch.cat([known[..., :both] + harmonic, known[..., both:]], -1)


class Vocoder(nn.Module, ABC):
    """Channels of the decoder, pulses and noise to a waveform; the transforms are of a subclass.

    Attributes:
        cosines: from frames to the V real parts of their spectra.
        sines: to the imaginary ones.
    """

    cosines: Basis
    sines: Basis

    def __init__(self, config: NaturalConfig):
        super().__init__()
        self.head = Head(config)
        is_relative = config.choices.angles == "relative"
        self.spectrum = Spectrum() if is_relative else AbsoluteSpectrum()

    @abstractmethod
    def frames(self, pulses: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N) -> what `cosines` and `sines` take, (B, T, samples) each."""

    @abstractmethod
    def waveform(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Both parts of a spectrum, (B, T, K) -> (B, N)."""

    def forward(self, x: Tensor, pulses: Tensor, noise: Tensor) -> Tensor:
        """Speak.

        Args:
            x: (B, T, channels).
            pulses: (B, N).
            noise: (B, T, 2, K) white, both parts of unit variance.

        Returns:
            (B, N).
        """
        head = self.head
        even, odd = self.frames(pulses)
        spectra = self.cosines(even), self.sines(odd)
        harmonic = head.harmonic_gain(x), *head.harmonic_angle(x)
        free_gain = head.free_gain(x)
        free = tuple(free_gain * part for part in head.free_angle(x))
        hiss = head.noise_gain(x), noise[..., 0, :], noise[..., 1, :]
        return self.waveform(*self.spectrum(harmonic, spectra, hiss, free))


class FoldedVocoder(Vocoder):
    """Frames are folded about their middle: two small matrices lead there and back."""

    def __init__(self, config: NaturalConfig):
        super().__init__(config)
        cosines, sines = bases()  # each is its own inverse
        self.folding, self.overlap_add = Folding(), OverlapAdd()
        self.inverse_cosines = _inverse(config, cosines)
        self.inverse_sines = _inverse(config, sines)
        self.cosines, self.sines = _forward(config, cosines), _forward(config, sines)

    def frames(self, pulses: Tensor) -> tuple[Tensor, Tensor]:
        return self.folding(pulses)

    def waveform(self, real: Tensor, imaginary: Tensor) -> Tensor:
        return self.overlap_add(self.inverse_cosines(real), self.inverse_sines(imaginary))


class WholeVocoder(Vocoder):
    """Frames stay whole: the matrices have windows and scales inside."""

    def __init__(self, config: NaturalConfig):
        super().__init__(config)
        cosines, sines, back = whole_bases()
        self.framing, self.adding = Framing(), Adding()
        self.inverse = _inverse(config, back)
        self.cosines, self.sines = _forward(config, cosines), _forward(config, sines)

    def frames(self, pulses: Tensor) -> tuple[Tensor, Tensor]:
        frames = self.framing(pulses)
        return frames, frames

    def waveform(self, real: Tensor, imaginary: Tensor) -> Tensor:
        return self.adding(self.inverse(torch.cat([real, imaginary], -1)))


def vocoder(config: NaturalConfig) -> Vocoder:
    """The one with the transforms that were chosen."""
    return {"folded": FoldedVocoder, "whole": WholeVocoder}[config.choices.transforms](config)


def _forward(config: NaturalConfig, basis: Tensor) -> Basis:
    """From frames to those bins (samples, K) that have harmonics."""
    return Basis(basis[:, : config.harmonic_bins].contiguous())


def _inverse(config: NaturalConfig, basis: Tensor) -> Basis | LeftBasis:
    """From bins to frames (K, samples), on the side of the product that was chosen."""
    right = config.choices.inverse == "right"
    transform = Basis(basis) if right else LeftBasis(basis.T.contiguous())
    transform.role = "sound"
    return transform
