"""The whole natural voice as one module: phones to frames, frames and noise to a waveform."""

from dataclasses import dataclass

from torch import Tensor, nn

from lightning_v2.model.natural.config import STEP, NaturalConfig
from lightning_v2.model.natural.decoder import Decoder
from lightning_v2.model.natural.prosody import (
    DurationPredictor,
    Encoder,
    Hertz,
    PitchColumns,
    ProsodyPredictor,
    Repeat,
    Steps,
)
from lightning_v2.model.natural.source import FloatSource, Source
from lightning_v2.model.natural.vocoder import vocoder


@dataclass(frozen=True)
class NaturalFrames:
    """What is said when. P phones, T frames of 12.5 ms.

    Attributes:
        durations: (1, P) steps of 25 ms, whole numbers.
        f0: (1, T) Hz; 40 and less is unvoiced.
        channels: (1, T, channels) for the vocoder.
    """

    durations: Tensor
    f0: Tensor
    channels: Tensor


class NaturalNetwork(nn.Module):
    """Encoders, predictors, decoder, source and vocoder.

    Attributes:
        choices: how source and vocoder are made.
    """

    def __init__(self, config: NaturalConfig):
        super().__init__()
        c, self.choices = config, config.choices
        self.encoder = Encoder(c.symbols, c.width, c.heads, c.layers)
        self.duration = DurationPredictor(config)
        self.steps = Steps()
        self.repeat = Repeat()
        self.prosody = ProsodyPredictor(config)
        self.hertz = Hertz()
        self.pitch_columns = PitchColumns()
        self.text = Encoder(c.symbols, c.text, c.text_heads, c.text_layers)
        self.decoder = Decoder(config)
        self.source = Source() if self.choices.phase == "integer" else FloatSource()
        self.vocoder = vocoder(config)

    def acoustics(
        self, phones: Tensor, durations: Tensor | None = None, f0: Tensor | None = None
    ) -> NaturalFrames:
        """Phones to frames. All predicted, unless durations or F0 are given (teacher-forced).

        Args:
            phones: int64 (1, P).
            durations: (1, P) steps, whole numbers.
            f0: (1, T) Hz, with T twice the sum of the durations.
        """
        hidden, text = self.encoder(phones), self.text(phones)
        if durations is None:
            durations = self.steps(self.duration(hidden))
        pitch, energy = self.prosody(self.repeat(hidden, durations))
        if f0 is None:
            f0 = self.hertz(pitch)
        at_frames = self.repeat(text, durations, STEP)
        channels = self.decoder(at_frames, self.pitch_columns(f0, energy))
        return NaturalFrames(durations, f0, channels)

    def wave(self, frames: NaturalFrames, noise: Tensor) -> Tensor:
        """Frames and white noise (1, T, 2, K) of unit variance to a waveform (1, N)."""
        return self.vocoder(frames.channels, self.source(frames.f0), noise)
