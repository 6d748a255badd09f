"""From phones to durations, pitch and a spectral envelope.

Letters: B batch, P phones, T frames, C channels (width of the voice).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_v2.model.config import VoiceConfig
from lightning_v2.model.layers import Attention, ConvNeXtBlock, Stack

REFERENCE_F0 = 170.0
"""Hz: the pitch that `log_f0 = 0` stands for."""

LOG_F0_SCALE = 5.0
"""`log_f0` is this times the natural logarithm of F0 over the reference: about one unit wide."""

FRAME_FEATURES = 32
"""Columns that tell where in its phone a frame lies, and its pitch; the last ones are zero."""

_POSITION_WAVES = 6


class EncoderBlock(nn.Module):
    """Attention over the sentence, then convolution over the neighbours."""

    def __init__(self, config: VoiceConfig):
        super().__init__()
        self.attention = Attention(config.width, config.heads)
        self.convolution = ConvNeXtBlock(
            config.width, config.encoder.kernel, config.encoder.expansion
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = self.attention(x, mask)
        return self.convolution(x if mask is None else x * mask)


class Encoder(nn.Module):
    """Phones and what is known about them to hidden vectors."""

    def __init__(self, config: VoiceConfig):
        super().__init__()
        self.embedding = nn.Embedding(config.phones, config.width)
        self.features = nn.Linear(config.features, config.width)
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.encoder.blocks))
        self.norm = nn.LayerNorm(config.width)
        nn.init.normal_(self.embedding.weight, std=0.3)

    def forward(self, phones: Tensor, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Int64 (B, P), (B, P, 32), mask (B, P, 1) of 1 and 0 -> (B, P, C)."""
        x = self.embedding(phones) + self.features(features)
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x)


class DurationPredictor(Stack):
    """Hidden vectors of phones to their natural log durations in frames."""

    def __init__(self, config: VoiceConfig):
        super().__init__(config.width, **vars(config.duration))
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, 1)

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, P, C) -> (B, P)."""
        return self.output(self.norm(super().forward(hidden, mask))).squeeze(-1)


class PitchPredictor(Stack):
    """Hidden vectors of frames to log F0 and a voicing logit."""

    def __init__(self, config: VoiceConfig):
        super().__init__(config.width, **vars(config.pitch))
        self.input = nn.Linear(config.width + FRAME_FEATURES, config.width)
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, 2)

    def forward(
        self, frames: Tensor, position: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """(B, T, C), (B, T, 32) -> scaled log F0 (B, T) and voicing logit (B, T)."""
        x = self.input(torch.cat([frames, position], -1))
        return self.output(self.norm(super().forward(x, mask))).unbind(-1)


class Decoder(Stack):
    """Hidden vectors of frames and their pitch to a normalised spectral envelope."""

    def __init__(self, config: VoiceConfig):
        super().__init__(config.width, **vars(config.decoder))
        self.input = nn.Linear(config.width + FRAME_FEATURES, config.width)
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, config.bands)

    def forward(
        self, frames: Tensor, position_and_pitch: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """(B, T, C), (B, T, 32) -> (B, T, bands)."""
        x = self.input(torch.cat([frames, position_and_pitch], -1))
        return self.output(self.norm(super().forward(x, mask)))


class PhoneEnds(nn.Module):
    """Log durations to the end of each phone. Runs on the host."""

    on_host = True

    def forward(self, log_durations: Tensor) -> Tensor:
        """(B, P) natural log of frames -> (B, P) frames, fractional."""
        return torch.cumsum(torch.exp(log_durations.double()).clamp(0.9, 200), 1).float()


class LengthRegulator(nn.Module):
    """From phones to frames: which phone each frame belongs to, and where in it. On the host."""

    on_host = True

    def forward(self, hidden: Tensor, ends: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden vectors of the phones at each frame, and the frame's position features.

        Args:
            hidden: (B, P, C).
            ends: (B, P) frames.
            frames: (B, T) or (T,) index of the frames wanted.

        Returns:
            (B, T, C) and (B, T, 32); the last columns are left for the pitch.
        """
        phone, position = self.places(ends, frames)
        index = phone.unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        return torch.gather(hidden, 1, index), position

    def places(self, ends: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """(B, P) ends, (B, T) or (T,) frames -> int64 (B, T) phones, (B, T, 32) position."""
        time = frames.expand(ends.shape[0], -1).to(ends.dtype).contiguous()
        phone = torch.searchsorted(ends, time, right=True).clamp(max=ends.shape[1] - 1)
        starts = torch.cat([torch.zeros_like(ends[:, :1]), ends[:, :-1]], 1)
        start = torch.gather(starts, 1, phone)
        duration = (torch.gather(ends, 1, phone) - start).clamp(min=1e-3)
        place = ((time - start) / duration).clamp(0, 1)
        return phone, position_features(place, duration)


def position_features(place: Tensor, duration: Tensor) -> Tensor:
    """Columns that describe where in its phone a frame lies.

    Args:
        place: (B, T) from 0 at the start of the phone to 1 at its end.
        duration: (B, T) of the phone, in frames.

    Returns:
        (B, T, 32), the last two for `PitchColumns`, some before them zero.
    """
    waves = [torch.sin(math.pi * k * place) for k in range(1, _POSITION_WAVES + 1)]
    waves += [torch.cos(math.pi * k * place) for k in range(1, _POSITION_WAVES + 1)]
    columns = [
        place,
        1 - place,
        (place * duration / 20).clamp(max=2),
        ((1 - place) * duration / 20).clamp(max=2),
        torch.log(duration.clamp(min=0.5)) / 3,
        *waves,
    ]
    columns += [torch.zeros_like(place)] * (FRAME_FEATURES - len(columns))
    return torch.stack(columns, -1)


class PitchColumns(nn.Module):
    """Puts pitch into the last two columns of position features. Runs on the host."""

    on_host = True

    def forward(self, position: Tensor, f0: Tensor) -> tuple[Tensor, Tensor]:
        """Position (B, T, 32) and F0 (B, T) in Hz, 0 where unvoiced.

        Returns:
            (B, T, 32) position and pitch, for the decoder; (B, T, 32) pitch and zeros, for the
            vocoder.
        """
        voiced = (f0 > 0).to(position.dtype)
        pitch = torch.stack([log_f0(f0), voiced], -1)
        alone = F.pad(pitch, (FRAME_FEATURES - 2, 0))
        return torch.cat([position[..., :-2], pitch], -1), alone


class Hertz(nn.Module):
    """Scaled log F0 and voicing logit to F0. Runs on the host."""

    on_host = True

    def forward(self, scaled_log_f0: Tensor, voicing: Tensor) -> Tensor:
        """(B, T), (B, T) -> (B, T) Hz, 0 where unvoiced."""
        f0 = REFERENCE_F0 * torch.exp(scaled_log_f0 / LOG_F0_SCALE)
        return torch.where(voicing > 0, f0.clamp(50, 500), torch.zeros_like(f0))


def log_f0(f0: Tensor) -> Tensor:
    """F0 in Hz to its scaled logarithm; 0 stays 0."""
    safe = torch.where(f0 > 0, f0, torch.full_like(f0, REFERENCE_F0))
    return LOG_F0_SCALE * torch.log(safe / REFERENCE_F0)
