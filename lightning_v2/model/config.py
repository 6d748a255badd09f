"""Sizes of the voice."""

from dataclasses import dataclass, field

from ..errors import ArgumentError
from ..text import FEATURES, PHONES

SAMPLE_RATE = 24000
"""Hz."""

HOP = 256
"""Samples from one frame to the next."""

TILE = 32
"""Tensix computes in 32 x 32 tiles: every width of the voice is a multiple of this."""


@dataclass(frozen=True)
class StackConfig:
    """A stack of ConvNeXt blocks.

    Attributes:
        blocks: how many.
        kernel: taps of the depthwise convolution, odd.
        expansion: hidden width over width.
    """

    blocks: int
    kernel: int
    expansion: int = 3


@dataclass(frozen=True)
class VoiceConfig:
    """Everything that shapes the weights.

    Attributes:
        width: channels of every hidden tensor.
        heads: attention heads of the encoder, each width / heads wide.
        phones: rows of the phone embedding.
        features: linguistic features a phone.
        bands: bands of the spectral envelope.
        fft: length of the Fourier transform of the waveform head.
        window: length of its analysis window, 2 hops.
        encoder, duration, pitch, decoder, vocoder: the stacks.
    """

    width: int = 192
    heads: int = 6
    phones: int = len(PHONES)
    features: int = len(FEATURES)
    bands: int = 64
    fft: int = 1024
    window: int = 512
    encoder: StackConfig = field(default=StackConfig(blocks=4, kernel=5))
    duration: StackConfig = field(default=StackConfig(blocks=2, kernel=5))
    pitch: StackConfig = field(default=StackConfig(blocks=3, kernel=7))
    decoder: StackConfig = field(default=StackConfig(blocks=5, kernel=7))
    vocoder: StackConfig = field(default=StackConfig(blocks=4, kernel=7))

    def __post_init__(self):
        for name in ("width", "features", "bands", "fft", "window"):
            if getattr(self, name) % TILE:
                raise ArgumentError(
                    f"{name} is {getattr(self, name)}: must be a multiple of {TILE}"
                )
        if self.width % self.heads or (self.width // self.heads) % TILE:
            raise ArgumentError(
                f"width {self.width} over {self.heads} heads must be a multiple of {TILE}"
            )
        if self.window != 2 * HOP:
            raise ArgumentError(f"window is {self.window}: must be two hops, {2 * HOP}")
