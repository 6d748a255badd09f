"""A deployment on a mock device, tried in a process of its own.

ttnn can hang or end its process, and it reads what it runs on only once. A notebook that wants to
know what a deployment asks of a device must not load it: `rehearse` does so in a child, which is
ended when it takes too long, and brings back plain data.
"""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import Any

import pandas as pd

from lightning_v2.deployment.device.ttnn_ops import Choice
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.deployment.observed.report import Report, StageReport
from lightning_v2.deployment.observed.step import Step
from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.resources import DEFAULT_VOICE
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.voices import load

TIMEOUT_S = 300
_ENDS_S = 10
_SHOWN = 2000
"""Characters of what a child printed that an error repeats."""


class RehearsalError(LightningError, RuntimeError):
    """A rehearsal took too long, or its process ended."""


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What a deployment on a mock device asks of a real one.

    Attributes:
        plan, board, arch, ttnn_version: what was deployed, to what, by what.
        grid: columns and rows of cores.
        seconds: *measured*, of all buckets, on this machine; not of a device.
        report: programs, memory and transfers of every stage and bucket.
        operations: a row for each device operation, as `Graph.operations`, with stage and bucket.
        steps: of every stage and bucket of `report`, in its order, what `operations` says in words.
        nodes, edges: of a drawing, as `Graph.nodes` and `Graph.edges`, with stage and bucket.
        programs: a row for each kind of matrix product: m, k, n in values, formats, the program
            chosen, and of each kind of program its cycles, *modelled*, missing where it does not
            fit.
    """

    plan: str
    board: str
    arch: str
    ttnn_version: str
    grid: tuple[int, int]
    seconds: float
    report: Report
    operations: pd.DataFrame
    steps: tuple[tuple[Step, ...], ...]
    nodes: pd.DataFrame
    edges: pd.DataFrame
    programs: pd.DataFrame

    @property
    def provenance(self) -> str:
        """Where figures come from, for captions."""
        return (
            f"Measured by graph capture on a mock {self.board} ({self.arch}), plan {self.plan}, "
            f"ttnn {self.ttnn_version}; no value was computed."
        )

    def bucket(self, frames: int) -> str:
        """The name of the bucket of so many frames, "frames 256, phones 64".

        Raises:
            ArgumentError: there is none.
        """
        names = dict.fromkeys(x.bucket for x in self.report.stages if x.bucket.startswith("frames"))
        for name in names:
            if name.startswith(f"frames {frames},"):
                return name
        raise ArgumentError(f"no bucket of {frames} frames; there are {'; '.join(names)}")

    def stage(self, name: str, bucket: str) -> StageReport:
        """The report of one stage. Stages that know no frames go by the phones of `bucket`.

        Raises:
            ArgumentError: there is none.
        """
        wanted = ((name, bucket), (name, bucket.partition(", ")[2]))
        for stage in self.report.stages:
            if (stage.stage, stage.bucket) in wanted:
                return stage
        known = "; ".join(f"{x.stage}, {x.bucket}" for x in self.report.stages)
        raise ArgumentError(f"no stage {name!r} in bucket {bucket!r}; there are {known}")

    def operations_of(self, name: str, bucket: str) -> pd.DataFrame:
        """The rows of `operations` of one stage.

        Raises:
            ArgumentError: there is none.
        """
        stage = self.stage(name, bucket)
        rows = self.operations
        mine = (rows["stage"] == stage.stage) & (rows["bucket"] == stage.bucket)
        return rows[mine].drop(columns=["stage", "bucket"]).reset_index(drop=True)


def rehearse(
    plan: Plan | str | Path,
    board: str = "n150",
    voice: str | Path = DEFAULT_VOICE,
    buckets: Buckets | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Rehearsal:
    """Deploy a voice to a mock device in a process of its own; see also `one_process`.

    Args:
        plan: a plan, or the name or path of one.
        board: one of `target.BOARDS`.
        voice: a name or path as `lightning_v2.load` takes it.
        buckets: lengths to compile for, and sentences at once.
        timeout_s: after so long the process is ended.

    Raises:
        PlanError: the plan does not parse, or does not fit the voice.
        TargetError: a mock device cannot be opened.
        UnsupportedError: ttnn cannot run the plan.
        ArgumentError: the voice has no lowering, or speaks no batches.
        RehearsalError: the process took longer, or ended without an answer.
    """
    sites = voice_sites(load(voice))
    plan = for_voice(Plan.of(plan), sites)
    plan.check(sites)
    what = f"the rehearsal of plan {plan.name} on a mock {board}"
    answer = _answer(what, (plan, board, voice, buckets or Buckets()), board, timeout_s)
    if isinstance(answer, Exception):
        raise answer
    return answer


@contextmanager
def one_process() -> Iterator[None]:
    """Context in which rehearsals of one board take turns in one process, which loads ttnn once."""
    with ExitStack() as children:
        before = _children.set(({}, children))
        try:
            yield
        finally:
            _children.reset(before)


_children: ContextVar[tuple[dict[str, "_Child"], ExitStack] | None] = ContextVar(
    "children", default=None
)
"""Within `one_process` board -> the process that waits for its next rehearsal, and what ends it."""


def _answer(what: str, asked: tuple, board: str, timeout_s: float) -> object:
    """What `observed(*asked)` returns in a child, or the error of ours that it raises."""
    if (shared := _children.get()) is None:
        with closing(_Child()) as child:
            return child.answer(what, asked, timeout_s)
    waiting, ends = shared
    child = waiting.pop(board, None) or ends.enter_context(closing(_Child()))
    answer = child.answer(what, asked, timeout_s)
    waiting[board] = child
    return answer


class _Child:
    """A process that answers requests, one after the other."""

    def __init__(self):
        self._channel, theirs = Pipe()
        self._output = TemporaryFile("w+", errors="replace")  # noqa: SIM115, see `close`
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def answer(self, what: str, asked: tuple, timeout_s: float) -> object:
        """As `_answer`; `what` is asked for, for messages. After an error there is no other one.

        Raises:
            RehearsalError: it took longer, or the process has ended.
        """
        try:
            self._channel.send(asked)
            if not self._channel.poll(timeout_s):
                self.close()
                raise RehearsalError(f"{what} took longer than {timeout_s} s and was ended")
            return self._channel.recv()
        except (EOFError, OSError) as error:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_ENDS_S)
            status = self._process.returncode
            self._output.seek(0)
            output = self._output.read()[-_SHOWN:]
            message = f"{what} ended with status {status}; it printed:\n{output}"
            raise RehearsalError(message) from error

    def close(self) -> None:
        """End it, with all that it started; it has a group of its own."""
        if self._channel.closed:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._channel.close()
        self._output.close()


def _main(descriptor: int) -> None:
    """The child."""
    # A crash of ttnn would leave a file of gigabytes.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The answers must not hold classes of __main__.
    from lightning_v2.deployment.rehearsal import observed

    with Connection(descriptor) as channel, suppress(EOFError):
        while True:
            asked = channel.recv()
            try:
                answer = observed(*asked)
            except LightningError as error:
                answer = error.with_traceback(None)
            channel.send(answer)
    # Without the end of the interpreter, in which ttnn now and then hangs.
    os._exit(0)


def observed(plan: Plan, board: str, voice: str | Path, buckets: Buckets) -> Rehearsal:
    """What a deployment to a mock device shows; loads ttnn in this process.

    Raises:
        TargetError, UnsupportedError: as `rehearse`.
    """
    from lightning_v2.deployment.deployment import Deployment
    from lightning_v2.deployment.device.target import open_device, ttnn_version

    start = perf_counter()
    with open_device("mock", board) as device:
        deployment = Deployment(load(voice), plan, device, buckets=buckets)
        for _ in deployment.prepare():
            pass
        report = deployment.report
        tables = {"operations": [], "nodes": [], "edges": []}
        for stage, graph in zip(report.stages, deployment.graphs, strict=True):
            for name, rows in tables.items():
                table = getattr(graph, name)()
                table.insert(0, "stage", stage.stage)
                table.insert(1, "bucket", stage.bucket)
                rows.append(table)
        return Rehearsal(
            plan=plan.name,
            board=device.board,
            arch=device.arch,
            ttnn_version=ttnn_version() or "",
            grid=device.grid,
            seconds=perf_counter() - start,
            report=report,
            steps=tuple(graph.steps for graph in deployment.graphs),
            programs=pd.DataFrame(map(_product, deployment.choices)),
            **{name: pd.concat(rows, ignore_index=True) for name, rows in tables.items()},
        )


def _product(choice: Choice) -> dict[str, Any]:
    product, chosen = choice.product, choice.program
    cycles = {program.kind: program.cycles for program in (chosen, *choice.others)}
    return {
        "m": product.m * TILE,
        "k": product.k * TILE,
        "n": product.n * TILE,
        "in0": product.in0,
        "in1": product.in1,
        "output": product.output,
        "math_fidelity": product.math_fidelity,
        "fp32_dest_acc_en": product.wide,
        "in0_block_w": product.width,
        "program": chosen.kind,
        "cores": chosen.grid[0] * chosen.grid[1],
        "cycles": chosen.cycles,
        **{f"{kind}_cycles": cycles.get(kind) for kind in ("rows", "columns", "blocks")},
        "l1_bytes": chosen.l1_bytes,
        "reason": chosen.reason,
    }


if __name__ == "__main__":
    _main(int(sys.argv[1]))
