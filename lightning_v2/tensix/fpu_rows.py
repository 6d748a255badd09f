"""The scalar rules of `fpu` over whole arrays of patterns (uint32), compiled by numba."""

from __future__ import annotations

import numpy as np

from lightning_v2.tensix.fpu import add, compiled, multiply, narrow, packed, tf32


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
def depthwise(windows, weights, result, phases, in_dst, wide, defect, first, last):
    """Sum over taps of windows * weights in Dst, for rows `first` to `last`.

    Args:
        windows: (M, taps, C), in SrcA. weights: (taps, C), in SrcB. result: (M, C), Dst.
        in_dst: all taps accumulate in Dst; otherwise each sum but the last waits in memory as
            bfloat16 (float32 with a 32-bit Dst) and is added by ELWADD to the next product.
    """
    taps, channels = weights.shape
    for m in range(first, last):
        for c in range(channels):
            total = np.int64(0)
            for tap in range(taps):
                a = _read(np.int64(windows[m, tap, c]), wide)
                b = _read(np.int64(weights[tap, c]), wide)
                dst = total if in_dst else np.int64(0)
                for phase in range(phases):
                    dst = multiply(a, b, dst, phase, wide, defect)
                if tap and not in_dst:
                    before = total if wide else packed(total, False)
                    dst = add(_read(before, wide), _read(dst, wide), 0, wide, defect)
                total = dst
            result[m, c] = np.uint32(total)


@compiled
def _read(pattern, wide):
    return tf32(pattern) if wide else narrow(pattern)
