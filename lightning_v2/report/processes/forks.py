"""Processes of notebooks, each forked from one that has loaded what takes longest to import."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Self

PACKAGES = (
    "librosa", "matplotlib.backends.backend_agg", "matplotlib.figure", "numba", "onnx", "pandas",
    "pyarrow.parquet", "scipy.signal", "scipy.stats", "soundfile", "torch", "yaml",
)  # fmt: skip
"""Of others, that most notebooks of ours need. None that asks, as it is imported, whether it is in
a kernel, as ipywidgets and matplotlib.pyplot do."""

_SERVER = "lightning_v2.report.processes.fork_server"
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Forks:
    """Starts processes of notebooks. As a context it ends those that still run.

    Args:
        packages: modules that are loaded once, for all of them.
        threads: that the arithmetic of each may use; as many as there are cores if not given.
    """

    def __init__(self, packages: Sequence[str] = (), threads: int | None = None):
        self._lock = threading.Lock()
        self._running: set[Fork] = set()
        self._stopped = False
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The kernel must come from this environment, not from one that the user installed
        # elsewhere, and matplotlib draws as it does in a kernel. What Python says of other people's
        # source files when it first compiles them is no result.
        environment = {
            **({name: str(threads) for name in _THREADS} if threads else {}),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            **os.environ,
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PYTHONWARNINGS": "ignore::SyntaxWarning",
        }
        command = [sys.executable, "-m", _SERVER, str(theirs.fileno())]
        with theirs:
            self._server = subprocess.Popen(
                [*command, *packages],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # an interrupt is for who has started it
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._channel.close()
        self._server.wait()

    @contextmanager
    def start(self, request: dict[str, object], errors: IO) -> Iterator["Fork"]:
        """Context in which one runs; it has ended behind it, with all that it started.

        Args:
            request: what `papermill_process.run` is to do, as JSON can hold it.
            errors: an open file, which takes what goes to standard error.
        """
        ours, theirs = socket.socketpair()
        fork = Fork(ours)
        with self._lock:
            self._running.add(fork)
            if self._stopped:
                fork.hang_up()
        try:
            # Where nobody answers any more, `Fork.wait` says so.
            with theirs, suppress(ConnectionError):
                descriptors = [theirs.fileno(), errors.fileno()]
                socket.send_fds(self._channel, [b"+"], descriptors)
                ours.sendall(f"{json.dumps(request)}\n".encode())
            yield fork
        finally:
            fork.end()
            with self._lock:
                self._running.discard(fork)

    def stop(self) -> None:
        """End all that run, and those that would start from now on."""
        with self._lock:
            self._stopped = True
            for fork in self._running:
                fork.hang_up()
        with suppress(OSError):  # the other side has hung up
            self._channel.shutdown(socket.SHUT_WR)


class Fork:
    """One process of a notebook, seen from the process that has asked for it."""

    def __init__(self, connection: socket.socket):
        self._connection = connection

    def wait(self, timeout_s: float) -> tuple[int, int] | None:
        """Its exit status, negative if a signal ended it, and the peak of memory in kB, its own
        or of the largest that it has started; None if that cannot be told any more.

        Raises:
            TimeoutError: it still runs.
        """
        self._connection.settimeout(timeout_s)
        try:
            told = self._connection.recv(64)
        except ConnectionError:
            return None
        return tuple(json.loads(told)) if told else None

    def end(self) -> None:
        """Wait until it has ended, with all that it has started, at once if it still runs."""
        self.hang_up()
        self._connection.settimeout(None)
        with self._connection, suppress(ConnectionError):
            while self._connection.recv(16):
                pass

    def hang_up(self) -> None:
        """Let it be ended, without waiting for that."""
        with suppress(OSError):  # the other side has hung up
            self._connection.shutdown(socket.SHUT_WR)
