"""Small speech models as other people build them, from torch parts, with random weights.

Shapes: B batch, T time steps, C channels, L samples or frames. Every class says whose architecture
it follows; `MODELS` holds one of each, with an input.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations


def normed(module: nn.Module) -> nn.Module:
    return parametrizations.weight_norm(module)


class ResidualStack(nn.Module):
    """Dilated convolutions with residual connections."""

    def __init__(self, channels: int, dilations: tuple[int, ...] = (1, 3)):
        super().__init__()
        self.convs = nn.ModuleList(
            normed(nn.Conv1d(channels, channels, 3, padding=d, dilation=d)) for d in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = x + conv(F.leaky_relu(x, 0.1))
        return x


class HiFiGAN(nn.Module):
    """Generator of HiFi-GAN: mel frames (B, 16, T) -> wave (B, 1, 8 T)."""

    def __init__(self):
        super().__init__()
        self.pre = normed(nn.Conv1d(16, 32, 7, padding=3))
        self.ups = nn.ModuleList(
            normed(nn.ConvTranspose1d(32 >> i, 16 >> i, 2 * rate, rate, padding=rate // 2))
            for i, rate in enumerate((4, 2))
        )
        self.stacks = nn.ModuleList(ResidualStack(16 >> i) for i in range(2))
        self.post = normed(nn.Conv1d(8, 1, 7, padding=3))

    def forward(self, mel: Tensor) -> Tensor:
        x = self.pre(mel)
        for up, stack in zip(self.ups, self.stacks, strict=True):
            x = stack(up(F.leaky_relu(x, 0.1)))
        return torch.tanh(self.post(F.leaky_relu(x)))


class ConvNeXt(nn.Module):
    """One block of Vocos' backbone on (B, C, T)."""

    def __init__(self, channels: int):
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.up = nn.Linear(channels, 2 * channels)
        self.gelu = nn.GELU()
        self.down = nn.Linear(2 * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x).transpose(1, 2))
        y = self.scale * self.down(self.gelu(self.up(y)))
        return x + y.transpose(1, 2)


