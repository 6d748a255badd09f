"""What a run of notebooks will take: time, memory, disk."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from lightning_v2.report.defaults import LONGEST
from lightning_v2.report.records import Run

LONGEST_S, OTHERS_S = 45, 15
"""Seconds for the first time, on two cores, two at a time: of one of `defaults.LONGEST`, and of any
other notebook."""
MEMORY_GB = 1.5
"""Of one notebook, at its peak."""
DISK_MB = 15
"""Of one page, with its notebook and what it offers for download."""


class Forecast:
    """How long it will take, said before and between.

    Args:
        due: runs that will be executed.
        jobs: how many at the same time.
        earlier: file name of an executed notebook -> seconds that it took the last time.
    """

    def __init__(self, due: Sequence[Run], jobs: int, earlier: Mapping[str, float]):
        self._left = {run.executed: earlier.get(run.executed) or _usual(run) for run in due}
        self._jobs = min(jobs, len(due)) or 1
        self._expected = self._taken = 0.0

    @property
    def left(self) -> int:
        """How many have not ended."""
        return len(self._left)

    def before(self, build: Path) -> str:
        """What is needed, beside what is there; disk where `build` is."""
        free_memory, free_disk = psutil.virtual_memory().available, shutil.disk_usage(build).free
        return (
            f"{self.left} pages to make, {self._jobs} at a time: {self._time_left()}; up to "
            f"{self._jobs * MEMORY_GB:.1f} GB of memory ({free_memory / 1e9:.1f} are free) and "
            f"{self.left * DISK_MB} MB of disk ({free_disk / 1e9:.1f} GB are free)"
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


def _usual(run: Run) -> float:
    return LONGEST_S if Path(run.notebook).stem in LONGEST else OTHERS_S
