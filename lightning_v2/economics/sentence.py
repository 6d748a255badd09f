"""What a batch of sentences takes on a chip, from what a deployment really runs.

The programs are those that ttnn planned on a mock device (`deployment.rehearsal`); the time of each
is *modelled*. A bucket is taken to be full. The host's own work (reading text, phases of the
source, adding up frames) is left out.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lightning_v2.deployment import rehearse
from lightning_v2.deployment.lowering.buckets import EXACT_LENGTHS, Buckets
from lightning_v2.deployment.observed.step import DOWNLOAD, OPERATION, UPLOAD, Step
from lightning_v2.economics.board import Board, board
from lightning_v2.economics.program import Program
from lightning_v2.economics.program_time import program_time
from lightning_v2.economics.resources.host import download_seconds, upload_seconds
from lightning_v2.economics.resources.time import PARTS, Time
from lightning_v2.model import Voice
from lightning_v2.model.natural.config import HOP
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.resources import DEFAULT_VOICE
from lightning_v2.voices import load

if TYPE_CHECKING:
    from lightning_v2.deployment.rehearsal import Rehearsal
    from lightning_v2.precision import Plan

NOT_ON_SILICON = "Modelled; not run on silicon."

PLANNED_ON = {"p100": "p150"}
"""Board -> another one of the same grid, on which ttnn plans the same programs."""

ROWS = Buckets().rows
"""Frames at once of a batch, unless told otherwise."""

_BATCH = re.compile(r"batch (\d+)")


@dataclass(frozen=True)
class Stage:
    """A stage of a deployment, and how often it runs for a batch.

    Attributes:
        name, bucket: as `StageReport`.
        runs: for all sentences of the batch.
        programs: in order, of one run.
        uploads, downloads: transfers of one run, and upload_bytes, download_bytes.
        constants: bytes of each weight that lies in DRAM before a run.
    """

    name: str
    bucket: str
    runs: int
    programs: tuple[Program, ...]
    uploads: int = 0
    upload_bytes: int = 0
    downloads: int = 0
    download_bytes: int = 0
    constants: tuple[int, ...] = ()

    @classmethod
    def of(cls, name: str, bucket: str, steps: tuple[Step, ...], batch: int) -> Stage:
        """From captured steps.

        batch: sentences that are to be spoken; the bucket says how many a run takes.
        """
        sent = [step.transferred_bytes for step in steps if step.kind == UPLOAD]
        fetched = [step.transferred_bytes for step in steps if step.kind == DOWNLOAD]
        together = _BATCH.search(bucket)
        return cls(
            name=name,
            bucket=bucket,
            runs=math.ceil(batch / int(together[1])) if together else batch,
            programs=tuple(Program.of(step) for step in steps if step.kind == OPERATION),
            uploads=len(sent),
            upload_bytes=sum(sent),
            downloads=len(fetched),
            download_bytes=sum(fetched),
            constants=tuple(_constants(steps).values()),
        )

    def transfers(self, chip: Board) -> Time:
        """Seconds of one run between host and device."""
        up = upload_seconds(self.uploads, self.upload_bytes, chip)
        return Time(host=up + download_seconds(self.downloads, self.download_bytes, chip))


@dataclass(frozen=True)
class Cost:
    """What a batch of sentences takes on one chip of a board, *modelled*.

    Attributes:
        voice, plan: what runs.
        board: where, with its constants.
        batch: sentences at once.
        seconds_each: of speech in each of them.
        stages: with how often they run.
        traced: whether programs are replayed from traces.
    """

    voice: str
    plan: str
    board: Board
    batch: int
    seconds_each: float
    stages: tuple[Stage, ...]
    traced: bool = True

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """A row a program of one run of each stage: stage, runs, program, call, kind, cores,
        microseconds of each part and together, what binds, and bytes of DRAM with and without
        multicast. A row "transfers" a stage for what goes over PCIe."""
        rows = []
        for stage in self.stages:
            timed = [(x, program_time(x, self.board, self.traced)) for x in stage.programs]
            for program, time in timed:
                rows.append(_row(stage, program.name, program.call, program.kind, time) | {
                    "cores": program.cores,
                    "dram_bytes": program.dram_read_bytes + program.dram_written_bytes,
                    "dram_bytes_alone": alone_bytes(program) + program.dram_written_bytes,
                })  # fmt: skip
            time = stage.transfers(self.board)
            rows.append(
                _row(stage, "transfers", "", "host", time)
                | {"cores": 0, "dram_bytes": 0, "dram_bytes_alone": 0}
            )
        return pd.DataFrame(rows)

    @functools.cached_property
    def time(self) -> Time:
        """Of the whole batch."""
        rows = self.table
        return Time(**{x: float((rows[f"{x}_us"] * rows["runs"]).sum()) / 1e6 for x in PARTS})

    @property
    def latency_s(self) -> float:
        """From the first transfer to the last: of all sentences of the batch."""
        return self.time.total

    @property
    def programs(self) -> int:
        """Issued for the batch."""
        return sum(len(stage.programs) * stage.runs for stage in self.stages)

    @property
    def speech_s_per_s(self) -> float:
        """Seconds of speech that the board says in one second, all its chips at work."""
        return self.board.chips * self.batch * self.seconds_each / self.latency_s

    def streams(self, latency_s: float) -> int:
        """Streams that are spoken as fast as they are heard, each answered within `latency_s`.

        A request may come when a batch has just begun: it waits for that one, and for its own.
        0 where even that takes longer.
        """
        return int(self.speech_s_per_s) if 2 * self.latency_s <= latency_s else 0

    def dram_bytes(self, multicast: bool = True, resident: bool = False) -> int:
        """Read and written for the batch.

        multicast: whether what several cores need is read once; otherwise each core reads it.
        resident: whether constants lie in L1 and are not read at all, see `constants_fit`.
        """
        rows = self.table
        moved = int((rows["dram_bytes" if multicast else "dram_bytes_alone"] * rows["runs"]).sum())
        kept = sum(_constant_reads(x) * stage.runs for stage in self.stages for x in stage.programs)
        return moved - kept if resident else moved

    @property
    def constant_bytes(self) -> int:
        """Of all constants of the stages, each once."""
        return sum(sum(stage.constants) for stage in self.stages)

    @property
    def provenance(self) -> str:
        """Where the figures come from, for captions."""
        how = "replayed from traces" if self.traced else "issued call by call"
        return (
            f"{NOT_ON_SILICON} Voice {self.voice}, plan {self.plan}, {self.board.name} "
            f"({self.board.arch}, {self.board.grid[0]} x {self.board.grid[1]} cores a chip), batch "
            f"{self.batch}, programs captured on a mock device and {how}; "
            "data/economics/constants.yaml."
        )


def costs(
    plan: Plan | str | Path,
    on: str = "n150",
    voice: str | Path = DEFAULT_VOICE,
    *,
    frames: int = 256,
    batch: int = 1,
    rows: int = ROWS,
    traced: bool = True,
    rehearsal: Rehearsal | None = None,
) -> Cost:
    """What a batch of sentences takes on a board.

    Args:
        plan: a plan, or the name or path of one.
        on: the board.
        voice: a name or path as `lightning_v2.load` takes it.
        frames: of each sentence, a bucket.
        batch: sentences at once, on each chip.
        rows: frames at once of all of them, as `Buckets` has it.
        traced: whether programs are replayed from traces.
        rehearsal: of this deployment with this bucket and batch, where there is one already.

    Raises:
        PlanError, TargetError, UnsupportedError, RehearsalError: as `rehearse`.
        ArgumentError: there is no such board.
    """
    board(on)
    spoken = load(voice)
    # Voices of others run one sentence after the other.
    together = 1 if isinstance(spoken, OnnxVoice) else batch
    found = rehearsal or rehearse(
        plan, PLANNED_ON.get(on, on), voice, buckets_of(frames, together, rows)
    )
    chip = board(on, found.grid)
    stages = tuple(
        Stage.of(stage.stage, stage.bucket, steps, batch)
        for stage, steps in zip(found.report.stages, found.steps, strict=True)
    )
    seconds = frames * hop_of(spoken) / spoken.sample_rate
    return Cost(spoken.name, found.plan, chip, batch, seconds, stages, traced)


def buckets_of(frames: int, batch: int, rows: int = ROWS) -> Buckets:
    """One bucket of frames, with a quarter as many phones."""
    return Buckets((EXACT_LENGTHS.for_phones(-(-frames // 4)),), (frames,), batch, rows)


def hop_of(voice: Voice) -> int:
    """Samples of one frame of a bucket."""
    return voice.frontend.hop if isinstance(voice, OnnxVoice) else HOP


def alone_bytes(program: Program) -> int:
    """Bytes that are read from DRAM if no core reads for another."""
    cut = program.cut
    if cut is None:
        return program.dram_read_bytes
    across = min(program.cores, -(-cut.n // cut.share_n))
    down = max(1, program.cores // across)
    in0, in1, *others = program.operands
    counted = ((in0, across), (in1, down), *((x, down) for x in others))
    return sum(use.bytes * readers for use, readers in counted if use.in_dram)


def _constant_reads(program: Program) -> int:
    """Bytes of weights among what a program reads from DRAM: all operands but the first."""
    if program.kind in ("elementwise", "movement"):
        return 0
    return sum(x.bytes for x in program.operands[1:] if x.in_dram)


def _constants(steps: tuple[Step, ...]) -> dict[object, int]:
    """Weights and vectors, each once: operands behind the first one that no step has made."""
    return {
        use.identity: use.bytes
        for step in steps
        if step.kind == OPERATION
        for use, producer in zip(step.operands[1:], step.producers[1:], strict=True)
        if producer is None and use.in_dram
    }


def _row(stage: Stage, name: str, call: str, kind: str, time: Time) -> dict:
    return {
        "stage": stage.name,
        "runs": stage.runs,
        "program": name,
        "call": call,
        "kind": kind,
        **{f"{part}_us": getattr(time, part) * 1e6 for part in PARTS},
        "us": time.total * 1e6,
        "bound": time.bound,
    }