class Vocos(nn.Module):
    """Backbone and inverse-STFT head of Vocos: mel frames (B, 16, T) -> wave (B, L)."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv1d(16, 32, 7, padding=3)
        self.blocks = nn.ModuleList(ConvNeXt(32) for _ in range(2))
        self.norm = nn.LayerNorm(32, eps=1e-6)
        self.out = nn.Linear(32, 34)
        self.register_buffer("window", torch.hann_window(32))

    def forward(self, mel: Tensor) -> Tensor:
        x = self.embed(mel)
        for block in self.blocks:
            x = block(x)
        magnitude, phase = self.out(self.norm(x.transpose(1, 2))).transpose(1, 2).chunk(2, 1)
        magnitude = torch.exp(magnitude).clip(max=1e2)
        spectrum = torch.complex(magnitude * torch.cos(phase), magnitude * torch.sin(phase))
        return torch.istft(spectrum, 32, 8, 32, self.window, center=True)


class LocationAttention(nn.Module):
    """Tacotron 2's attention: where it looked before tells where to look."""

    def __init__(self, query: int, memory: int, width: int):
        super().__init__()
        self.query = nn.Linear(query, width, bias=False)
        self.memory = nn.Linear(memory, width, bias=False)
        self.location = nn.Conv1d(2, 8, 5, padding=2, bias=False)
        self.dense = nn.Linear(8, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, query: Tensor, memory: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        place = self.dense(self.location(seen).transpose(1, 2))
        energy = self.score(
            torch.tanh(self.query(query).unsqueeze(1) + place + self.memory(memory))
        )
        weights = F.softmax(energy.squeeze(-1), dim=-1)
        return torch.bmm(weights.unsqueeze(1), memory).squeeze(1), weights


class Tacotron(nn.Module):
    """Encoder LSTM and autoregressive decoder of Tacotron 2: phones (B, T) -> mel (B, 3, 16)."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 16)
        self.encoder = nn.LSTM(16, 8, batch_first=True, bidirectional=True)
        self.prenet = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Dropout(0.5))
        self.cell = nn.LSTMCell(32, 24)
        self.attention = LocationAttention(24, 16, 16)
        self.mel = nn.Linear(40, 16)

    def forward(self, phones: Tensor) -> Tensor:
        memory, _ = self.encoder(self.embedding(phones))
        batch, length, _ = memory.shape
        frame, context = memory.new_zeros(batch, 16), memory.new_zeros(batch, 16)
        hidden, cell = memory.new_zeros(batch, 24), memory.new_zeros(batch, 24)
        seen, frames = memory.new_zeros(batch, 2, length), []
        for _ in range(3):
            step = torch.cat((self.prenet(frame), context), -1)
            hidden, cell = self.cell(step, (hidden, cell))
            context, weights = self.attention(hidden, memory, seen)
            seen = torch.stack((weights, seen[:, 1] + weights), 1)
            frame = self.mel(torch.cat((hidden, context), -1))
            frames.append(frame)
        return torch.stack(frames, 1)


class TransformerEncoder(nn.Module):
    """FastSpeech's kind of encoder: phones (B, T) with sinusoidal positions -> (B, T, 32)."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)
        angle = torch.arange(64)[:, None] * torch.exp(
            torch.arange(0, 32, 2) * (-math.log(1e4) / 32)
        )
        self.register_buffer("positions", torch.cat((angle.sin(), angle.cos()), -1))

    def forward(self, phones: Tensor) -> Tensor:
        x = self.embedding(phones) * math.sqrt(32) + self.positions[: phones.shape[1]]
        return self.layers(x, src_key_padding_mask=phones == 0)


class RelativeAttention(nn.Module):
    """Self attention with learned relative positions, as in VITS, on (B, T, 32)."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(32, 96)
        self.relative = nn.Parameter(torch.randn(9, 16) * 0.25)
        self.out = nn.Linear(32, 32)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (p.unflatten(-1, (2, 16)).transpose(1, 2) for p in self.qkv(x).chunk(3, -1))
        place = torch.arange(x.shape[1])
        distance = (place[None] - place[:, None]).clamp(-4, 4) + 4
        near = torch.einsum("bhtd,rd->bhtr", q, self.relative)
        near = near.gather(-1, distance.expand(*near.shape[:2], -1, -1))
        weights = ((q @ k.transpose(-1, -2) + near) / 4.0).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).flatten(2))


class AdaIN(nn.Module):
    """Instance norm whose scale and shift come from a style (B, S)."""

    def __init__(self, style: int, channels: int):
        super().__init__()
        self.norm = nn.InstanceNorm1d(channels, affine=True)
        self.style = nn.Linear(style, 2 * channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.style(style).unsqueeze(-1).chunk(2, 1)
        return (1 + scale) * self.norm(x) + shift


class StyleBlock(nn.Module):
    """StyleTTS 2 and Kokoro: packed LSTM, AdaIN, Snake, upsampling: (B, T, 16) -> (B, 16, 2 T)."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 8, batch_first=True, bidirectional=True)
        self.norms = nn.ModuleList(AdaIN(8, 16) for _ in range(2))
        self.convs = nn.ModuleList(normed(nn.Conv1d(16, 16, 3, padding=1)) for _ in range(2))
        self.alpha = nn.Parameter(torch.rand(1, 16, 1) + 0.5)

    def forward(self, x: Tensor, lengths: Tensor, style: Tensor) -> Tensor:
        x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        x = nn.utils.rnn.pad_packed_sequence(self.lstm(x)[0], batch_first=True)[0].transpose(1, 2)
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        for norm, conv in zip(self.norms, self.convs, strict=True):
            y = norm(x, style)
            y = y + (1 / self.alpha) * (torch.sin(self.alpha * y) ** 2)
            x = (x + conv(y)) * torch.rsqrt(torch.tensor(2.0))
        return x


class Conformer(nn.Module):
    """One block of a conformer on (B, T, 32): half steps, attention, convolution."""

    def __init__(self):
        super().__init__()
        self.first, self.last = (
            nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 64), nn.SiLU(), nn.Linear(64, 32))
            for _ in range(2)
        )
        self.attention_norm, self.convolution_norm = nn.LayerNorm(32), nn.LayerNorm(32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.convolution = nn.Sequential(
            nn.Conv1d(32, 64, 1),
            nn.GLU(dim=1),
            nn.Conv1d(32, 32, 7, padding=3, groups=32),
            nn.BatchNorm1d(32),
            nn.SiLU(),
            nn.Conv1d(32, 32, 1),
        )
        self.norm = nn.LayerNorm(32)

    def forward(self, x: Tensor) -> Tensor:
        x = x + 0.5 * self.first(x)
        y = self.attention_norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.convolution(self.convolution_norm(x).transpose(1, 2)).transpose(1, 2)
        return self.norm(x + 0.5 * self.last(x))


class PostNet(nn.Module):
    """A two-dimensional convolutional post-net: spectrogram (B, 1, T, 16) -> the same."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.PReLU(16),
            nn.Conv2d(16, 16, 3, padding=1, stride=2),
            nn.GroupNorm(4, 16),
            nn.Mish(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Recurrent(nn.Module):
    """Two GRU layers and log-probabilities, as in duration and alignment models: (B, T, 16)."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(16, 16, num_layers=2, batch_first=True, bidirectional=True)
        self.cell = nn.GRUCell(32, 16)
        self.out = nn.Linear(16, 12)

    def forward(self, x: Tensor) -> Tensor:
        x, last = self.gru(x)
        return F.log_softmax(self.out(self.cell(x.mean(1), last[-1])), dim=-1)


@dataclass(frozen=True)
class Foreign:
    """make: builds the model. inputs: of its forward. unemulated: calls that have no rule."""

    make: Callable[[], nn.Module]
    inputs: Callable[[], tuple[Tensor, ...]]
    unemulated: tuple[str, ...] = ()

    def built(self) -> nn.Module:
        """In evaluation, with the same weights every time, and norms that have seen data."""
        torch.manual_seed(0)
        model = self.make().eval()
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                nn.init.normal_(module.running_mean, std=0.2)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
        return model


def _phones() -> tuple[Tensor]:
    return (torch.tensor([[3, 7, 1, 12, 5, 9], [4, 4, 19, 2, 0, 0]]),)


def _noise(*shape: int) -> Callable[[], tuple[Tensor, ...]]:
    return lambda: (torch.randn(shape, generator=torch.Generator().manual_seed(1)),)


MODELS = {
    "hifi_gan": Foreign(HiFiGAN, _noise(2, 16, 9)),
    "vocos": Foreign(Vocos, _noise(2, 16, 9), ("istft",)),
    "tacotron": Foreign(Tacotron, _phones),
    "transformer": Foreign(TransformerEncoder, _phones),
    "relative_attention": Foreign(RelativeAttention, _noise(2, 7, 32)),
    "style_block": Foreign(
        StyleBlock, lambda: (*_noise(2, 9, 16)(), torch.tensor([6, 9]), *_noise(2, 8)())
    ),
    "conformer": Foreign(Conformer, _noise(2, 11, 32)),
    "post_net": Foreign(PostNet, _noise(2, 1, 10, 16)),
    "recurrent": Foreign(Recurrent, _noise(2, 6, 16)),
}
