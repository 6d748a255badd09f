"""The whole voice as one module: phones and noise in, waveform out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .acoustic import Decoder, DurationPredictor, Encoder, LengthRegulator, PitchPredictor
from .acoustic import to_f0, with_pitch
from .config import HOP, VoiceConfig
from .source import Source
from .vocoder import Vocoder, pitch_columns


@dataclass(frozen=True)
class Frames:
    """What the acoustic half of the voice says. B batch, P phones, T frames.

    Attributes:
        ends: (B, P) end of each phone in frames, fractional.
        f0: (B, T) Hz, 0 where unvoiced.
        envelope: (B, T, bands) normalised log amplitude.
        pitch: (B, T, 32) pitch in the last two columns, zero elsewhere.
    """

    ends: Tensor
    f0: Tensor
    envelope: Tensor
    pitch: Tensor


class Network(nn.Module):
    """Encoder, predictors, decoder, source and vocoder.

    Buffers:
        envelope_mean, envelope_std: (bands,) of the corpus; `envelope * std + mean` is the
            natural log amplitude.
    """

    def __init__(self, config: VoiceConfig):
        super().__init__()
        self.encoder = Encoder(config)
        self.duration = DurationPredictor(config)
        self.regulator = LengthRegulator()
        self.pitch = PitchPredictor(config)
        self.decoder = Decoder(config)
        self.source = Source()
        self.vocoder = Vocoder(config)
        self.register_buffer("envelope_mean", torch.zeros(config.bands))
        self.register_buffer("envelope_std", torch.ones(config.bands))

    def acoustics(
        self,
        phones: Tensor,
        features: Tensor,
        ends: Tensor | None = None,
        f0: Tensor | None = None,
    ) -> Frames:
        """Phones to frames. All predicted, unless ends and F0 are given (teacher-forced).

        Args:
            phones: int64 (B, P).
            features: (B, P, 32).
            ends: (B, P) frames.
            f0: (B, T) Hz, 0 where unvoiced; only together with ends.
        """
        hidden = self.encoder(phones, features)
        if ends is None:
            ends = self.regulator.ends(self.duration(hidden))
        count = f0.shape[1] if f0 is not None else int(ends[:, -1].max().item()) + 1
        at_frames, position = self.regulator(
            hidden, ends, torch.arange(count, device=hidden.device)
        )
        if f0 is None:
            f0 = to_f0(*self.pitch(at_frames, position))
        pitched = with_pitch(position, f0)
        return Frames(ends, f0, self.decoder(at_frames, pitched), pitch_columns(pitched))

    def forward(
        self,
        phones: Tensor,
        features: Tensor,
        noise: Tensor | None = None,
        ends: Tensor | None = None,
        f0: Tensor | None = None,
    ) -> tuple[Tensor, Frames]:
        """Phones to a waveform (B, T * 256) and the frames it was made from.

        Args:
            phones, features, ends, f0: as in `acoustics`.
            noise: (B, at least T * 256) white, unit variance; drawn from torch's default
                generator if not given.
        """
        frames = self.acoustics(phones, features, ends, f0)
        return self.wave(frames, noise), frames

    def wave(self, frames: Frames, noise: Tensor | None = None) -> Tensor:
        """Frames to a waveform (B, T * 256)."""
        samples = frames.f0.shape[1] * HOP
        if noise is None:
            noise = torch.randn(frames.f0.shape[0], samples, device=frames.f0.device)
        pulses, noise = self.source(frames.f0, noise[:, :samples])
        return self.vocoder(frames.envelope, frames.pitch, pulses, noise)
