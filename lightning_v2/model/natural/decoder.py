"""From phones, pitch and energy of each frame to the channels that the vocoder's heads read."""

import torch
from torch import Tensor, nn

from lightning_v2.model.natural.config import PITCH_COLUMNS, NaturalConfig
from lightning_v2.model.natural.layers import Blocks, Taps


class Decoder(nn.Module):
    """Seven frames side by side, then blocks."""

    def __init__(self, config: NaturalConfig):
        super().__init__()
        self.input = Taps(config.text + PITCH_COLUMNS, config.channels, kernel=7)
        self.blocks = Blocks([1] * config.decoder_blocks, config.channels, config.inner)
        self.norm = nn.LayerNorm(config.channels)

    def forward(self, text: Tensor, pitch: Tensor) -> Tensor:
        """(B, T, text), (B, T, 32) -> (B, T, channels)."""
        return self.norm(self.blocks(self.input(torch.cat([text, pitch], -1))))

    def hidden(self, text: Tensor, pitch: Tensor) -> list[Tensor]:
        """What goes into the first block and comes out of each, (B, T, channels)."""
        states = [self.input(torch.cat([text, pitch], -1))]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states
