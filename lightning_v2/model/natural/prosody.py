"""From phones to what is said of them: durations, and pitch and energy of each frame.

Letters: B batch, P phones, S steps of 25 ms, T = 2 S frames, C channels.
"""

import torch
from torch import Tensor, nn

from lightning_v2.model.natural.config import DILATIONS, PITCH_COLUMNS, STEP, NaturalConfig
from lightning_v2.model.natural.layers import Blocks, SharedLayers, Taps

F0_SCALE = 200.0
"""Hz that 1 at the output stands for."""

_LONGEST = 200  # steps of one phone: 5 s


class Encoder(nn.Module):
    """Phones to hidden vectors: two convolutions, then layers of attention."""

    def __init__(self, symbols: int, width: int, heads: int, layers: int):
        super().__init__()
        self.embedding = nn.Embedding(symbols, width)
        self.convolutions = Blocks([1, 1], width, 2 * width, kernel=5)
        self.layers = SharedLayers(layers, width, heads)
        self.norm = nn.LayerNorm(width)

    def forward(self, phones: Tensor, mask: Tensor | None = None) -> Tensor:
        """Int64 (B, P), mask (B, P, 1) of 1 and 0 -> (B, P, C)."""
        return self.norm(self.layers(self.convolutions(self.embedding(phones), mask), mask))

    def sums(self, phones: Tensor, mask: Tensor) -> list[Tensor]:
        """What comes out of each convolution, then of each layer, (B, P, C)."""
        x, states = self.embedding(phones), []
        for convolution in self.convolutions:
            x = convolution(x * mask)
            states.append(x)
        for layer in self.layers:
            x = layer(x, mask)
            states.append(x)
        return states


class DurationPredictor(nn.Module):
    """Hidden vectors of phones to natural logarithms of one more than their steps."""

    def __init__(self, config: NaturalConfig):
        super().__init__()
        self.input = Taps(config.width, config.width, kernel=3)
        self.gelu = nn.GELU()
        self.output = nn.Linear(config.width, 1)
        self.output.role = "durations"

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, P, C), mask (B, P, 1) -> (B, P)."""
        x = self.input(hidden if mask is None else hidden * mask)
        return self.output(self.gelu(x)).squeeze(-1)


class Steps(nn.Module):
    """Logarithms to whole steps of 25 ms, at least one a phone. Runs on the host."""

    on_host = True
    role = "durations"

    def forward(self, log_durations: Tensor) -> Tensor:
        """(B, P) -> (B, P)."""
        return torch.round(torch.expm1(log_durations.double())).clamp(1, _LONGEST).float()


class Repeat(nn.Module):
    """What is known of phones at each of their steps or frames. Runs on the host."""

    on_host = True

    def forward(self, phones: Tensor, durations: Tensor, times: int = 1) -> Tensor:
        """(1, P, C), (1, P) steps -> (1, S * times, C)."""
        return phones.repeat_interleave(durations[0].long() * times, 1)


class ProsodyPredictor(nn.Module):
    """Hidden vectors at steps to F0 and energy of their two frames."""

    def __init__(self, config: NaturalConfig):
        super().__init__()
        width, blocks = config.width, config.prosody_blocks
        dilations = [DILATIONS[i % len(DILATIONS)] for i in range(blocks)]
        self.input = nn.Linear(width, width)
        self.blocks = Blocks(dilations, width, 2 * width)
        self.pitch = nn.Linear(width, STEP)
        self.pitch.role = "f0"
        self.energy = nn.Linear(width, STEP)

    def forward(self, steps: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Hidden vectors of the phone of each step to two frames each.

        Args:
            steps: (B, S, C).
            mask: (B, S, 1) of 1 and 0.

        Returns:
            F0 over 200 Hz, near 0 where unvoiced, and energy; (B, T) each.
        """
        return self.told(self.blocks(self.input(steps), mask))

    def told(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S, C) of the last block -> F0 and energy, (B, T) each."""
        return self.pitch(x).flatten(1), self.energy(x).flatten(1)

    def sums(self, steps: Tensor, mask: Tensor) -> list[Tensor]:
        """What comes out of the first layer and of each block, (B, S, C)."""
        states = [self.input(steps)]
        for block in self.blocks:
            states.append(block(states[-1] * mask))
        return states


class Hertz(nn.Module):
    """F0 of the pulses. Runs on the host."""

    on_host = True
    role = "f0"

    def forward(self, pitch: Tensor) -> Tensor:
        """(B, T) over 200 Hz -> (B, T) Hz."""
        return (F0_SCALE * pitch).clamp(0, 600)


class PitchColumns(nn.Module):
    """Pitch and energy as columns for the decoder. Runs on the host."""

    on_host = True

    def forward(self, f0: Tensor, energy: Tensor) -> Tensor:
        """F0 (B, T) in Hz, energy (B, T) -> (B, T, 32)."""
        pitch = torch.log1p(f0.clamp(min=0)) / 5
        columns = torch.stack([pitch, energy], -1)
        return torch.nn.functional.pad(columns, (0, PITCH_COLUMNS - 2))
