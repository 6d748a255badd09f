"""What a run of notebooks will take: time, memory, disk."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import psutil

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
    """

    def __init__(self, due: Sequence[Run], jobs: int, earlier: Mapping[str, float]):
        self._usual = [usual(run.notebook) for run in due]
        self._left = {
            run.executed: earlier.get(run.executed) or known.seconds
            for run, known in zip(due, self._usual, strict=True)
        }
        self._jobs = min(jobs, len(due)) or 1
        self._expected = self._taken = 0.0

    @property
    def left(self) -> int:
        """How many have not ended."""
        return len(self._left)

    def before(self, build: Path) -> str:
        """What is needed, beside what is there; disk where `build` is."""
        free_memory, free_disk = psutil.virtual_memory().available, shutil.disk_usage(build).free
        largest = sorted(known.memory_mb for known in self._usual)[-self._jobs :]
        disk = sum(known.disk_mb for known in self._usual)
        return (
            f"{self.left} pages to make, {self._jobs} at a time: {self._time_left()}; up to "
            f"{sum(largest) / 1e3:.1f} GB of memory ({free_memory / 1e9:.1f} are free) and "
            f"{disk:.0f} MB of disk ({free_disk / 1e9:.1f} GB are free)"
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


def usual(notebook: str) -> Usual:
    """What is known of a notebook; of a strange one, the medians of all that are known.

    notebook: its file name.
    """
    known = _measured()
    found = known.get(Path(notebook).stem)
    several = list(known.values())
    return found or Usual(
        median(one.seconds for one in several),
        median(one.memory_mb for one in several),
        median(one.disk_mb for one in several),
    )


@cache
def _measured() -> dict[str, Usual]:
    record = json.loads(data_path("notebooks.json").read_text(encoding="utf-8"))
    return {name: Usual(**one) for name, one in record["notebooks"].items()}
