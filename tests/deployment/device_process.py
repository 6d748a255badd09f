"""Runs a function of a test on a device, in a process of its own.

ttnn can hang, can end its process, and reads its variables once: no test may load it in the process
of the tests.
"""

import contextlib
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
OUTPUT_SHOWN = 6000


def run_on_mock(
    board: str | None, function: Callable, *arguments: Any, timeout_s: float = 120, **environment
) -> Any:
    """What `function(device, *arguments)` returns, on a mock device of `board`.

    function: of the top level of a file; the file is run anew, without the tests around it.
    Arguments and result must be such that JSON keeps them. environment: variables to set, or with
    None to remove.

    The test fails, and shows what the process printed, if it raises, dies or takes longer.
    """
    return _result(function, ["mock", board, *arguments], timeout_s, environment)


def run_on_simulator(function: Callable, *arguments: Any, timeout_s: float) -> Any:
    """The same on the simulator."""
    return _result(function, ["simulator", None, *arguments], timeout_s, {})


def run_alone(
    function: Callable, *arguments: Any, timeout_s: float = 120, **environment: str | None
) -> Any:
    """The same without a device: what `function(*arguments)` returns."""
    return _result(function, [None, None, *arguments], timeout_s, environment)


def _result(function: Callable, call: list, timeout_s: float, environment: dict) -> Any:
    variables = {**os.environ, **environment}
    with tempfile.TemporaryDirectory() as folder:
        result, output = Path(folder) / "result.json", Path(folder) / "output.txt"
        where = [function.__code__.co_filename, function.__name__, str(result), json.dumps(call)]
        with output.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-P", __file__, *where],
                cwd=folder,
                env={name: value for name, value in variables.items() if value is not None},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                end = f"ended with status {process.wait(timeout_s)}"
            except subprocess.TimeoutExpired:
                end = f"did not end within {timeout_s} s"
            finally:
                _end(process)
        if end != "ended with status 0":
            shown = output.read_text(errors="replace")[-OUTPUT_SHOWN:]
            pytest.fail(f"{function.__name__} {end}; it printed:\n{shown}", pytrace=False)
        return json.loads(result.read_text())


def _end(process: subprocess.Popen) -> None:
    """End the process, if need be, and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _main(file: str, name: str, result: str, call: str) -> None:
    target, board, *arguments = json.loads(call)
    # ttnn's crashes would each leave a file of gigabytes.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Some installed package may be called tests, too.
    tests = sys.modules["tests"] = ModuleType("tests")
    tests.__path__ = [str(ROOT / "tests")]
    function = runpy.run_path(file)[name]
    if target is None:
        value = function(*arguments)
    else:
        from lightning_v2.deployment.device.target import open_device

        with open_device(target, board) as device:
            value = function(device, *arguments)
    Path(result).write_text(json.dumps(value))
    sys.stdout.flush()
    sys.stderr.flush()
    # Without the end of the interpreter, in which ttnn now and then hangs.
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
