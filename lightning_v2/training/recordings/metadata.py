"""What is recorded, in LJ Speech layout: metadata.csv and wavs/."""

from dataclasses import dataclass
from pathlib import Path

from lightning_v2.errors import ArgumentError
from lightning_v2.resources import keyed_lines


class RecordingsError(ArgumentError):
    """A corpus of recordings that cannot be used; the message names the file and the line."""


class UnusableRecording(RecordingsError):
    """A recording from which nothing can be learned: silent, or too short for its text."""


@dataclass(frozen=True)
class Recording:
    """One line of metadata.csv.

    Attributes:
        place: file and line.
    """

    key: str
    text: str
    path: Path
    place: str


def read_metadata(folder: Path) -> list[Recording]:
    """Read metadata.csv: `key|text` or `key|text|normalized text` a line, wavs/key.wav beside it.

    Raises:
        ArgumentError: naming the line that is malformed, double, or whose WAV file is missing.
    """
    table = folder / "metadata.csv"
    if not table.exists():
        raise RecordingsError(f"{table} is missing: not a corpus in LJ Speech layout")
    recordings = []
    layout = "'key|text' or 'key|text|normalized text'"
    for place, key, rest in keyed_lines(table, "|", layout):
        texts = [text.strip() for text in rest.split("|")]
        if len(texts) > 2 or not texts[-1]:
            raise RecordingsError(f"{place}: expected {layout}, found {rest[:60]!r} after the key")
        path = folder / "wavs" / f"{key}.wav"
        if not path.exists():
            raise RecordingsError(f"{place}: {path} is missing")
        recordings.append(Recording(key, texts[-1], path, place))
    if not recordings:
        raise RecordingsError(f"{table} is empty")
    return recordings
