"""The standard streams of a command: closed ones, full disks, and pipes whose reader has gone."""

import os
import select
import signal
import sys

READER_GONE = 128 + signal.SIGPIPE
"""What a shell says of a program that wrote into a pipe that nobody reads any more."""

_STANDARD_OUTPUT = 1


def fill_closed() -> None:
    """Let the null device take the place of standard streams that are closed.

    The next file that is opened would take their descriptor, and what is printed would land in it.
    `sys.stdin` stays None, and so does `sys.__stdout__`: see `files.check_output`.
    """
    while (null := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(null, True)
    os.close(null)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, as long as the process


def reader_gone() -> bool:
    """Whether standard output is a pipe that nobody reads any more."""
    poll = select.poll()
    poll.register(_STANDARD_OUTPUT, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def flush() -> None:
    """Write out what was printed. What cannot be written is dropped, for the end of the interpreter
    would complain of it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
