"""A real scheduler and real workers on the loopback interface, as a user starts them."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}",
    "OMP_NUM_THREADS": "1",
}


@contextmanager
def scheduler(folder):
    """Yields (address, start): start() runs one more worker and returns its process."""
    started = []

    def start(*arguments):
        with open(folder / f"process-{len(started)}.log", "w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                cwd=folder,
                env=ENVIRONMENT,
                stdout=log,
                stderr=log,
            )
        started.append(process)
        return process

    place = folder / "scheduler.json"
    start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
          "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(place))  # fmt: skip
    try:
        address = _address(place)
        yield address, lambda: start(
            "worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard",
            "--no-nanny", "--local-directory", str(folder),
        )  # fmt: skip
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def wait_until(holds, timeout=60):
    """What `holds` returns, as soon as it is true."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.05)
    raise TimeoutError(f"not within {timeout} s")


def _address(place):
    import json

    wait_until(place.exists)
    return json.loads(place.read_text())["address"]
