"""Blocks of the natural voice. Letters: B batch, T time, C channels."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import has_torch_function_unary

from lightning_v2.model.layers import DepthwiseConv


class ShiftedConv(DepthwiseConv):
    """A depthwise convolution that is fast on a CPU.

    It trains as a sum of shifted products: torch's gradient of grouped convolutions takes several
    times as long as all else in a block. It speaks as a convolution of images one frame high, whose
    channels may lie last in memory, as they do here.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        if has_torch_function_unary(x):  # who looks on sees the convolution that it is
            return super().forward(x)
        (taps,), (edge,) = self.kernel_size, self.padding
        if self.training:
            time = x.shape[1]
            padded = F.pad(x, (0, 0, edge, edge))
            products = (padded[:, i : i + time] * self.weight[:, 0, i] for i in range(taps))
            return sum(products, self.bias)
        image, weight = x.transpose(1, 2).unsqueeze(2), self.weight.unsqueeze(2)
        y = F.conv2d(image, weight, self.bias, padding=(0, edge), groups=self.groups)
        return y.squeeze(2).transpose(1, 2)


class Block(nn.Module):
    """Depthwise convolution, norm, and a two-layer perceptron around a residual connection.

    Source: Z. Liu et al., "A ConvNet for the 2020s", CVPR 2022.
    """

    def __init__(self, channels: int, inner: int, kernel: int = 7):
        super().__init__()
        self.depthwise = ShiftedConv(channels, kernel)
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
    """Blocks in a row. Padding of a batch is kept at zero, as beyond the edges."""

    def __init__(self, count: int, channels: int, inner: int, kernel: int = 7):
        super().__init__(Block(channels, inner, kernel) for _ in range(count))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T, C), mask (B, T, 1) of 1 and 0 -> (B, T, C)."""
        for block in self:
            x = block(x if mask is None else x * mask)
        return x
