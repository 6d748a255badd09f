"""The scalar rules of `fpu` over whole arrays of patterns (uint32), compiled by numba."""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu.fpu import add, multiply, narrow, tf32


@compiled
def add_rows(matrix, row, result, wide, defect, first, last):
    """result (M, N) = matrix (M, N) + row (N,) by ELWADD: matrix in SrcA, row in SrcB.

    Rows `first` to `last`.
    """
    for m in range(first, last):
        for n in range(matrix.shape[1]):
            a, b = np.int64(matrix[m, n]), np.int64(row[n])
            result[m, n] = np.uint32(add(_read(a, wide), _read(b, wide), 0, wide, defect))


@compiled
def add_matrices(first_operand, second_operand, result, wide, defect, first, last):
    """result = first_operand + second_operand, all (M, N), by ELWADD. Rows `first` to `last`."""
    for m in range(first, last):
        for n in range(result.shape[1]):
            a, b = np.int64(first_operand[m, n]), np.int64(second_operand[m, n])
            result[m, n] = np.uint32(add(_read(a, wide), _read(b, wide), 0, wide, defect))


@compiled
def depthwise(windows, weights, result, phases, wide, defect, first, last):
    """Sum over taps of windows * weights in Dst, for rows `first` to `last`.

    windows: (M, taps, C), in SrcA. weights: (taps, C), in SrcB. result: (M, C), Dst.
    """
    taps, channels = weights.shape
    for m in range(first, last):
        for c in range(channels):
            dst = np.int64(0)
            for tap in range(taps):
                a = _read(np.int64(windows[m, tap, c]), wide)
                b = _read(np.int64(weights[tap, c]), wide)
                for phase in range(phases):
                    dst = multiply(a, b, dst, phase, wide, defect)
            result[m, c] = np.uint32(dst)


@compiled
def _read(pattern, wide):
    return tf32(pattern) if wide else narrow(pattern)
