"""What one sentence runs on a device: stages of a rehearsal, each in the bucket that it fills."""

from collections.abc import Iterator
from dataclasses import dataclass

from lightning_v2.deployment.observed.report import StageReport
from lightning_v2.deployment.rehearsal import Rehearsal
from lightning_v2.errors import ArgumentError


@dataclass(frozen=True, eq=False)
class SentenceStages:
    """The stages of a sentence in the order in which they run.

    Attributes:
        rehearsal: that they are of.
        frames: of the bucket that the sentence fills.
        stages: one of each name.
    """

    rehearsal: Rehearsal
    frames: int
    stages: tuple[StageReport, ...]

    @classmethod
    def of(cls, rehearsal: Rehearsal, frames: int) -> "SentenceStages":
        """Those of a sentence of so many frames; of a graph of others, of so many rows.

        A rehearsal runs every stage once for each length, the shortest first. A stage that has
        fewer buckets than others runs in the largest one it has.

        Raises:
            ArgumentError: no stage has a bucket of so many.
        """
        runs: dict[str, list[StageReport]] = {}
        for stage in rehearsal.report.stages:
            runs.setdefault(stage.stage, []).append(stage)
        longest = max(runs.values(), key=lambda several: (_largest(several), len(several)))
        sizes = [_size(stage.bucket) for stage in longest]
        if frames not in sizes:
            known = ", ".join(map(str, sizes))
            raise ArgumentError(f"no bucket of {frames} frames; there are {known}")
        place = sizes.index(frames)
        return cls(rehearsal, frames, tuple(x[min(place, len(x) - 1)] for x in runs.values()))

    def __iter__(self) -> Iterator[StageReport]:
        return iter(self.stages)

    def stage(self, name: str = "") -> StageReport:
        """The stage of that name; without one the stage that reads most.

        Raises:
            ArgumentError: there is none.
        """
        if not name:
            return max(self.stages, key=lambda stage: stage.dram_read_bytes)
        for stage in self.stages:
            if stage.stage == name:
                return stage
        known = ", ".join(stage.stage for stage in self.stages)
        raise ArgumentError(f"no stage {name!r}; there are {known}")


def _size(bucket: str) -> int:
    """Frames of "frames 256, phones 64", rows of "rows 256"."""
    return int(bucket.split(",")[0].split()[1])


def _largest(stages: list[StageReport]) -> int:
    return max(_size(stage.bucket) for stage in stages)
