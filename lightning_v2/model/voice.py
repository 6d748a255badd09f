"""A voice: text in, speech out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from ..resources import data_path
from ..text import Sentence, features, normalize, phone_indices, to_sentences
from .checkpoint import CheckpointError, load_checkpoint
from .config import HOP, SAMPLE_RATE, VoiceConfig
from .network import Frames, Network
from .speech import Speech

DEFAULT_VOICE = "slt"


_speakers: ContextVar[Mapping[Network, Any]] = ContextVar(
    "speakers of networks", default=MappingProxyType({})
)


@contextmanager
def speaking_by(network: Network, speaker: Any) -> Iterator[None]:
    """Context in which the voices of this thread that have `network` speak by another object.

    Nothing is changed in the network. The innermost context for it wins.

    Args:
        network: of the voices.
        speaker: with `acoustics` and `wave` as `Network` has them; the network itself is legal.
    """
    token = _speakers.set({**_speakers.get(), network: speaker})
    try:
        yield
    finally:
        _speakers.reset(token)


@dataclass(frozen=True, eq=False)
class Voice:
    """A trained network with its text front end.

    Attributes:
        name: of the voice.
        model: the network, in evaluation mode.
        config: its sizes.
        digest: SHA-256 of its weights.
    """

    name: str
    model: Network
    config: VoiceConfig
    digest: str
    sample_rate: int = SAMPLE_RATE

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
                of predicted ones (teacher-forced), so that waveforms can be compared by sample.

        Raises:
            TextError: if there is nothing to say, or the text holds control characters.
            ValueError: if `forced` is speech of another text.
        """
        if not isinstance(text, str):
            return [self.synthesize(one, seed=seed, forced=forced) for one in text]
        normalized = normalize(text)
        sentences = to_sentences(normalized)
        return self._speak_all(sentences, text, normalized.unspoken, seed, forced)

    def speak(self, sentence: Sentence, *, seed: int = 0) -> Speech:
        """Speak a sentence that is phones already."""
        return self._speak_all([sentence], sentence.text, (), seed, None)

    def _speak_all(
        self,
        sentences: list[Sentence],
        text: str,
        unspoken: tuple[str, ...],
        seed: int,
        forced: Speech | None,
    ) -> Speech:
        phonemes = tuple(phone for sentence in sentences for phone in sentence.phones)
        given = _split_forced(forced, sentences, phonemes)
        with torch.inference_mode(), _one_thread():
            parts = [
                self._speak_one(sentence, np.random.default_rng([seed, index]), *given[index])
                for index, sentence in enumerate(sentences)
            ]
        columns = zip(*parts, strict=True)
        wave, durations, f0, envelope = (np.concatenate(arrays) for arrays in columns)
        return Speech(
            text=text,
            waveform=wave,
            phonemes=phonemes,
            durations=durations,
            f0=f0,
            envelope=envelope,
            frames=tuple(len(part[2]) for part in parts),
            seed=seed,
            unspoken=unspoken,
        )

    def _speak_one(
        self,
        sentence: Sentence,
        generator: np.random.Generator,
        ends: torch.Tensor | None,
        f0: torch.Tensor | None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Waveform (N,), durations (P,), F0 (T,) and envelope (T, bands) of one sentence."""
        phones = torch.from_numpy(phone_indices(sentence))[None]
        columns = torch.from_numpy(features(sentence))[None]
        speaker = _speakers.get().get(self.model, self.model)
        frames = speaker.acoustics(phones, columns, ends, f0)
        samples = frames.f0.shape[1] * HOP
        noise = torch.from_numpy(generator.standard_normal((1, samples), dtype=np.float32))
        wave = speaker.wave(frames, noise)
        durations = np.diff(frames.ends[0].numpy(), prepend=np.float32(0))
        return wave[0].numpy(), durations, frames.f0[0].numpy(), self.log_amplitude(frames)

    def log_amplitude(self, frames: Frames) -> np.ndarray:
        """Envelope of the first sentence of a batch as natural log amplitude, (T, bands)."""
        normalized = frames.envelope[0].numpy()
        return normalized * self.model.envelope_std.numpy() + self.model.envelope_mean.numpy()


def load(name: str | Path = DEFAULT_VOICE) -> Voice:
    """Load a voice by its name in data/voices/, or from a folder. Needs no network.

    Raises:
        CheckpointError: if there is no such voice, or its files are damaged or foreign.
    """
    folder = Path(name)
    if not (folder / "config.json").exists():
        voices = data_path("voices")
        known = sorted(path.parent.name for path in voices.glob("*/config.json"))
        if str(name) not in known:
            raise CheckpointError(
                f"no voice {str(name)!r}: known are {', '.join(known) or 'none'}, "
                "or give the path of a folder with config.json and model.safetensors"
            )
        folder = voices / str(name)
    network, config, digest = load_checkpoint(folder)
    return Voice(folder.resolve().name, network, config, digest)


def _split_forced(
    forced: Speech | None, sentences: list[Sentence], phonemes: tuple[str, ...]
) -> list[tuple[torch.Tensor | None, torch.Tensor | None]]:
    """Ends (1, P) and F0 (1, T) of each sentence, or Nones."""
    if forced is None:
        return [(None, None)] * len(sentences)
    if forced.phonemes != phonemes:
        raise ValueError(
            f"forced is speech of another text: {forced.text!r} "
            f"has {len(forced.phonemes)} phones, this one {len(phonemes)}"
        )
    parts = []
    phone = frame = 0
    for sentence, count in zip(sentences, forced.frames, strict=True):
        durations = forced.durations[phone : phone + len(sentence.phones)]
        ends = np.cumsum(durations.astype(np.float64)).astype(np.float32)
        f0 = forced.f0[frame : frame + count]
        parts.append((torch.from_numpy(ends)[None], torch.from_numpy(f0.copy())[None]))
        phone, frame = phone + len(sentence.phones), frame + count
    return parts


@contextmanager
def _one_thread():
    """Sums split over threads would round differently for each number of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
