"""Sizes of the voice."""

from dataclasses import dataclass, field

from lightning_v2.errors import ArgumentError
from lightning_v2.text import FEATURES, PHONES
from lightning_v2.tile import TILE

SAMPLE_RATE = 24000
"""Hz."""

HOP = 256
"""Samples from one frame to the next."""


def _check_size(name: str, value: object, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ArgumentError(f"{name} is {value!r}: must be a whole number from 1 to {most}")


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

    def __post_init__(self):
        for name, most in (("blocks", 64), ("kernel", 63), ("expansion", 16)):
            _check_size(name, getattr(self, name), most)
        if self.kernel % 2 == 0:
            raise ArgumentError(f"kernel is {self.kernel}: must be odd")


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
        for name in ("width", "heads", "phones", "features", "bands", "fft", "window"):
            _check_size(name, getattr(self, name), 2**16)
        for name in ("encoder", "duration", "pitch", "decoder", "vocoder"):
            if not isinstance(getattr(self, name), StackConfig):
                raise ArgumentError(f"{name} is {getattr(self, name)!r}: must be a stack of blocks")
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
