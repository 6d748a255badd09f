"""Whether a process that somebody else started has ended."""

import time

import psutil


def has_ended(pid: int, seconds: float = 20) -> bool:
    """Whether the process ends in time. One that its parent has not collected yet has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.1)
    return False
