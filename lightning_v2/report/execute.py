"""One notebook in a process of its own, which can be ended whatever it hangs on."""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import nbformat
import psutil

from lightning_v2.report.records import read_notebook

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Execution:
    """How it went.

    Attributes:
        seconds: wall time.
        error: one line that says what failed; None if nothing did.
        traceback: what a reader needs to find it; empty if nothing failed.
        reached: whether there is an executed notebook, if only of the first cells.
    """

    seconds: float
    error: str | None = None
    traceback: str = ""
    reached: bool = True


def execute(
    notebook: Path,
    executed: Path,
    parameters: dict[str, object],
    cell_timeout_s: int,
    notebook_timeout_s: int,
    threads: int | None = None,
    on_start: Callable[[subprocess.Popen], None] = lambda process: None,
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
        threads: that its arithmetic may use; as many as there are cores if not given.
        on_start: gets the process, for `kill`.
    """
    part = executed.with_name(f".{executed.stem}.part.ipynb")
    request = {
        "notebook": str(notebook.resolve()),
        "folder": str(notebook.resolve().parent),
        "executed": str(part.resolve()),
        "parameters": parameters,
        "cell_timeout_s": cell_timeout_s,
    }
    # The kernel must come from this environment, not from one that the user installed elsewhere.
    # What Python says of other people's source files when it first compiles them is no result.
    environment = {
        **({name: str(threads) for name in _THREADS} if threads else {}),
        **os.environ,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONWARNINGS": "ignore::SyntaxWarning",
    }
    started = monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "lightning_v2.report.papermill_process"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    on_start(process)
    try:
        _, messages = process.communicate(json.dumps(request), timeout=notebook_timeout_s)
        problem = None
    except subprocess.TimeoutExpired:
        problem = f"took longer than {notebook_timeout_s} s and was ended"
        kill(process)
        _, messages = process.communicate()
    finally:
        kill(process)
    seconds = monotonic() - started
    reached = read_notebook(part)
    if reached is not None:
        os.replace(part, executed)
    part.unlink(missing_ok=True)
    if problem:
        return Execution(seconds, problem, reached=reached is not None)
    if process.returncode == 0:
        return Execution(seconds)
    failed = _failed_cell(reached, cell_timeout_s) if reached else None
    failed = failed or _explained(messages, process.returncode, reached)
    return Execution(seconds, *failed, reached=reached is not None)


def kill(process: subprocess.Popen) -> None:
    """End a process and everything it started; the kernel has a session of its own."""
    if process.poll() is not None:
        return
    try:
        parent = psutil.Process(process.pid)
        victims = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        victims = []
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    process.wait()


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
    messages: str, status: int, reached: nbformat.NotebookNode | None
) -> tuple[str, str]:
    """Error line and traceback of what went wrong outside of cells."""
    lines = messages.strip().splitlines()
    last = lines[-1] if lines else f"papermill ended with {status}"
    if "DeadKernelError" in messages:
        last = f"the kernel died{_where(reached)}: killed, out of memory, or it crashed"
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
