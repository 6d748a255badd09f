"""Modules of the kinds that people bring, small and with random weights: mechanics, not voices."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

RATE, MELS, HOP = 24000, 16, 64


def made(kind, *args, seed=0):
    """A module with the weights of a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(*args).eval()


def mel(frames: int = 40, seed: int = 1) -> Tensor:
    """(1, MELS, frames)."""
    return torch.randn(1, MELS, frames, generator=torch.Generator().manual_seed(seed))


class Residual(nn.Module):
    def __init__(self, width, dilation):
        super().__init__()
        self.wide = weight_norm(nn.Conv1d(width, width, 3, dilation=dilation, padding="same"))
        self.narrow = weight_norm(nn.Conv1d(width, width, 3, padding="same"))
        self.relu = nn.LeakyReLU(0.1)

    def forward(self, x):
        return x + self.narrow(self.relu(self.wide(self.relu(x))))


class Generator(nn.Module):
    """In the manner of HiFi-GAN: mel (1, MELS, T) to a wave (1, 1, 64 T)."""

    def __init__(self, width=32):
        super().__init__()
        self.pre = weight_norm(nn.Conv1d(MELS, width, 7, padding=3))
        self.ups = nn.ModuleList()
        self.blocks = nn.ModuleList()
        for _ in range(2):
            self.ups.append(weight_norm(nn.ConvTranspose1d(width, width // 2, 16, 8, 4)))
            width //= 2
            self.blocks.append(nn.Sequential(Residual(width, 1), Residual(width, 3)))
        self.relu = nn.LeakyReLU(0.1)
        self.post = weight_norm(nn.Conv1d(width, 1, 7, padding=3))

    def forward(self, mel):
        x = self.pre(mel)
        for up, block in zip(self.ups, self.blocks, strict=True):
            x = block(up(self.relu(x)))
        return torch.tanh(self.post(self.relu(x)))


class VocosHead(nn.Module):
    """In the manner of Vocos: mel (1, MELS, T) to a wave (1, 64 (T - 1)), by an inverse STFT."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv1d(MELS, 32, 7, padding=3)
        self.depthwise = nn.Conv1d(32, 32, 7, padding=3, groups=32)
        self.norm = nn.LayerNorm(32)
        self.up, self.gelu, self.down = nn.Linear(32, 96), nn.GELU(), nn.Linear(96, 32)
        self.out = nn.Linear(32, 2 * (2 * HOP + 1))
        self.register_buffer("window", torch.hann_window(4 * HOP))

    def forward(self, mel):
        x = self.embed(mel)
        y = self.norm(self.depthwise(x).transpose(1, 2))
        x = x.transpose(1, 2) + self.down(self.gelu(self.up(y)))
        magnitude, phase = self.out(x).transpose(1, 2).chunk(2, dim=1)
        spectrum = magnitude.exp().clip(max=10) * torch.exp(1j * phase)
        return torch.istft(spectrum, 4 * HOP, HOP, 4 * HOP, self.window)


class Conditioned(nn.Module):
    """Keyword inputs: a mel and the number of a speaker."""

    def __init__(self):
        super().__init__()
        self.speakers = nn.Embedding(4, MELS)
        self.generator = Generator(16)

    def forward(self, mel, *, speaker):
        return {"wave": self.generator(mel + self.speakers(speaker)[..., None])}


class OneDict(nn.Module):
    """One input, which is a dict."""

    def __init__(self):
        super().__init__()
        self.generator = Generator(16)

    def forward(self, batch):
        return self.generator(batch["mel"])


class Noisy(nn.Module):
    """Far more noise than signal, drawn from torch's generator."""

    def __init__(self):
        super().__init__()
        self.generator = Generator(16)

    def forward(self, mel):
        x = mel + 10 * torch.randn_like(mel)
        wave = self.generator(x)
        return wave + torch.rand_like(wave)


class Acoustic(nn.Module):
    """Tokens (1, P) to a mel (1, 4 P, MELS) and its length."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(27, MELS)
        self.mix = nn.Linear(MELS, MELS)

    def forward(self, tokens):
        mel = self.mix(self.tokens(tokens)).repeat_interleave(4, 1)
        return mel, mel.shape[1]


def tokens(text: str) -> Tensor:
    """Letters of a text as numbers (1, P)."""
    return torch.tensor([[max(0, ord(letter) - 96) % 27 for letter in text.lower()]])


def chain() -> dict[str, object]:
    """Two stages, and what takes the mel out between them."""
    return {
        "acoustic": made(Acoustic),
        "mel": lambda given, length: given[:, :length].transpose(1, 2),
        "vocoder": made(Generator),
    }
