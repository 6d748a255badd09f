"""Modules that several tests intercept."""

import torch
from torch import nn


class Calls(nn.Module):
    """Runs a given function as its forward."""

    def __init__(self, function):
        super().__init__()
        self.inner = nn.Identity()  # makes it a container
        self.function = function

    def forward(self, *args):
        return self.function(*args)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(32)
        self.up = nn.Linear(32, 64)
        self.gelu = nn.GELU()
        self.down = nn.Linear(64, 32)

    def forward(self, x):
        return x + self.down(self.gelu(self.up(self.norm(x)))) * 0.5


class Net(nn.Module):
    """Linear, norms, attention, convolution, constant basis, and an operation nobody emulates."""

    nobody_emulates = staticmethod(torch.fft.rfft)

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.depthwise = nn.Conv1d(32, 32, 3, padding=1, groups=32)
        self.softmax = nn.Softmax(-1)
        self.register_buffer("basis", torch.randn(32, 32))
        self.recurrent = nn.LSTM(32, 32, batch_first=True)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        scores = torch.matmul(x, x.transpose(-1, -2))
        x = self.softmax(scores) @ x + x
        x = x @ self.basis
        self.nobody_emulates(x)
        return self.recurrent(x + x)[0]
