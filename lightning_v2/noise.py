"""The generators of random numbers that everybody shares: torch's on the CPU, NumPy's, Python's."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from lightning_v2.errors import ArgumentError


def states() -> tuple:
    """Where the generators are, for `go_on_from`."""
    shared = np.random.get_state()  # noqa: NPY002
    return random.getstate(), shared, torch.default_generator.get_state()


def go_on_from(known: tuple) -> None:
    """Put the generators where they were when `states` was called."""
    python, numpy, torchs = known
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002
    torch.default_generator.set_state(torchs)


@contextmanager
def untouched() -> Iterator[None]:
    """Context after which the generators are where they were before."""
    before = states()
    try:
        yield
    finally:
        go_on_from(before)


def check_seed(seed: int) -> None:
    """Raises:
    ArgumentError: the seed is negative."""
    if seed < 0:
        raise ArgumentError(f"seed is {seed}; legal are whole numbers from 0 on")


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """Context in which the generators start from a seed; afterwards they are where they were.

    Raises:
        ArgumentError: the seed is negative.
    """
    check_seed(seed)
    with untouched():
        random.seed(seed)
        np.random.seed(np.random.SeedSequence(seed).generate_state(4))  # noqa: NPY002
        torch.default_generator.manual_seed(seed)
        yield
