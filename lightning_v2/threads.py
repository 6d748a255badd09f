"""What a thread of Python computes with, and nobody else: threads of torch, and zeros for the
smallest numbers."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch

_changing = threading.Lock()


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Context in which the torch calls of this thread use so many threads.

    Sums that are split over several threads round differently for each number of them: under
    `torch_threads(1)` the bits are the same on every machine with the same instructions.

    Contexts nest, and those of several threads may begin and end in any order. Another thread
    keeps the number that it has, and one that starts meanwhile gets the number that it would have
    got; only a thread whose very first torch call falls into the moment of a change can get
    `count`. This holds for torch with OpenMP, as all its wheels are: the number belongs to a
    thread there.

    Args:
        count: 1 or more.
    """
    before = torch.get_num_threads()
    _use(count)
    try:
        yield
    finally:
        _use(before)


def _use(count: int) -> None:
    """`torch.set_num_threads` sets two numbers: that of this thread, which is what is wanted here,
    and the one that new threads start with, which a new thread puts back."""
    if torch.get_num_threads() == count:
        return
    with _changing, ThreadPoolExecutor(1) as new:
        others = new.submit(torch.get_num_threads).result()
        torch.set_num_threads(count)
        new.submit(torch.set_num_threads, others).result()


@contextmanager
def subnormals_as_zero() -> Iterator[None]:
    """Context in which this thread, and those that it starts, take numbers below 1.2e-38 (float32)
    for 0.

    Filters that run over silence come to such numbers, with which a processor is many times slower.
    """
    if np.float32(1e-40) * np.float32(1) == 0:  # they are already
        yield
        return
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
