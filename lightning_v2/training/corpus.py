"""The training corpus: what the teacher says, at the frame rate of the voice."""

import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType

import numpy as np
import soxr
from tqdm import tqdm

from lightning_v2.errors import ArgumentError
from lightning_v2.files import written_whole
from lightning_v2.model.config import HOP, SAMPLE_RATE
from lightning_v2.text import Sentence, TextError, features, phone_indices, phonemize
from lightning_v2.training import teacher
from lightning_v2.training.spread import spread

BANDS = 64
ENGINE_SHIFT = 0.0025  # s: nearest sampling of what moves linearly and arrives at a frame's end
_AMPLITUDE = np.log(32768.0)  # the teacher's cepstra are those of 16-bit samples


@dataclass(frozen=True)
class Example:
    """One sentence. Letters: P phones, T frames of 256 samples at 24 kHz, K teacher frames.

    Attributes:
        phones: int64 (P,) rows of the phone embedding.
        features: float32 (P, 32).
        ends: float32 (P,) end of each phone in frames (fractional).
        f0: float32 (T,) Hz at the frame's centre, 0 where unvoiced.
        envelope: float32 (T, 64) log amplitude of the pitch-free spectrum on a warped axis.
        wave: int16 (T * 256,).
        teacher_f0: float32 (K,) Hz a 5 ms frame: with it the exact source phase is known;
            empty for a recording.
    """

    phones: np.ndarray
    features: np.ndarray
    ends: np.ndarray
    f0: np.ndarray
    envelope: np.ndarray
    wave: np.ndarray
    teacher_f0: np.ndarray

    def save(self, path: Path) -> None:
        """Write to an .npz file, whole or not at all."""
        with written_whole(path) as part, open(part, "wb") as file:
            np.savez(
                file,
                **{
                    name: value.astype(np.float16) if name in ("features", "envelope") else value
                    for name, value in vars(self).items()
                },
            )

    @classmethod
    def load(cls, path: Path) -> "Example":
        """Read an .npz file.

        Raises:
            ArgumentError: naming the file, if it is damaged or lacks an array.
        """
        arrays = _read_arrays(path, [f.name for f in fields(cls)])
        for name in ("features", "envelope"):
            arrays[name] = arrays[name].astype(np.float32)
        return cls(**arrays)


def band_basis() -> np.ndarray:
    """Mel-cepstra to log amplitudes at 64 points of the warped axis: (45, 64).

    Point j lies at the warped frequency pi (j + 1/2) / 64; the columns are orthogonal cosines, so
    that cepstra can be had back.
    """
    order = np.arange(teacher.CEPSTRA)[:, None]
    return np.cos(order * np.pi * (np.arange(BANDS) + 0.5) / BANDS).astype(np.float32)


def to_example(sentence: Sentence, rendering: teacher.Rendering) -> Example:
    """Bring what the teacher said to the frame rate of the voice.

    Raises:
        ArgumentError: if the teacher spoke other phones than the sentence has.
    """
    if rendering.phones != sentence.phones:
        raise ArgumentError(
            f"the teacher said {' '.join(rendering.phones)} for {' '.join(sentence.phones)}"
        )
    wave = soxr.resample(rendering.wave, teacher.SAMPLE_RATE, SAMPLE_RATE, quality="VHQ")
    frames = len(wave) // HOP
    time = np.arange(frames) * (HOP / SAMPLE_RATE)
    period = teacher.FRAME / teacher.SAMPLE_RATE
    # a frame's values are reached at its end
    position = np.clip(time / period - 1, 0, len(rendering.f0) - 1)
    left = np.floor(position).astype(int)
    right = np.minimum(left + 1, len(rendering.f0) - 1)
    share = (position - left).astype(np.float32)
    nearest = np.clip(((time - ENGINE_SHIFT) / period).astype(int), 0, len(rendering.f0) - 1)

    f0 = rendering.f0
    both = (f0[left] > 0) & (f0[right] > 0)
    between = f0[left] ** (1 - share) * f0[right] ** share
    envelope = rendering.cepstra @ band_basis() - _AMPLITUDE
    return Example(
        phones=phone_indices(sentence),
        features=features(sentence),
        ends=rendering.ends * np.float32(SAMPLE_RATE / HOP),
        f0=np.where(both, between, f0[nearest]).astype(np.float32),
        envelope=envelope[left] * (1 - share)[:, None] + envelope[right] * share[:, None],
        wave=(np.clip(wave[: frames * HOP], -1, 1) * 32767).round().astype(np.int16),
        teacher_f0=f0,
    )


