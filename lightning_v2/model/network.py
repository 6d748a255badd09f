"""The whole voice as one module: phones to frames, frames and noise to a waveform."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lightning_v2.model.acoustic import (
    Decoder,
    DurationPredictor,
    Encoder,
    Hertz,
    LengthRegulator,
    PhoneEnds,
    PitchColumns,
    PitchPredictor,
)
from lightning_v2.model.config import VoiceConfig
from lightning_v2.model.source import Source
from lightning_v2.model.vocoder import Vocoder


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
        self.ends = PhoneEnds()
        self.regulator = LengthRegulator()
        self.pitch = PitchPredictor(config)
        self.hertz = Hertz()
        self.pitch_columns = PitchColumns()
        self.decoder = Decoder(config)
        self.source = Source()
        self.vocoder = Vocoder(config)
        self.register_buffer("envelope_mean", torch.zeros(config.bands))
        self.register_buffer("envelope_std", torch.ones(config.bands))

    def normalize_envelope(self, envelope: Tensor) -> Tensor:
        """Natural log amplitude (..., bands) to what the decoder and the vocoder speak of."""
        return (envelope - self.envelope_mean) / self.envelope_std

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
            ends = self.ends(self.duration(hidden))
        count = f0.shape[1] if f0 is not None else int(ends[:, -1].max().item()) + 1
        at_frames, position = self.regulator(
            hidden, ends, torch.arange(count, device=hidden.device)
        )
        if f0 is None:
            f0 = self.hertz(*self.pitch(at_frames, position))
        pitched, pitch = self.pitch_columns(position, f0)
        return Frames(ends, f0, self.decoder(at_frames, pitched), pitch)

    def wave(self, frames: Frames, noise: Tensor) -> Tensor:
        """Frames and white noise of unit variance (B, T * 256) to a waveform (B, T * 256)."""
        pulses, noise = self.source(frames.f0, noise)
        return self.vocoder(frames.envelope, frames.pitch, pulses, noise)
