"""Runs a function of a test on a device, in a process of its own.

ttnn can hang, can end its process, and reads its variables once: no test may load it in the process
of the tests.
"""

import json
import os
import resource
import runpy
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import fork_server

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
        code = function.__code__
        status = fork_server.run(
            _main,
            code.co_filename,
            function.__name__,
            str(result),
            json.dumps(call),
            folder=Path(folder),
            output=output,
            environment={name: value for name, value in variables.items() if value is not None},
            timeout_s=timeout_s,
        )
        if status != 0:
            late = f"did not end within {timeout_s} s"
            end = late if status is None else f"ended with status {status}"
            shown = output.read_text(errors="replace")[-OUTPUT_SHOWN:]
            pytest.fail(f"{function.__name__} {end}; it printed:\n{shown}", pytrace=False)
        return json.loads(result.read_text())


def _main(file: str, name: str, result: str, call: str) -> None:
    target, board, *arguments = json.loads(call)
    # ttnn's crashes would each leave a file of gigabytes.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
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
