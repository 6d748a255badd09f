"""A natural voice: text in, speech out."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.executors import executor_of
from lightning_v2.model.checkpoint import CONFIG, WEIGHTS, CheckpointError, file_digest
from lightning_v2.model.natural.checkpoint import load_checkpoint, weights_digest
from lightning_v2.model.natural.config import BINS, HOP, SAMPLE_RATE, STEP, NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.source import LOWEST_F0
from lightning_v2.model.protocol import Given
from lightning_v2.model.speech import Speech
from lightning_v2.noise import check_seed
from lightning_v2.sources import state
from lightning_v2.text import TextError
from lightning_v2.text.misaki import misaki_sentences, parts, unspoken
from lightning_v2.threads import torch_threads

_QUANTILES = 2**16

_EDGE = "_"
"""What stands for the silence at both ends of a sentence; its row is 0."""

_RAW_F0 = "f0"
"""Under which a speech keeps F0 as it was predicted: unvoiced frames have small values there."""


Spoken = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Of one sentence: durations (1, P) in steps, F0 (1, T) in Hz, waveform (1, N)."""


@dataclass(frozen=True, eq=False)
class NaturalLine:
    """One sentence for a network to speak. P phones, T frames.

    Attributes:
        phones: int64 (1, P).
        durations: (1, P) steps, or None if they are to be predicted.
        f0: (1, T) Hz, or None.
        generator: of its noise.
    """

    phones: torch.Tensor
    durations: torch.Tensor | None
    f0: torch.Tensor | None
    generator: np.random.Generator

    def noise(self, frames: int) -> torch.Tensor:
        """White noise of unit variance for so many frames, (1, T, 2, K); drawn once."""
        return torch.from_numpy(white_noise((1, frames, 2, BINS), self.generator))


@dataclass(frozen=True, eq=False)
class NaturalVoice:
    """A voice that was trained on what a teacher says: see `model.protocol.Voice`.

    Attributes:
        name: of the voice.
        model: the network, in evaluation mode.
        config: its sizes.
        symbols: phone -> row of the embedding.
        adapted: what plans call them -> folder of weights that have learned those plans.
    """

    name: str
    model: NaturalNetwork
    config: NaturalConfig
    symbols: Mapping[str, int]
    adapted: Mapping[str, Path] = field(default_factory=dict)
    sample_rate: int = SAMPLE_RATE
    _networks: dict[str, NaturalNetwork] = field(default_factory=dict, repr=False)
    takes: ClassVar[frozenset[Given]] = frozenset({"durations", "f0"})
    prosody_sites: ClassVar[tuple[str, ...]] = ("duration.*", "prosody.pitch")

    @property
    def digest(self) -> str:
        """SHA-256 of its weights as they are in memory, and of the adapted ones."""
        own = weights_digest(self.model)
        files = {name: path / WEIGHTS for name, path in self.adapted.items()}
        others = [f"{name} {_digest(path, state(path))}" for name, path in files.items()]
        return hashlib.sha256("\n".join((own, *others)).encode()).hexdigest() if others else own

    def network(self, adapted: str = "") -> NaturalNetwork:
        """The network that speaks under a plan: where weights of that name have learned it, with
        those.

        Raises:
            CheckpointError: their files are damaged, or are of another kind of voice.
        """
        if adapted not in self.adapted:
            return self.model
        if adapted not in self._networks:
            network, config, symbols = load_checkpoint(self.adapted[adapted])
            if (config, symbols) != (self.config, self.symbols):
                raise CheckpointError(f"{self.adapted[adapted]} is of another voice: other sizes")
            self._networks[adapted] = network
        return self._networks[adapted]

    def phonemize(self, text: str) -> tuple[str, ...]:
        """The phones of a text, in the alphabet of misaki.

        Raises:
            TextError: there is nothing to say, or the text holds control characters.
        """
        return tuple(phone for sentence in self.read(text) for phone in sentence)

    def synthesize(
        self, text: str | list[str], *, seed: int = 0, forced: Speech | None = None
    ) -> Speech | list[Speech]:
        """Speak a text, or each text of a list, sentence by sentence.

        The same text, seed and voice give the same bits, for any number of threads.

        Args:
            text: English, of any length.
            seed: of the noise.
            forced: another speech of the same text by this voice; its durations, in whole steps of
                two frames, and its F0 are used in place of predicted ones (teacher-forced). Without
                F0 (an empty array) it forces the durations only.

        Raises:
            TextError: there is nothing to say, or the text holds control characters.
            ArgumentError: `forced` is speech of another text, or the seed is negative.
        """
        check_seed(seed)
        if not isinstance(text, str):
            return [self.synthesize(one, seed=seed, forced=forced) for one in text]
        executor = executor_of(self.model)
        network = self.model if executor.by is None else executor.by
        # A voice speaks in float32, or as its plan says, whatever autocast is around it.
        autocast = torch.autocast("cpu", enabled=False)
        with torch.inference_mode(), autocast, torch_threads(1):
            sentences = self.read(text)
            spoken = [_say(network, line) for line in self.lines(sentences, seed, forced)]
            return self.speech(text, sentences, spoken, seed, executor.plan, executor.tier)

    def read(self, text: str, longest: int | None = None) -> list[tuple[str, ...]]:
        """The phones of each sentence, with the silence at its ends.

        longest: phones of a sentence; one with more is cut in parts, see `text.misaki.parts`.

        Raises:
            TextError: there is nothing to say, or the text holds control characters.
        """
        known = self.symbols
        found = (tuple(p for p in phones if p in known) for phones in misaki_sentences(text))
        if longest is not None:
            found = (part for phones in found for part in parts(phones, longest - 2))
        sentences = [(_EDGE, *phones, _EDGE) for phones in found if phones]
        if not sentences:
            raise TextError(f"there is nothing to say in {text!r}")
        return sentences

    def lines(
        self, sentences: Sequence[tuple[str, ...]], seed: int, forced: Speech | None
    ) -> list[NaturalLine]:
        """What a network is asked for, sentence by sentence.

        Raises:
            ArgumentError: `forced` is speech of another text.
        """
        given = _split(forced, sentences)
        return [
            NaturalLine(
                torch.tensor([[self.symbols.get(phone, 0) for phone in phones]]),
                *(None if x is None else torch.from_numpy(x)[None] for x in part),
                np.random.default_rng([seed, index]),
            )
            for index, (phones, part) in enumerate(zip(sentences, given, strict=True))
        ]

    def speech(
        self,
        text: str,
        sentences: Sequence[tuple[str, ...]],
        spoken: Sequence[Spoken],
        seed: int,
        plan: str | None,
        tier: str | None,
    ) -> Speech:
        """The speech of a text whose sentences were spoken; plan, tier: as in `Speech`."""
        durations, f0, waves = (
            [x[0].numpy() for x in column] for column in zip(*spoken, strict=True)
        )
        raw = np.concatenate(f0)
        return Speech(
            text=text,
            waveform=np.concatenate(waves),
            phonemes=tuple(phone for sentence in sentences for phone in sentence),
            durations=np.concatenate(durations) * np.float32(STEP),
            f0=_voiced(raw),
            decisions={_RAW_F0: raw},
            frames=tuple(map(len, f0)),
            seed=seed,
            unspoken=unspoken(text),
            sample_rate=SAMPLE_RATE,
            hop=HOP,
            plan=plan,
            tier=tier,
        )


