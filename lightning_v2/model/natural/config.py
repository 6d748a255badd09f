"""Sizes of a natural voice, and the frames that it speaks in."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.choices import MADE, Choices
from lightning_v2.tile import TILE

SAMPLE_RATE = 24000
"""Hz."""

HOP = 300
"""Samples from one frame to the next: 12.5 ms."""

FFT = 4 * HOP
"""Samples of a window and of its transform."""

BINS = 19 * TILE
"""Frequency bins that are computed: bin k is k * 20 Hz. Those beyond bin 600 are always zero."""

STEP = 2
"""Frames that 1 in the duration of a phone stands for."""

DILATIONS = (1, 2, 4, 8)
"""Steps between the taps of the blocks that predict pitch and energy, over and over."""

PITCH_COLUMNS = 32
"""Columns of a frame that hold its pitch and energy; the last ones are zero."""


_WIDEST, _MOST_LAYERS = 4096, 64


@dataclass(frozen=True)
class NaturalConfig:
    """Everything that shapes the weights; widths are multiples of 32.

    Attributes:
        symbols: rows of the phone embeddings.
        width: channels of the phone encoder of what predicts durations and pitch.
        heads: of its attention.
        layers: of it.
        text: channels of the phone encoder of the decoder.
        text_heads: of its attention.
        text_layers: of it.
        prosody_blocks: of what predicts pitch and energy.
        channels: of the decoder.
        inner: channels inside a block of the decoder.
        decoder_blocks: of the decoder.
        harmonic_bins: bins from 0 on that have harmonics; above, noise stands for them.
        turned_bins: bins from 0 on in which harmonics have phases of their own.
        free_bins: bins from 0 on that have a free branch.
        choices: what is done for low precision.
    """

    symbols: int = 192
    width: int = 192
    heads: int = 2
    layers: int = 3
    text: int = 128
    text_heads: int = 2
    text_layers: int = 2
    prosody_blocks: int = 6
    channels: int = 256
    inner: int = 512
    decoder_blocks: int = 8
    harmonic_bins: int = 416
    turned_bins: int = 224
    free_bins: int = 320
    choices: Choices = MADE

    @classmethod
    def of(cls, fields: Mapping[str, object]) -> Self:
        """From what `dataclasses.asdict` makes of one; without choices all are made.

        Raises:
            ArgumentError: there are other fields, or one has an illegal value.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        choices = fields.get("choices", {})
        known = {field.name for field in dataclasses.fields(Choices)}
        odd = {*fields, "choices"} ^ names
        odd |= set(choices) - known if isinstance(choices, dict) else {"choices"}
        if odd:
            raise ArgumentError(f"the fields of a voice differ from this version's: {sorted(odd)}")
        return cls(**{**fields, "choices": Choices(**choices)})

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if field.name == "choices":
                continue
            value = getattr(self, field.name)
            counts = field.name.endswith(("blocks", "heads", "layers"))
            most = _MOST_LAYERS if counts else _WIDEST
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise ArgumentError(
                    f"{field.name} is {value!r}: must be a whole number from 1 to {most}"
                )
            if not counts and value % TILE:
                raise ArgumentError(f"{field.name} is {value}: must be a multiple of {TILE}")
        for width, heads in ((self.width, self.heads), (self.text, self.text_heads)):
            if width % heads or (width // heads) % TILE:
                raise ArgumentError(
                    f"width {width} over {heads} heads must be a multiple of {TILE}"
                )
        if self.harmonic_bins > BINS:
            raise ArgumentError(f"harmonic_bins is {self.harmonic_bins}: there are {BINS} bins")
        for name in ("turned_bins", "free_bins"):
            if getattr(self, name) > self.harmonic_bins:
                raise ArgumentError(
                    f"{name} is {getattr(self, name)}: more than harmonic_bins, which is "
                    f"{self.harmonic_bins}"
                )