@dataclass(frozen=True)
class Corpus:
    """A folder with examples/, labels/ if the teacher spoke it, and statistics.npz."""

    folder: Path

    def keys(self) -> list[str]:
        """Keys of the examples that are there, sorted."""
        return sorted(path.stem for path in (self.folder / "examples").glob("*.npz"))

    def example(self, key: str) -> Example:
        return Example.load(self.folder / "examples" / f"{key}.npz")

    def statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the envelope, (64,) each.

        Taken once, over up to 500 examples, and kept in statistics.npz: all stages of training
        must share them.
        """
        path = self.folder / "statistics.npz"
        if not path.exists():
            keys = self.keys()
            chosen = keys[:: max(1, len(keys) // 500)]
            frames = np.concatenate([self.example(key).envelope for key in chosen])
            with written_whole(path) as part, open(part, "wb") as file:
                np.savez(file, mean=frames.mean(0), std=frames.std(0))
        stored = _read_arrays(path, ("mean", "std"))
        return stored["mean"], stored["std"]


def _read_arrays(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    try:
        with np.load(path) as stored:
            return {name: stored[name] for name in names}
    except (KeyError, OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ArgumentError(f"{path} is damaged or not of a corpus: {error}") from error


def split_sentences(texts: Mapping[str, str], places: Mapping[str, str]) -> dict[str, Sentence]:
    """Phonemize texts; sentence n of text `key` gets the key `key_n`. Under 3 words: left out.

    Args:
        places: key to file and line, for messages.

    Raises:
        TextError: naming the place of a text that cannot be spoken, or its key if that has none.
    """
    sentences = {}
    for key, text in tqdm(texts.items(), desc="phonemize", unit="text"):
        try:
            parts = phonemize(text)
        except TextError as error:
            raise TextError(f"{places.get(key, key)}: {error}") from error
        for number, sentence in enumerate(parts):
            if len(sentence.words) >= 3:
                sentences[f"{key}_{number}"] = sentence
    return sentences


def build(
    texts: Mapping[str, str],
    folder: Path,
    jobs: int,
    places: Mapping[str, str] = MappingProxyType({}),
) -> Corpus:
    """Let the teacher speak texts; what is there already is kept, so that a broken run goes on.

    Args:
        places: see `split_sentences`.

    Raises:
        TextError: a text cannot be spoken.
        TeacherMissing: if festival, hts_engine or the voice is not installed.
    """
    teacher.require_teacher("festival", "hts_engine")
    corpus = Corpus(folder)
    sentences = split_sentences(texts, places)
    _label(sentences, folder / "labels", jobs)
    _render(sentences, corpus, jobs)
    return corpus


def _label(sentences: dict[str, Sentence], folder: Path, jobs: int) -> None:
    wanted = {k: s for k, s in sentences.items() if not (folder / f"{k}.lab").exists()}
    keys = list(wanted)
    batches = [
        ({k: wanted[k] for k in keys[i : i + 100]}, folder) for i in range(0, len(keys), 100)
    ]
    work = spread(_label_batch, batches, jobs)
    list(tqdm(work, total=len(batches), desc="labels", unit="x100"))


def _label_batch(batch: tuple[dict[str, Sentence], Path]) -> None:
    teacher.write_labels(*batch)


def _render(sentences: dict[str, Sentence], corpus: Corpus, jobs: int) -> None:
    (corpus.folder / "examples").mkdir(parents=True, exist_ok=True)
    done = set(corpus.keys())
    work = [(k, s, corpus.folder) for k, s in sentences.items() if k not in done]
    results = spread(_render_one, work, jobs, at_once=8)
    shown = tqdm(results, total=len(work), desc="teacher", unit="sentence")
    refused = [problem for problem in shown if problem]
    if refused:
        tqdm.write(f"left out {len(refused)} of {len(work)} sentences, for example: {refused[0]}")


def _render_one(job: tuple[str, Sentence, Path]) -> str | None:
    key, sentence, folder = job
    try:
        example = to_example(sentence, teacher.render(folder / "labels" / f"{key}.lab"))
    except ValueError as error:
        return f"{key}: {error}"
    example.save(folder / "examples" / f"{key}.npz")
    return None