def white_noise(shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Noise of unit variance, float32: each value one of 65,536 quantiles of the normal
    distribution, which are several times faster to draw than the distribution itself."""
    count = math.prod(shape)
    drawn = generator.bit_generator.random_raw(-(-count // 4)).view(np.uint16)[:count]
    return np.take(_quantiles(), drawn.reshape(shape), mode="clip")  # no index to be checked


@cache
def _quantiles() -> np.ndarray:
    shares = (torch.arange(_QUANTILES, dtype=torch.float64) + 0.5) / _QUANTILES
    return torch.special.ndtri(shares).float().numpy()


@lru_cache(maxsize=64)
def _digest(path: Path, state: tuple[int, ...]) -> str:
    """SHA-256 of a file, read again in another state."""
    return file_digest(path)


def load_folder(folder: Path) -> NaturalVoice:
    """The voice of a checkpoint.

    Raises:
        CheckpointError: if its files are damaged or foreign.
    """
    adapted = {path.parent.name: path.parent for path in sorted(folder.glob(f"adapted/*/{CONFIG}"))}
    return NaturalVoice(folder.resolve().name, *load_checkpoint(folder), adapted)


def _say(network: Any, line: NaturalLine) -> Spoken:
    frames = network.acoustics(line.phones, line.durations, line.f0)
    wave = network.wave(frames, line.noise(frames.f0.shape[1]))
    return frames.durations, frames.f0, wave


def _voiced(f0: np.ndarray) -> np.ndarray:
    return np.where(f0 > LOWEST_F0, f0, np.float32(0))


def _split(
    forced: Speech | None, sentences: Sequence[tuple[str, ...]]
) -> list[tuple[np.ndarray | None, np.ndarray | None]]:
    """Steps (P,) and F0 (T,) of each sentence, or Nones."""
    if forced is None:
        return [(None, None)] * len(sentences)
    phones = tuple(phone for sentence in sentences for phone in sentence)
    if forced.phonemes != phones or len(forced.frames) != len(sentences):
        raise ArgumentError(
            f"forced is speech of another text: {forced.text!r} has {len(forced.phonemes)} phones "
            f"in {len(forced.frames)} sentences, this one {len(phones)} in {len(sentences)}"
        )
    raw = forced.decisions.get(_RAW_F0)
    if raw is None or len(raw) != len(forced.f0):
        raw = forced.f0
    f0 = np.where(_voiced(raw) == forced.f0, raw, forced.f0)  # who changed it, meant it
    parts, phone, frame = [], 0, 0
    for sentence, count in zip(sentences, forced.frames, strict=True):
        ends = np.cumsum(forced.durations[phone : phone + len(sentence)], dtype=np.float64)
        steps = np.diff(np.round(ends / STEP), prepend=0.0).astype(np.float32)
        pitch = f0[frame : frame + STEP * int(steps.sum())] if len(f0) else None
        parts.append((steps, pitch))
        phone, frame = phone + len(sentence), frame + count
    return parts
