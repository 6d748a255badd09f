"""A voice: text in, speech out."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.executors import executor_of
from lightning_v2.model.checkpoint import load_checkpoint, weights_digest
from lightning_v2.model.config import HOP, SAMPLE_RATE, VoiceConfig
from lightning_v2.model.network import Frames, Network
from lightning_v2.model.protocol import Given
from lightning_v2.model.speech import Speech
from lightning_v2.noise import check_seed
from lightning_v2.text import Sentence, features, normalize, phone_indices, to_sentences
from lightning_v2.threads import torch_threads


@dataclass(frozen=True, eq=False)
class Line:
    """One sentence for a network to speak. P phones, T frames.

    Attributes:
        phones: int64 (1, P).
        features: (1, P, 32).
        ends: (1, P) frames, or None if they are to be predicted.
        f0: (1, T) Hz, 0 where unvoiced, or None.
        generator: of its noise.
    """

    phones: torch.Tensor
    features: torch.Tensor
    ends: torch.Tensor | None
    f0: torch.Tensor | None
    generator: np.random.Generator

    def noise(self, frames: int) -> torch.Tensor:
        """White noise of unit variance for so many frames, (1, N); drawn once."""
        shape = 1, frames * HOP
        return torch.from_numpy(self.generator.standard_normal(shape, dtype=np.float32))


@dataclass(frozen=True)
class Script:
    """A text as sentences.

    Attributes:
        text: as given.
        sentences: in order.
        seed: of the noise.
        unspoken: characters of the text that nobody can say.
    """

    text: str
    sentences: tuple[Sentence, ...]
    seed: int = 0
    unspoken: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, seed: int = 0) -> Self:
        """A text, normalised and read.

        Raises:
            TextError: if there is nothing to say, or the text holds control characters.
        """
        normalized = normalize(text)
        return cls(text, tuple(to_sentences(normalized)), seed, normalized.unspoken)

    @property
    def phones(self) -> tuple[str, ...]:
        return tuple(phone for sentence in self.sentences for phone in sentence.phones)


@dataclass(frozen=True, eq=False)
class SourceFilterVoice:
    """The voice that is trained here: phones to frames, a source, and filters that shape it.

    Attributes:
        name: of the voice.
        model: the network, in evaluation mode.
        config: its sizes.
    """

    name: str
    model: Network
    config: VoiceConfig
    sample_rate: int = SAMPLE_RATE
    takes: ClassVar[frozenset[Given]] = frozenset({"durations", "f0"})
    prosody_sites: ClassVar[tuple[str, ...]] = ("pitch.*", "duration.*")

    def phonemize(self, text: str) -> tuple[str, ...]:
        """The phones of a text.

        Raises:
            TextError: if there is nothing to say, or the text holds control characters.
        """
        return Script.of(text).phones

    @property
    def digest(self) -> str:
        """SHA-256 of its weights as they are in memory, which takes some hundredths of a second.

        That of the file that they came from, until somebody changes them.
        """
        return weights_digest(self.model, self.config)

    def synthesize(
        self, text: str | list[str], *, seed: int = 0, forced: Speech | None = None
    ) -> Speech | list[Speech]:
        """Speak a text, or each text of a list.

        Long texts are spoken sentence by sentence. The same text, seed and voice give the same
        bits, for any number of threads.

        Args:
            text: English, of any length.
            seed: of the noise in unvoiced sounds.
            forced: another speech of the same text; its durations, F0 and voicing are used in place
                of predicted ones (teacher-forced), so that waveforms can be compared by sample. One
                without F0 (an empty array) forces the durations only.

        Raises:
            TextError: if there is nothing to say, or the text holds control characters.
            ArgumentError: if `forced` is speech of another text, or the seed is negative.
        """
        check_seed(seed)
        if not isinstance(text, str):
            return [self.synthesize(one, seed=seed, forced=forced) for one in text]
        return self._speak(Script.of(text, seed), forced)

    def speak(self, sentence: Sentence, *, seed: int = 0) -> Speech:
        """Speak a sentence that is phones already."""
        return self._speak(Script(sentence.text, (sentence,), seed), None)

    def lines(self, script: Script, forced: Speech | None = None) -> list[Line]:
        """What a network is asked for, sentence by sentence.

        Raises:
            ArgumentError: if `forced` is speech of another text.
        """
        given = _split_forced(forced, script)
        return [
            Line(
                torch.from_numpy(phone_indices(sentence))[None],
                torch.from_numpy(features(sentence))[None],
                *given[index],
                np.random.default_rng([script.seed, index]),
            )
            for index, sentence in enumerate(script.sentences)
        ]

    def speech(
        self,
        script: Script,
        spoken: Iterable[tuple[Frames, torch.Tensor]],
        plan: str | None = None,
        tier: str | None = None,
    ) -> Speech:
        """The speech of a script.

        Args:
            script: as it was asked for.
            spoken: frames and waveform (1, N) of each sentence.
            plan, tier: how, as in `Speech`.
        """
        parts = []
        for frames, wave in spoken:
            durations = np.diff(frames.ends[0].numpy(), prepend=np.float32(0))
            parts.append(
                (wave[0].numpy(), durations, frames.f0[0].numpy(), self.log_amplitude(frames))
            )
        wave, durations, f0, envelope = map(np.concatenate, zip(*parts, strict=True))
        return Speech(
            text=script.text,
            waveform=wave,
            phonemes=script.phones,
            durations=durations,
            f0=f0,
            envelope=envelope,
            frames=tuple(len(part[2]) for part in parts),
            seed=script.seed,
            unspoken=script.unspoken,
            plan=plan,
            tier=tier,
        )

    def _speak(self, script: Script, forced: Speech | None) -> Speech:
        executor = executor_of(self.model)
        network = self.model if executor.by is None else executor.by
        # A voice speaks in float32, or as its plan says, whatever autocast is around it.
        autocast = torch.autocast("cpu", enabled=False)
        with torch.inference_mode(), autocast, torch_threads(1):
            spoken = [_say(network, line) for line in self.lines(script, forced)]
            return self.speech(script, spoken, executor.plan, executor.tier)

    def log_amplitude(self, frames: Frames) -> np.ndarray:
        """Envelope of the first sentence of a batch as natural log amplitude, (T, bands)."""
        normalized = frames.envelope[0].numpy()
        return normalized * self.model.envelope_std.numpy() + self.model.envelope_mean.numpy()


def load_folder(folder: Path) -> SourceFilterVoice:
    """The voice of a checkpoint.

    Raises:
        CheckpointError: if its files are damaged or foreign.
    """
    network, config = load_checkpoint(folder)
    return SourceFilterVoice(folder.resolve().name, network, config)


def _say(network: Any, line: Line) -> tuple[Frames, torch.Tensor]:
    frames = network.acoustics(line.phones, line.features, line.ends, line.f0)
    return frames, network.wave(frames, line.noise(frames.f0.shape[1]))


def _split_forced(
    forced: Speech | None, script: Script
) -> list[tuple[torch.Tensor | None, torch.Tensor | None]]:
    """Ends (1, P) and F0 (1, T) of each sentence, or Nones."""
    if forced is None:
        return [(None, None)] * len(script.sentences)
    counts = len(forced.phonemes), len(script.phones)
    if forced.phonemes != script.phones or len(forced.frames) != len(script.sentences):
        raise ArgumentError(
            f"forced is speech of another text: {forced.text!r} has {counts[0]} phones in "
            f"{len(forced.frames)} sentences, this one {counts[1]} in {len(script.sentences)}"
        )
    parts = []
    phone = frame = 0
    for sentence, count in zip(script.sentences, forced.frames, strict=True):
        durations = forced.durations[phone : phone + len(sentence.phones)]
        ends = np.cumsum(durations.astype(np.float64)).astype(np.float32)
        f0 = torch.from_numpy(forced.f0[frame : frame + count].copy())[None]
        parts.append((torch.from_numpy(ends)[None], f0 if len(forced.f0) else None))
        phone, frame = phone + len(sentence.phones), frame + count
    return parts
