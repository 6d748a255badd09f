"""One notebook in a process of its own, which is ended whatever it hangs on."""

import errno
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import nbformat

from lightning_v2.report.processes.forks import Forks
from lightning_v2.report.records import read_notebook

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Execution:
    """How it went.

    Attributes:
        seconds: wall time.
        memory_mb: of the largest process at its peak; 0 if that is not known.
        error: one line that says what failed; None if nothing did.
        traceback: what a reader needs to find it; empty if nothing failed.
        reached: whether there is an executed notebook, if only of the first cells.
    """

    seconds: float
    memory_mb: int = 0
    error: str | None = None
    traceback: str = ""
    reached: bool = True


def execute(
    notebook: Path,
    executed: Path,
    parameters: dict[str, object],
    cell_timeout_s: int,
    notebook_timeout_s: int,
    forks: Forks,
) -> Execution:
    """Run a notebook with papermill; `executed` holds what was reached, also after a failure.

    Args:
        notebook: the source, stays as it is.
        executed: written to a temporary file, then renamed. If not even that could be written (a
            full disk), what was there before stays.
        parameters: put into the cell tagged `parameters`.
        cell_timeout_s: most a cell may take.
        notebook_timeout_s: most everything may take, kernel start included; then the process and
            its kernel are killed.
        forks: where its process comes from.
    """
    part = executed.with_name(f".{executed.stem}.part.ipynb")
    request = {
        "notebook": str(notebook.resolve()),
        "folder": str(notebook.resolve().parent),
        "executed": str(part.resolve()),
        "parameters": parameters,
        "cell_timeout_s": cell_timeout_s,
    }
    started, problem, ended = monotonic(), None, None
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        with forks.start(request, errors) as process:
            try:
                ended = process.wait(notebook_timeout_s)
            except TimeoutError:
                problem = f"took longer than {notebook_timeout_s} s and was ended"
        errors.seek(0)
        messages = errors.read()
    seconds = monotonic() - started
    status, memory_kb = ended or (None, 0)
    memory_mb = round(memory_kb * 1024 / 1e6)
    reached = read_notebook(part)
    if reached is not None:
        os.replace(part, executed)
    part.unlink(missing_ok=True)
    if problem:
        return Execution(seconds, error=problem, reached=reached is not None)
    if status == 0:
        return Execution(seconds, memory_mb)
    failed = _failed_cell(reached, cell_timeout_s) if reached else None
    failed = failed or _explained(messages, status, reached, cell_timeout_s)
    return Execution(seconds, memory_mb, *failed, reached=reached is not None)


def _failed_cell(executed: nbformat.NotebookNode, cell_timeout_s: int) -> tuple[str, str] | None:
    """Error line and traceback of the first cell that raised."""
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                problem = f"{output.ename}: {output.evalue}"
                if output.ename == "KeyboardInterrupt":  # which is how a late cell is stopped
                    problem = f"took longer than {cell_timeout_s} s and was interrupted"
                traceback = _COLOURS.sub("", "\n".join(output.traceback))
                return f"cell [{cell.execution_count}] {problem}", traceback
    return None


def _explained(
    messages: str, status: int | None, reached: nbformat.NotebookNode | None, cell_timeout_s: int
) -> tuple[str, str]:
    """Error line and traceback of what went wrong outside of cells."""
    lines = messages.strip().splitlines()
    last = lines[-1] if lines else f"papermill ended with {status}"
    if status is None:
        last = f"its process was lost{_where(reached)}"
    elif "DeadKernelError" in messages:
        last = f"the kernel died{_where(reached)}: killed, out of memory, or it crashed"
    elif "CellTimeoutError" in messages:  # the cell has not even let itself be interrupted
        last = f"took longer than {cell_timeout_s} s and was ended{_where(reached)}"
    elif f"[Errno {errno.ENOSPC}]" in last:
        last = f"the disk is full: {last}"
    elif status < 0:
        last = f"papermill was killed by signal {-status}{_where(reached)}"
    return last, messages


def _where(reached: nbformat.NotebookNode | None) -> str:
    """Which cell was running: the last one that had begun."""
    begun = [
        cell.source.strip().splitlines()[0]
        for cell in (reached.cells if reached else ())
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return f" in the cell that begins with {begun[-1]!r}" if begun else ""
