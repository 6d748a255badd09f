"""The kinds of layer that the voice is made of. Letters: B batch, T time, C channels, H heads."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import has_torch_function_unary


class DepthwiseConv(nn.Conv1d):
    """A convolution over time of each channel by itself, on (B, T, C), whose taps are `dilation`
    steps apart.

    On a CPU it trains fast as a sum of shifted products: torch's gradient of grouped convolutions
    takes several times as long as all else in a block.
    """

    def __init__(self, channels: int, kernel: int, dilation: int = 1):
        padding = dilation * (kernel // 2)
        super().__init__(
            channels, channels, kernel, padding=padding, dilation=dilation, groups=channels
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        if has_torch_function_unary(x) or not self.training:
            return super().forward(x.transpose(1, 2)).transpose(1, 2)
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
        self.depthwise = DepthwiseConv(channels, kernel, dilation)
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


class Scores(nn.Module):
    """Products of queries and keys; the scale is already in the queries."""

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """(B, H, T, C), (B, H, T, C) -> (B, H, T, T)."""
        return torch.matmul(query, key.transpose(-1, -2))


class Context(nn.Module):
    """Values weighted by attention."""

    def forward(self, attention: Tensor, value: Tensor) -> Tensor:
        """(B, H, T, T), (B, H, T, C) -> (B, H, T, C)."""
        return torch.matmul(attention, value)


class Attention(nn.Module):
    """Self-attention over a whole sentence around a residual connection."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.scores = Scores()
        self.softmax = nn.Softmax(dim=-1)
        self.context = Context()
        self.output = nn.Linear(channels, channels)
        with torch.no_grad():  # the usual scale of the scores, 1 / sqrt(head width)
            self.query_key_value.weight[:channels] /= math.sqrt(channels // heads)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T, C), mask (B, T, 1) of 1 and 0 -> (B, T, C)."""
        batch, time, channels = x.shape
        split = self.query_key_value(self.norm(x)).view(batch, time, 3, self.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        scores = self.scores(query, key)
        if mask is not None:
            scores = scores.masked_fill(mask.view(batch, 1, 1, time) == 0, -1e4)
        context = self.context(self.softmax(scores), value)
        return x + self.output(context.transpose(1, 2).reshape(batch, time, channels))


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


class Basis(nn.Module):
    """A fixed linear transform: one matmul with a constant (K, N) matrix."""

    def __init__(self, basis: Tensor):
        super().__init__()
        self.register_buffer("basis", basis, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., K) -> (..., N)."""
        return torch.matmul(x, self.basis)


class LeftBasis(nn.Module):
    """A fixed linear transform whose constant (N, K) is the left operand of its product.

    In LoFi a product takes 7 significand bits of its left operand and 5 of its right one
    (docs/numerics.md, section 3). What is cut off a constant is in every output as noise; what is
    cut off a value is a share of that value and stays where it is loud.
    """

    def __init__(self, basis: Tensor):
        super().__init__()
        self.register_buffer("basis", basis, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, K) -> (B, T, N)."""
        return torch.matmul(self.basis, x.mT).mT


class Taps(nn.Linear):
    """A dense convolution over time as one linear layer on neighbouring frames side by side."""

    def __init__(self, channels: int, outputs: int, kernel: int):
        super().__init__(kernel * channels, outputs)
        self.kernel = kernel

    def windows(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C * kernel), zeros beyond the edges."""
        padded = F.pad(x, (0, 0, self.kernel // 2, self.kernel // 2))
        return padded.unfold(1, self.kernel, 1).flatten(2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, outputs)."""
        return super().forward(self.windows(x))
