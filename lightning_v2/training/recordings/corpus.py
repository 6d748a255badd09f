"""The takes of a speaker in a folder."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tqdm import tqdm

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.training.recordings.metadata import (
    Recording,
    RecordingsError,
    UnusableRecording,
)
from lightning_v2.training.recordings.takes import Take, takes_of
from lightning_v2.training.spread import spread
from lightning_v2.voices import load


@dataclass(frozen=True)
class Takes:
    """A folder with takes/ and waves/. Sentence n of recording KEY has the key KEY_n."""

    folder: Path

    @property
    def keys(self) -> list[str]:
        """Of all takes, sorted."""
        return sorted(path.stem for path in (self.folder / "takes").glob("*.npz"))

    def take(self, key: str) -> Take:
        return Take.load(*self._paths(key))

    def save(self, key: str, take: Take) -> None:
        take.save(*self._paths(key))

    def _paths(self, key: str) -> tuple[Path, Path]:
        return self.folder / "takes" / f"{key}.npz", self.folder / "waves" / f"{key}.npy"


def build(recordings: list[Recording], voice: str, folder: Path, jobs: int) -> Takes:
    """Turn recordings into takes; what is there already is kept, so that a broken run goes on.

    Silent recordings and those too short for their text are left out and counted.

    Args:
        voice: name of the one that reads the texts, see `takes_of`.

    Raises:
        RecordingsError: if a WAV file cannot be read, a text cannot be spoken, or all are left out.
    """
    takes = Takes(folder)
    for part in ("takes", "waves"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    done = set(takes.keys)
    work = [
        (recording, voice, folder) for recording in recordings if f"{recording.key}_0" not in done
    ]
    results = spread(_build_one, work, jobs)
    progress = tqdm(results, total=len(work), desc="recordings", unit="recording")
    unusable = [problem for problem in progress if problem]
    if unusable:
        count = f"{len(unusable)} of {len(recordings)} recordings"
        if len(unusable) == len(recordings):
            raise RecordingsError(f"{count} cannot be used, for example: {unusable[0]}")
        tqdm.write(f"left out {count}, for example: {unusable[0]}")
    return takes


@cache
def natural_voice(name: str) -> NaturalVoice:
    """A voice that can be trained on.

    Raises:
        ArgumentError: it is of another kind. And what `voices.load` raises.
    """
    voice = load(name)
    if not isinstance(voice, NaturalVoice):
        raise ArgumentError(
            f"voice {name!r} cannot be trained on: it is no natural voice such as lark"
        )
    return voice


def _build_one(job: tuple[Recording, str, Path]) -> str | None:
    """Save the takes of a recording; or why there are none."""
    recording, voice, folder = job
    try:
        takes = takes_of(recording, natural_voice(voice))
    except UnusableRecording as error:
        return str(error)
    for number, take in reversed([*enumerate(takes)]):  # the first one stands for them all
        Takes(folder).save(f"{recording.key}_{number}", take)
    return None
