"""The process that those of notebooks are forked from; `Forks` starts it and talks to it."""

import gc
import importlib
import json
import os
import select
import socket
import sys
import warnings
from contextlib import suppress

import psutil

from lightning_v2.report import addresses
from lightning_v2.report.processes import papermill_process


def main() -> None:
    """Fork a process for each message on a socket, until nobody can send another one.

    Arguments of the command are the descriptor of the socket and modules to load before. A message
    brings two descriptors: of a socket that a request comes from and the way it ended goes to, and
    of the file for standard error.
    """
    channel = socket.socket(fileno=int(sys.argv[1]))
    addresses.unchecked()
    for name in ("ipykernel.ipkernel", "papermill", *sys.argv[2:]):
        with suppress(ImportError):  # a notebook that needs it will say so
            importlib.import_module(name)
    gc.freeze()  # what is loaded is not looked through again, and stays shared
    while descriptors := socket.recv_fds(channel, 1, 2)[1]:
        if not _fork():
            channel.close()
            _serve(*descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
    with suppress(ChildProcessError):  # the time that they took counts as that of this process
        while os.wait():
            pass


def _serve(connection: int, errors: int) -> None:
    """Run one notebook in a process of its own and tell how that has ended."""
    with socket.socket(fileno=connection) as asked:
        with asked.makefile() as lines:
            line = lines.readline()
        if not line:
            return
        process = _fork()
        if process:
            ended = _end_of(process, asked)
            with suppress(ConnectionError):
                asked.sendall(json.dumps(ended).encode())
            return
    os.dup2(errors, sys.stderr.fileno())
    os.close(errors)
    papermill_process.run(json.loads(line))


def _fork() -> int:
    """`os.fork`, which warns of a thread that the allocator of pyarrow has and stops by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _end_of(pid: int, asked: socket.socket) -> tuple[int, int]:
    """Exit status of a process, which ends by itself or because who has asked for it hangs up; and
    the most memory, in kB, that it or one of those had that it has waited for."""
    ended = os.pidfd_open(pid)
    ready, _, _ = select.select([ended, asked], [], [])
    if ended not in ready:
        _kill(pid)
    os.close(ended)
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss


def _kill(pid: int) -> None:
    """End a process and everything it started; the kernel has a session of its own."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for victim in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                victim.kill()


if __name__ == "__main__":
    main()
