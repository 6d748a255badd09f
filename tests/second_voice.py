"""A voice of another architecture: letters to bars of sound, at a rate and with frames of its own.

It tells neither durations nor F0, and can be given neither: how long each letter lasts is decided
by rounding inside its network. Noise comes from a seed, and everything it says is heard.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.errors import ArgumentError
from lightning_v2.executors import executor_of
from lightning_v2.model import Speech
from lightning_v2.text import TextError

LETTERS = " abcdefghijklmnopqrstuvwxyz"
RATE, HOP, WIDTH = 16000, 200, 32
MOST_LETTERS = 60


class Bars(nn.Module):
    """Letters (1, P) and noise (1, T, 200) to a waveform (1, N), in frames of 200 samples."""

    def __init__(self):
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), WIDTH)
        self.length = nn.Linear(WIDTH, 1)
        self.mix = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.norm = nn.LayerNorm(WIDTH)
        self.sound = nn.Linear(WIDTH, HOP)

    def lengths(self, hidden: Tensor) -> Tensor:
        """Frames of each letter, int64 (P,)."""
        return (8 + 2 * self.length(hidden)[0, :, 0]).round().long().clamp(min=2)

    def forward(self, letters: Tensor, lengths: Tensor | None, noise: Tensor) -> tuple:
        hidden = self.letters(letters)
        free = self.lengths(hidden)
        lengths = free if lengths is None else lengths
        frames = hidden.repeat_interleave(lengths, 1)
        mixed = self.norm(torch.relu(self.mix(frames.transpose(1, 2)).transpose(1, 2)))
        bars = self.sound(mixed) + 0.02 * noise[:, : frames.shape[1]]
        return 0.2 * torch.tanh(bars).flatten(1), lengths


@dataclass(frozen=True, eq=False)
class SecondVoice:
    name: str
    model: Bars
    digest: str
    sample_rate: int = RATE
    takes: ClassVar[frozenset] = frozenset()
    prosody_sites: ClassVar[tuple[str, ...]] = ()

    def phonemize(self, text: str) -> tuple[str, ...]:
        letters = tuple(letter for letter in text.lower() if letter in LETTERS)
        if not 1 <= len(letters) <= MOST_LETTERS:
            raise TextError(f"{len(letters)} letters; this voice speaks 1 to {MOST_LETTERS}")
        return letters

    def synthesize(self, text, *, seed=0, forced=None):
        if not isinstance(text, str):
            return [self.synthesize(one, seed=seed, forced=forced) for one in text]
        letters = self.phonemize(text)
        if forced is not None and forced.phonemes != letters:
            raise ArgumentError("forced is speech of another text")
        noise = np.random.default_rng(seed).standard_normal((1, 40 * len(letters), HOP))
        executor = executor_of(self.model)
        lengths = None if forced is None else torch.from_numpy(forced.decisions["lengths"])
        with torch.inference_mode():
            wave, lengths = self.model(
                torch.tensor([[LETTERS.index(letter) for letter in letters]]),
                lengths,
                torch.from_numpy(noise.astype(np.float32)),
            )
        return Speech(
            text=text,
            waveform=wave[0].numpy(),
            phonemes=letters,
            seed=seed,
            sample_rate=RATE,
            hop=HOP,
            decisions={"lengths": lengths.numpy()},
            plan=executor.plan,
            tier=executor.tier,
        )


def load(folder: Path) -> SecondVoice:
    """The loader that an entry point names: all there is on disk is a seed of the weights."""
    seed = json.loads((folder / "config.json").read_text())["seed"]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Bars().eval().requires_grad_(False)
    weights = b"".join(value.numpy().tobytes() for value in model.state_dict().values())
    return SecondVoice(folder.name, model, hashlib.sha256(weights).hexdigest())


def install(place: Path) -> Path:
    """Write a distribution that brings this voice into a folder of `sys.path`; the voice's own."""
    entry = place / "second_voice-1.dist-info"
    entry.mkdir()
    (entry / "METADATA").write_text("Metadata-Version: 2.1\nName: second-voice\nVersion: 1\n")
    (entry / "entry_points.txt").write_text(
        "[lightning_v2.voices]\nsecond-voice/1 = tests.second_voice:load\n"
    )
    folder = place / "bars"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"format": "second-voice/1", "seed": 3}))
    return folder
