"""The rules of `lane_rules` over whole arrays of patterns (uint32), compiled by numba."""

import numpy as np

from lightning_v2.tensix.kernels.compile import fused
from lightning_v2.tensix.kernels.fpu.lane_rules import add, multiply
from lightning_v2.tensix.kernels.fpu.lanes import both

_TF32, _BFLOAT16 = np.int32(-0x2000), np.int32(-0x10000)  # what a register keeps of a pattern


@fused
def add_rows(matrix, row, result, wide, defect, first, last):
    """result (M, N) = matrix (M, N) + row (N,) by ELWADD: matrix in SrcA, row in SrcB.

    Rows `first` to `last`.
    """
    cut = _TF32 if wide else _BFLOAT16
    for m in range(first, last):
        for n in range(matrix.shape[1]):
            a, b = both(np.int32(matrix[m, n]), cut), both(np.int32(row[n]), cut)
            result[m, n] = np.uint32(add(a, b, wide, defect))


@fused
def add_matrices(first_operand, second_operand, result, wide, defect, first, last):
    """result = first_operand + second_operand, all (M, N), by ELWADD. Rows `first` to `last`."""
    for m in range(first, last):
        add_rows(first_operand, second_operand[m], result, wide, defect, m, m + 1)


@fused
def depthwise(windows, weights, result, phases, wide, defect, first, last):
    """Sum over taps of windows * weights in Dst, for rows `first` to `last`.

    windows: (M, taps, C), in SrcA. weights: (taps, C), in SrcB. result: (M, C), Dst.
    """
    cut = _TF32 if wide else _BFLOAT16
    taps, channels = weights.shape
    for m in range(first, last):
        result[m] = 0
        for tap in range(taps):
            for phase in range(phases):
                for c in range(channels):
                    a, b = (
                        both(np.int32(windows[m, tap, c]), cut),
                        both(np.int32(weights[tap, c]), cut),
                    )
                    dst = np.int32(result[m, c])
                    result[m, c] = np.uint32(multiply(a, b, dst, phase, wide, defect))
