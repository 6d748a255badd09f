"""The lessons of a teacher in a folder. Letters: T frames, K = 608 bins."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from lightning_v2.files import written_whole
from lightning_v2.text import TextError
from lightning_v2.training.distillation.lessons import Frames, Lesson, States, Teacher

LOUD = 0.85
"""Share of all frames that are below what is typical of a bin."""


@dataclass(frozen=True)
class Lessons:
    """A folder with lessons/, text/, encoder/ and prosody/ of all sentences, and spectra/ and
    hidden/ of the first ones."""

    folder: Path

    def keys(self) -> list[str]:
        """Of all lessons, sorted."""
        return sorted(path.stem for path in (self.folder / "lessons").glob("*.npz"))

    def lesson(self, key: str) -> Lesson:
        return Lesson.load(self.folder / "lessons" / f"{key}.npz")

    def has_frames(self, key: str) -> bool:
        return self._path("hidden", key).exists()

    def frames(self, key: str) -> Frames:
        """Read where it is looked at."""
        return Frames(*(np.load(self._path(p, key), mmap_mode="r") for p in ("spectra", "hidden")))

    def states(self, key: str) -> States:
        """Read where they are looked at."""
        parts = ("text", "encoder", "prosody")
        return States(*(np.load(self._path(part, key), mmap_mode="r") for part in parts))

    def typical(self) -> np.ndarray:
        """Log gains of harmonics, noise and the free branch where it is loud, (3, 601).

        Taken once, over up to 60 sentences, and kept in typical.npy: all stages must share them.
        """
        path = self.folder / "typical.npy"
        if not path.exists():
            keys = [key for key in self.keys() if self.has_frames(key)]
            chosen = keys[:: max(1, len(keys) // 60)]
            logs = np.concatenate([self.frames(key).spectra[:, (0, 2, 3)] for key in chosen])
            with written_whole(path) as part, open(part, "wb") as file:
                np.save(file, np.quantile(logs.astype(np.float32), LOUD, axis=0))
        return np.load(path)

    def symbols(self) -> dict[str, int]:
        """Phones that the lessons have -> their numbers."""
        path = self.folder / "symbols.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def note(self, symbols: Mapping[str, int]) -> None:
        """Remember phones and their numbers, beside those that are known."""
        known = dict(sorted((self.symbols() | dict(symbols)).items(), key=lambda item: item[1]))
        with written_whole(self.folder / "symbols.json") as part:
            part.write_text(json.dumps(known, ensure_ascii=False), "utf-8")

    def save(self, key: str, lesson: Lesson, states: States, frames: Frames | None) -> None:
        """Write a sentence; the lesson last, so that it stands for all."""
        for part, values in (vars(states) | (vars(frames) if frames else {})).items():
            with written_whole(self._path(part, key)) as path, open(path, "wb") as file:
                np.save(file, values)
        lesson.save(self.folder / "lessons" / f"{key}.npz")

    def _path(self, part: str, key: str) -> Path:
        return self.folder / part / f"{key}.npy"


def build(teacher: Teacher, texts: Mapping[str, str], folder: Path, whole: int) -> Lessons:
    """Let a teacher speak texts; what is there already is kept, so that a broken run goes on.

    Args:
        texts: key -> text; sentence n of a text gets the key `key_n`.
        whole: of so many texts, the first ones, frames are kept, 11 kB each.

    Raises:
        TextError: a text cannot be spoken; the message names its key.
    """
    lessons = Lessons(folder)
    for part in ("lessons", "text", "encoder", "prosody", "spectra", "hidden"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    done, symbols = set(lessons.keys()), {}
    for place, (key, text) in enumerate(tqdm(texts.items(), desc="teacher", unit="text")):
        if f"{key}_0" in done and (place >= whole or lessons.has_frames(f"{key}_0")):
            continue
        try:
            lines = teacher.lines(text)
        except TextError as error:
            raise TextError(f"{key}: {error}") from error
        for number, line in reversed([*enumerate(lines)]):  # the first one stands for them all
            lesson, states, frames = teacher.teach(line)
            symbols |= zip(line.phonemes, lesson.phones.tolist(), strict=True)
            lessons.save(f"{key}_{number}", lesson, states, frames if place < whole else None)
        if place % 100 == 0:
            lessons.note(symbols)
    lessons.note(symbols)
    return lessons
