"""What a deployed voice asks of the device: programs, memory and traffic of every stage."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from lightning_v2.deployment.observed.captured import Captured
from lightning_v2.deployment.observed.step import DOWNLOAD, OPERATION, SETUP, UPLOAD, Step
from lightning_v2.errors import ArgumentError
from lightning_v2.files import write_output

_PLACES = {"mock": "a mock device", "simulator": "the simulator", "silicon": "silicon"}

_MODELLED = "modelled: every operand and result in DRAM moves once per operation"

_SUMMED = (
    "programs",
    "dram_read_bytes",
    "dram_written_bytes",
    "uploads",
    "host_to_device_bytes",
    "downloads",
    "device_to_host_bytes",
    "setup_bytes",
)


@dataclass(frozen=True, slots=True)
class StageReport:
    """One run of one stage in one bucket.

    Attributes:
        stage: "encode", "prosody", "speech" and so on.
        bucket: the static shape, e.g. "frames 256".
        source: "mock", "simulator" or "silicon".
        board, arch: of the device.
        ttnn_version: of the package.
        programs: device operations issued.
        by_operation: the same by ttnn's name of the operation.
        program_keys: one for each distinct program among them, that is, each that must be compiled.
        peak_l1_bytes: most that tensors and circular buffers took of one core's L1.
        peak_l1_tensor_bytes: most that tensors took.
        l1_bytes: what a core of this device has for both.
        dram_read_bytes, dram_written_bytes: *modelled*, by device operations, each operand and each
            result once an operation. It is the least possible: a program whose cores do not share
            what they read moves more.
        uploads, host_to_device_bytes, downloads, device_to_host_bytes: transfers from and to the
            host, with padding.
        setup_bytes: what operations upload for themselves when their program is made.
    """

    stage: str
    bucket: str
    source: str
    board: str
    arch: str
    ttnn_version: str
    programs: int
    by_operation: dict[str, int]
    program_keys: tuple[str, ...]
    peak_l1_bytes: int
    peak_l1_tensor_bytes: int
    l1_bytes: int
    dram_read_bytes: int
    dram_written_bytes: int
    uploads: int
    host_to_device_bytes: int
    downloads: int
    device_to_host_bytes: int
    setup_bytes: int

    @classmethod
    def of(cls, stage: str, bucket: str, captured: Captured) -> StageReport:
        """Figures of a capture that has ended."""
        graph, device = captured.graph, captured.device
        programs, uploads, downloads, setups = (
            [step for step in graph.steps if step.kind == kind]
            for kind in (OPERATION, UPLOAD, DOWNLOAD, SETUP)
        )
        return cls(
            stage=stage,
            bucket=bucket,
            source=device.target,
            board=device.board,
            arch=device.arch,
            ttnn_version=captured.ttnn_version,
            programs=len(programs),
            by_operation=dict(Counter(step.name for step in programs).most_common()),
            program_keys=tuple(sorted({step.key for step in programs})),
            peak_l1_bytes=graph.peak_l1_bytes,
            peak_l1_tensor_bytes=graph.peak_l1_tensor_bytes,
            l1_bytes=captured.l1_bytes,
            dram_read_bytes=sum(step.dram_read_bytes for step in programs),
            dram_written_bytes=sum(step.dram_written_bytes for step in programs),
            uploads=len(uploads),
            host_to_device_bytes=_transferred(uploads),
            downloads=len(downloads),
            device_to_host_bytes=_transferred(downloads),
            setup_bytes=_transferred(setups),
        )

    @property
    def distinct_programs(self) -> int:
        """Programs that have to be compiled before the stage can run for the first time."""
        return len(self.program_keys)

    @property
    def fits(self) -> bool:
        """Whether L1 is enough if nothing is wasted between tensors.

        Circular buffers that reach into tensors raise an error, but not where both are planned.
        """
        return self.peak_l1_bytes <= self.l1_bytes


class Report:
    """The stages of one or more runs."""

    def __init__(self, stages: list[StageReport]):
        self.stages = tuple(stages)

    def table(self) -> pd.DataFrame:
        """A row for each stage and bucket, without the operations by name."""
        rows = [
            {
                "stage": stage.stage,
                "bucket": stage.bucket,
                "source": stage.source,
                "board": stage.board,
                "arch": stage.arch,
                "programs": stage.programs,
                "distinct_programs": stage.distinct_programs,
                "peak_l1_bytes": stage.peak_l1_bytes,
                "peak_l1_tensor_bytes": stage.peak_l1_tensor_bytes,
                "l1_bytes": stage.l1_bytes,
                **{name: getattr(stage, name) for name in _SUMMED if name != "programs"},
            }
            for stage in self.stages
        ]
        return pd.DataFrame(rows)

    def by_operation(self) -> pd.DataFrame:
        """Programs by ttnn's name of the operation; a column for each stage and bucket."""
        columns = {f"{x.stage}, {x.bucket}": pd.Series(x.by_operation) for x in self.stages}
        return pd.DataFrame(columns).fillna(0).astype(int)

    def totals(self) -> dict[str, int]:
        """All stages together: sums, shared programs counted once, and the largest peak."""
        return {
            **{name: sum(getattr(stage, name) for stage in self.stages) for name in _SUMMED},
            "distinct_programs": len({key for x in self.stages for key in x.program_keys}),
            "peak_l1_bytes": max(stage.peak_l1_bytes for stage in self.stages),
            "peak_l1_tensor_bytes": max(stage.peak_l1_tensor_bytes for stage in self.stages),
        }

    def provenance(self) -> dict[str, str]:
        """Where the figures of each source come from, DRAM traffic under "dram"."""
        sources = dict.fromkeys(stage.source for stage in self.stages)
        words = {x: f"measured by graph capture on {_PLACES[x]}" for x in sources}
        return {**words, "dram": _MODELLED}

    def to_json(self) -> str:
        """The text that `load` reads."""
        stages = [asdict(stage) for stage in self.stages]
        return json.dumps({"provenance": self.provenance(), "stages": stages}, indent=1) + "\n"

    def save(self, path: str | Path) -> None:
        """Write `to_json`, as `files.write_output` does."""
        write_output(path, self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Report:
        """What `save` wrote.

        Raises:
            OSError: there is no such file. ArgumentError: it holds no report.
        """
        try:
            stages = json.loads(Path(path).read_text())["stages"]
            return cls([StageReport(**x | {"program_keys": (*x["program_keys"],)}) for x in stages])
        except (KeyError, TypeError, ValueError) as error:
            raise ArgumentError(f"{path}: not a report of a deployed voice ({error!r})") from error


def _transferred(steps: list[Step]) -> int:
    return sum(step.transferred_bytes for step in steps)
