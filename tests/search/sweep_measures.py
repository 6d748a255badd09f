"""Measurements that need no voice, registered for tests; workers import this module by its path."""

import os
import signal
import time
from pathlib import Path

from lightning_v2.errors import ArgumentError
from lightning_v2.search.sweep.sweep import measurement


@measurement("square")
def square(number, log=None):
    if log:
        with open(log, "a") as file:
            file.write(f"{number} {os.getpid()}\n")
    return {"square": number**2}


@measurement("rows")
def rows(count):
    return [{"index": index, "name": f"row {index}"} for index in range(count)]


@measurement("refuses")
def refuses(number, until=None):
    if until is None or not Path(until).exists():
        raise ArgumentError(f"{number} is not\nliked")
    return {"square": number**2}


@measurement("divides")
def divides(number):
    return {"inverse": 1 / number}


@measurement("ambient")
def ambient():
    from lightning_v2 import tensix

    return tensix.settings().decisive


@measurement("slow")
def slow(number, pause, log):
    with open(log, "a") as file:
        file.write(f"{number} {os.getpid()}\n")
    time.sleep(pause)
    return {"square": number**2}


@measurement("dies")
def dies(number):
    os.kill(os.getpid(), signal.SIGKILL)


@measurement("odd")
def odd(kind):
    return {"list": {"value": [1]}, "taken": {"seconds": 1.0}, "nothing": None}[kind]
