"""Blocks of the natural voice. Letters: B batch, T time, C channels."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import has_torch_function_unary

from lightning_v2.model.layers import Attention, DepthwiseConv


class ShiftedConv(DepthwiseConv):
    """A depthwise convolution on (B, T, C) whose taps are `dilation` steps apart.

    On a CPU it trains fast as a sum of shifted products: torch's gradient of grouped convolutions
    takes several times as long as all else in a block.
    """

    def __init__(self, channels: int, kernel: int, dilation: int = 1):
        super().__init__(channels, kernel)
        self.dilation, self.padding = (dilation,), (dilation * (kernel // 2),)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        if has_torch_function_unary(x) or not self.training:
            return super().forward(x)
        (taps,), (step,), (edge,) = self.kernel_size, self.dilation, self.padding
        time = x.shape[1]
        padded = F.pad(x, (0, 0, edge, edge))
        products = (
            padded[:, i * step : i * step + time] * self.weight[:, 0, i] for i in range(taps)
        )
        return sum(products, self.bias)


class Block(nn.Module):
    """Depthwise convolution, norm, and a two-layer perceptron around a residual connection.

    Source: Z. Liu et al., "A ConvNet for the 2020s", CVPR 2022.
    """

    def __init__(self, channels: int, inner: int, kernel: int = 7, dilation: int = 1):
        super().__init__()
        self.depthwise = ShiftedConv(channels, kernel, dilation)
        self.norm = nn.LayerNorm(channels)
        self.up = nn.Linear(channels, inner)
        self.gelu = nn.GELU()
        self.down = nn.Linear(inner, channels)
        with torch.no_grad():
            self.down.weight *= 0.3

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        return x + self.down(self.gelu(self.up(self.norm(self.depthwise(x)))))


class Blocks(nn.ModuleList):
    """Blocks in a row. Padding of a batch is kept at zero, as beyond the edges.

    Args:
        dilations: steps between the taps of each block.
    """

    def __init__(self, dilations: Sequence[int], channels: int, inner: int, kernel: int = 7):
        super().__init__(Block(channels, inner, kernel, dilation) for dilation in dilations)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T, C), mask (B, T, 1) of 1 and 0 -> (B, T, C)."""
        for block in self:
            x = block(x if mask is None else x * mask)
        return x


class Layer(nn.Module):
    """Self-attention over a whole sentence, then a two-layer perceptron on each phone."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.attention = Attention(channels, heads)
        self.norm = nn.LayerNorm(channels)
        self.up = nn.Linear(channels, 2 * channels)
        self.gelu = nn.GELU()
        self.down = nn.Linear(2 * channels, channels)
        with torch.no_grad():
            self.attention.output.weight *= 0.1
            self.down.weight *= 0.3

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, P, C), mask (B, P, 1) of 1 and 0 -> (B, P, C)."""
        x = self.attention(x, mask)
        return x + self.down(self.gelu(self.up(self.norm(x))))


class SharedLayers(nn.ModuleList):
    """Layers in a row that have their weights in common.

    They are modules of their own, so that each of their operations has a name.
    """

    def __init__(self, count: int, channels: int, heads: int):
        super().__init__(Layer(channels, heads) for _ in range(count))
        for layer in list(self)[1:]:
            for ours, first in zip(layer.modules(), self[0].modules(), strict=True):
                for name, weight in first.named_parameters(recurse=False):
                    setattr(ours, name, weight)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, P, C), mask (B, P, 1) of 1 and 0 -> (B, P, C)."""
        for layer in self:
            x = layer(x, mask)
        return x
