"""What a run of notebooks will take: time, memory, disk."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from lightning_v2.errors import MissingFileError
from lightning_v2.report.records import Run
from lightning_v2.resources import data_path


@dataclass(frozen=True)
class Usual:
    """What a notebook took when it was measured; see benchmarks/notebooks.py.

    Attributes:
        seconds: for the first time.
        memory_mb: of its largest process, at its peak.
        disk_mb: of its page, with the notebook and what it offers for download.
    """

    seconds: float
    memory_mb: float
    disk_mb: float


class Forecast:
    """How long it will take, said before and between.

    Args:
        due: runs that will be executed.
        jobs: how many at the same time.
        earlier: file name of an executed notebook -> seconds that it took the last time.
        known: as `measured` returns it. Of a notebook that is not there the median of all others is
            expected; where there is none at all, nothing is said before the first has ended.
    """

    def __init__(
        self,
        due: Sequence[Run],
        jobs: int,
        earlier: Mapping[str, float],
        known: Mapping[str, Usual],
    ):
        self._usual = [known.get(Path(run.notebook).stem) or _median(known) for run in due]
        self._left = {
            run.executed: earlier.get(run.executed) or (usual.seconds if usual else 1.0)
            for run, usual in zip(due, self._usual, strict=True)
        }
        self._jobs = min(jobs, len(due)) or 1
        self._expected = self._taken = 0.0

    @property
    def left(self) -> int:
        """How many have not ended."""
        return len(self._left)

    def before(self, build: Path) -> str:
        """What is needed, beside what is there; disk where `build` is."""
        memory, disk = psutil.virtual_memory().available, shutil.disk_usage(build).free
        words = f"{self.left} pages to make, {self._jobs} at a time"
        free = f"{memory / 1e9:.1f} GB of memory and {disk / 1e9:.1f} GB of disk are free"
        if None in self._usual:
            return f"{words}; {free}"
        largest = sorted(usual.memory_mb for usual in self._usual)[-self._jobs :]
        pages = sum(usual.disk_mb for usual in self._usual)
        return (
            f"{words}: {self._time_left()}; up to {sum(largest) / 1e3:.1f} GB of memory and "
            f"{pages:.0f} MB of disk are needed; {free}"
        )

    def after(self, run: Run) -> str:
        """What is left when one has ended; empty if nothing is."""
        self._expected += self._left.pop(run.executed)
        self._taken += run.seconds
        return f"{self.left} left, {self._time_left()}" if self._left else ""

    def _time_left(self) -> str:
        """By how long those took that have ended, against what was expected of them."""
        pace = self._taken / self._expected if self._taken else 1.0
        seconds = max(sum(self._left.values()) / self._jobs, max(self._left.values())) * pace
        return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {seconds:.0f} s"


def measured() -> dict[str, Usual]:
    """Stem of a notebook -> what it took, of those that data/notebooks.json has."""
    try:
        record = json.loads(data_path("notebooks.json").read_text(encoding="utf-8"))
    except MissingFileError:
        return {}
    return {name: Usual(**one) for name, one in record["notebooks"].items()}


def _median(known: Mapping[str, Usual]) -> Usual | None:
    if not known:
        return None
    names = "seconds", "memory_mb", "disk_mb"
    return Usual(*(median(getattr(one, name) for one in known.values()) for name in names))
