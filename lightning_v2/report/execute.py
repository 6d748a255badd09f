"""One notebook in a process of its own, which can be ended whatever it hangs on."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import nbformat
import psutil

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Execution:
    """How it went.

    Attributes:
        seconds: wall time.
        error: one line that says what failed; None if nothing did.
        traceback: what a reader needs to find it; empty if nothing failed.
    """

    seconds: float
    error: str | None = None
    traceback: str = ""


def execute(
    notebook: Path,
    executed: Path,
    parameters: dict[str, object],
    cell_timeout_s: int,
    notebook_timeout_s: int,
) -> Execution:
    """Run a notebook with papermill; `executed` holds what was reached, also after a failure.

    Args:
        notebook: the source, stays as it is.
        executed: written to a temporary file, then renamed.
        parameters: put into the cell tagged `parameters`.
        cell_timeout_s: most a cell may take.
        notebook_timeout_s: most everything may take, kernel start included; then the process and
            its kernel are killed.
    """
    part = executed.with_name(f".{executed.stem}.part.ipynb")
    command = [
        sys.executable, "-m", "papermill", str(notebook.resolve()), str(part.resolve()),
        "--parameters_yaml", json.dumps(parameters), "--cwd", str(notebook.resolve().parent),
        "--execution-timeout", str(cell_timeout_s), "--no-progress-bar",
    ]  # fmt: skip
    # The kernel must come from this environment, not from one that the user installed elsewhere.
    # What Python says of other people's source files when it first compiles them is no result.
    environment = {
        **os.environ,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONWARNINGS": "ignore::SyntaxWarning",
    }
    started = monotonic()
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _, messages = process.communicate(timeout=notebook_timeout_s)
        problem = None
    except subprocess.TimeoutExpired:
        problem, messages = f"took longer than {notebook_timeout_s} s and was ended", ""
    finally:
        _kill(process)
    seconds = monotonic() - started
    failed = _failed_cell(part, cell_timeout_s)
    if part.exists():
        os.replace(part, executed)
    if problem:
        return Execution(seconds, problem)
    if process.returncode == 0:
        return Execution(seconds)
    if failed:
        return Execution(seconds, *failed)
    last = messages.strip().splitlines()[-1:] or [f"papermill ended with {process.returncode}"]
    return Execution(seconds, last[0], messages)


def _kill(process: subprocess.Popen) -> None:
    """End a process and everything it started; the kernel has a session of its own."""
    if process.poll() is not None:
        return
    parent = psutil.Process(process.pid)
    for victim in (*parent.children(recursive=True), parent):
        victim.kill()
    process.communicate()


def _failed_cell(executed: Path, cell_timeout_s: int) -> tuple[str, str] | None:
    """Error line and traceback of the first cell that raised."""
    if not executed.exists():
        return None
    for cell in nbformat.read(executed, as_version=4).cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                problem = f"{output.ename}: {output.evalue}"
                if output.ename == "KeyboardInterrupt":  # which is how a late cell is stopped
                    problem = f"took longer than {cell_timeout_s} s and was interrupted"
                traceback = _COLOURS.sub("", "\n".join(output.traceback))
                return f"cell [{cell.execution_count}] {problem}", traceback
    return None
