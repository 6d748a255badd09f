"""Processes that begin with the packages of others loaded, which take longest to import.

Each is forked from a server that has loaded those packages, nothing of this library, and has
computed nothing.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOADED = [
    "librosa", "numba", "onnx", "pandas", "pyarrow.parquet", "pytest", "scipy.signal",
    "scipy.stats", "soundfile", "torch", "yaml",
]  # fmt: skip

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(LOADED)


def run(
    function: Callable[..., None],
    *arguments: object,
    folder: Path,
    output: Path,
    errors: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    timeout_s: float,
) -> int | None:
    """Call `function(*arguments)` in a process of its own, and end what that has started.

    Args:
        function: of the top level of a module that can be imported.
        arguments: what pickle keeps.
        folder: that the process begins in.
        output: file that takes what it prints.
        errors: file for what goes to standard error; `output` if not given.
        environment: all of its variables.
        timeout_s: most it may take.

    Returns:
        Its exit status, None if it took too long.
    """
    where = str(folder), str(output), str(errors or output), dict(environment)
    process = _forks.Process(target=_begin, args=(where, function, arguments))
    process.start()
    try:
        process.join(timeout_s)
        return process.exitcode
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()


def _begin(where: tuple, function: Callable[..., None], arguments: tuple) -> None:
    folder, output, errors, environment = where
    os.setsid()
    opened = [os.open(os.devnull, os.O_RDONLY)]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    opened += [os.open(name, flags) for name in (output, errors)]
    for descriptor, file in enumerate(opened):
        os.dup2(file, descriptor)
        os.close(file)
    sys.stdin = open(0)  # noqa: SIM115, multiprocessing has closed it
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    function(*arguments)


def python(text: str, *arguments: str, place: Path = ROOT, folder: Path = ROOT) -> str:
    """What `python -c text arguments` prints in `folder` that looks for modules in `place` first.

    A test fails with what went to standard error if that does not end well.
    """
    with tempfile.TemporaryDirectory() as kept:
        output, errors = Path(kept) / "output", Path(kept) / "errors"
        how = {"folder": folder, "output": output, "errors": errors, "timeout_s": 300}
        status = run(_script, text, str(place), *arguments, **how)
        assert status == 0, errors.read_text()
        return output.read_text()


def _script(text: str, place: str, *arguments: str) -> None:
    sys.path[:0] = ["", place]
    sys.argv = ["-c", *arguments]
    exec(compile(text, "<string>", "exec"), {"__name__": "__main__"})
