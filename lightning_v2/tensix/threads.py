"""Compiled kernels on several cores. A kernel cuts its work into tasks that share no result, so
that the bits do not depend on how many threads there are."""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lightning_v2.tensix.numbers.configuration import settings

_PIECE = 4096


def spread(run: Callable[[int, int], None], tasks: int, most: int | None = None) -> None:
    """`run(first, last)` for parts of range(tasks), each in a thread, the last one in this.

    Args:
        run: releases the interpreter lock; raises nothing.
        most: threads; None for `count()`.
    """
    parts = min(most or count(), tasks)
    bounds = [tasks * part // parts for part in range(parts + 1)] if parts else [0, 0]
    waiting = [_pool().submit(run, *bounds[i : i + 2]) for i in range(len(bounds) - 2)]
    run(*bounds[-2:])
    for future in waiting:
        future.result()


def spread_slices(run: Callable[[slice], None], size: int) -> None:
    """`run(part)` for slices of range(size), none so short that a thread would not pay."""
    spread(lambda first, last: run(slice(first * _PIECE, last * _PIECE)), -(-size // _PIECE))


def count() -> int:
    """How many threads there are."""
    return settings().threads or _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(32, _cores()), thread_name_prefix="tensix")


# The threads of a pool do not live on in a forked process.
os.register_at_fork(after_in_child=_pool.cache_clear)
