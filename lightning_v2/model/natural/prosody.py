"""From phones to what is said of them: durations, and pitch and energy of each frame.

Letters: B batch, P phones, S steps of 25 ms, T = 2 S frames, C channels.
"""

import torch
from torch import Tensor, nn

from lightning_v2.model.layers import Attention
from lightning_v2.model.natural.config import PITCH_COLUMNS, STEP, NaturalConfig
from lightning_v2.model.natural.layers import Block, Blocks

F0_SCALE = 200.0
"""Hz that 1 at the output stands for."""

_LONGEST = 200  # steps of one phone: 5 s


class Encoder(nn.Module):
    """Phones to hidden vectors: a convolution, then attention and convolution by turns."""

    def __init__(self, config: NaturalConfig):
        super().__init__()
        width = config.width
        self.embedding = nn.Embedding(config.symbols, width)
        self.convolution = Block(width, 2 * width, kernel=5)
        self.attention = nn.ModuleList(
            Attention(width, config.heads) for _ in range(config.encoder_blocks)
        )
        self.blocks = nn.ModuleList(
            Block(width, 2 * width, kernel=5) for _ in range(config.encoder_blocks)
        )
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.embedding.weight, std=0.3)

    def forward(self, phones: Tensor, mask: Tensor | None = None) -> Tensor:
        """Int64 (B, P), mask (B, P, 1) of 1 and 0 -> (B, P, C)."""
        x = self.embedding(phones)
        x = self.convolution(x if mask is None else x * mask)
        for attention, block in zip(self.attention, self.blocks, strict=True):
            x = attention(x, mask)
            x = block(x if mask is None else x * mask)
        return self.norm(x)


class DurationPredictor(nn.Module):
    """Hidden vectors of phones to natural logarithms of one more than their steps."""

    def __init__(self, config: NaturalConfig):
        super().__init__()
        self.block = Block(config.width, 2 * config.width, kernel=3)
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, 1)

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, P, C), mask (B, P, 1) -> (B, P)."""
        x = self.block(hidden if mask is None else hidden * mask)
        return self.output(self.norm(x)).squeeze(-1)


class Steps(nn.Module):
    """Logarithms to whole steps of 25 ms, at least one a phone. Runs on the host."""

    on_host = True

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
        self.blocks = Blocks(config.prosody_blocks, config.width, 2 * config.width)
        self.norm = nn.LayerNorm(config.width)
        self.pitch = nn.Linear(config.width, STEP)
        self.energy = nn.Linear(config.width, STEP)

    def forward(self, steps: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Hidden vectors of the phone of each step to two frames each.

        Args:
            steps: (B, S, C).
            mask: (B, S, 1) of 1 and 0.

        Returns:
            F0 over 200 Hz, near 0 where unvoiced, and energy; (B, T) each.
        """
        x = self.norm(self.blocks(steps, mask))
        return self.pitch(x).flatten(1), self.energy(x).flatten(1)


class Hertz(nn.Module):
    """F0 of the pulses. Runs on the host."""

    on_host = True

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
