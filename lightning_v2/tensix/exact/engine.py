"""One run of the matrix engine, on the fastest road that gives its bits.

`kernels.fpu.matmul_vectors` takes what it can, `kernels.fpu.matmul` the rest.
"""

from collections.abc import Callable

import numpy as np
import torch

from lightning_v2.tensix import threads
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, settings

_TF32, _BFLOAT16 = -0x2000, -0x10000  # masks of an int32 pattern
_SMALL = 1 << 18
"""Multiply-adds below which a second thread costs more than it brings."""
_LARGE = 1 << 24
"""Those from which on loops of their own for few columns bring more than compiling them costs."""
_BLOCK = 64
"""Rows and columns of a block."""


def multiply_add(
    dst: torch.Tensor,
    in0: torch.Tensor,
    in1: torch.Tensor,
    config: ComputeKernelConfig,
    start: int = 0,
    stop: int | None = None,
) -> None:
    """dst (M, N) += in0 (M, K) @ in1 (K, N), float32 each.

    start, stop: which of K; None for its end.
    """
    a, b, d = (x.numpy().view(np.int32) for x in (in0, in1, dst))
    down = (start, a.shape[1] if stop is None else stop)
    left = np.ones([-(-size // _BLOCK) for size in d.shape], np.bool_)
    if loops("fpu.matmul_vectors").is_possible():
        left[:] = False
        for across, at_once in _panels(d.shape, down[1] - down[0]):
            _in_vectors(a, b, d, across, down, config, at_once, left)
    if left.any():
        _plainly(a, b, d, down, config, np.flatnonzero(left))


def _panels(shape: tuple[int, int], depth: int) -> list[tuple[tuple[int, int], int]]:
    """Columns of a result (M, N) that go the same way, and how many rows are treated at once."""
    whole = shape[1] // _BLOCK * _BLOCK
    rest = shape[1] - whole
    at_once = 1 if 2 * rest > _BLOCK else 2 if 4 * rest > _BLOCK else 4
    if not rest or at_once == 1 or shape[0] * rest * depth < _LARGE:
        return [((0, shape[1]), 1)]
    parts = [((0, whole), 1), ((whole, shape[1]), at_once)]
    return parts if whole else parts[1:]


def _in_vectors(
    a: np.ndarray,
    b: np.ndarray,
    d: np.ndarray,
    across: tuple[int, int],
    down: tuple[int, int],
    config: ComputeKernelConfig,
    at_once: int,
    left: np.ndarray,
) -> None:
    """Some columns, by the fast loops; sets in `left` the blocks that they leave alone."""
    kernels = loops("fpu.matmul_vectors")
    defect = not settings().blackhole
    multiply = kernels.multiplier(at_once, config.fp32_dest_acc_en)
    phases, cut = fidelity.count(config.math_fidelity), _cut(config)
    panels = -(-(across[1] - across[0]) * at_once // _BLOCK)
    height = kernels.ROWS
    while height > _BLOCK and -(-len(d) // height) * panels < 2 * threads.count():
        height //= 2

    def run(first: int, last: int) -> None:
        multiply(a, b, d, across, down, height, phases, cut, defect, left, first, last)

    macs = len(d) * (across[1] - across[0]) * (down[1] - down[0])
    _spread(run, -(-len(d) // height) * panels, macs * phases)


def _plainly(
    a: np.ndarray,
    b: np.ndarray,
    d: np.ndarray,
    down: tuple[int, int],
    config: ComputeKernelConfig,
    tasks: np.ndarray,
) -> None:
    """The given blocks of 64 x 64, by the loops that take everything."""
    multiply = loops("fpu.matmul").multiply
    a, b = a[:, slice(*down)], b[slice(*down)]
    phases, cut = fidelity.count(config.math_fidelity), _cut(config)
    wide, defect = config.fp32_dest_acc_en, not settings().blackhole

    def run(first: int, last: int) -> None:
        for task in tasks[first:last]:
            multiply(a, b, d, phases, cut, cut, wide, defect, task, task + 1)

    _spread(run, len(tasks), len(tasks) * _BLOCK**2 * a.shape[1] * phases)


def _cut(config: ComputeKernelConfig) -> np.int32:
    return np.int32(_TF32 if config.fp32_dest_acc_en else _BFLOAT16)


def _spread(run: Callable[[int, int], None], tasks: int, work: int) -> None:
    if work < _SMALL:
        run(0, tasks)
    else:
        threads.spread(run, tasks)
