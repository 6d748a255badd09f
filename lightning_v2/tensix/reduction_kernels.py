"""Sums and maxima of the matrix engine along a row or down columns, compiled by numba.

Numerics document, sections 4.1, 4.4 and 4.9. A row sum is a matrix product with a column of
scalers: data in SrcB, the scaler in SrcA, tile by tile, then phase by phase. A column sum pools the
rows of a face: data in SrcA, the scaler in SrcB, and here all phases of a face come before the next
face. Patterns are int64 as in `fpu`; `phases` counts fidelity phases (LoFi 1 … HiFi4 4).
"""

import numpy as np

from lightning_v2.tensix.fpu import (
    EXPONENT,
    SIGN,
    accumulate,
    compiled,
    part_a,
    part_b,
)

_TILE, _FACE, _GROUP = 32, 16, 8


@compiled
def sum_row(values, scaler, cut, phases, wide, defect):
    """Dst pattern of scaler * sum(values), in the order of the chip.

    values: (N,) patterns, what lies beyond N counts as zero. scaler: pattern, a bfloat16.
    cut: mask of the bits that a register keeps of a value.
    """
    dst = np.int64(0)
    for start in range(0, len(values), _TILE):
        for phase in range(phases):
            for first in range(start, min(start + _TILE, len(values)), _FACE):
                last = min(first + _FACE, len(values))
                dst = _pool(values[first:last], scaler, cut, phase, dst, True, wide, defect)
    return dst


@compiled
def sum_column(values, scaler, cut, phases, wide, defect):
    """Dst pattern of scaler * sum(values), values (N,) one below the other; as `sum_row`."""
    dst = np.int64(0)
    for first in range(0, len(values), _FACE):
        face = values[first : min(first + _FACE, len(values))]
        for phase in range(phases):
            dst = _pool(face, scaler, cut, phase, dst, False, wide, defect)
    return dst


@compiled
def _pool(values, scaler, cut, phase, dst, scaler_in_a, wide, defect):
    """One instruction: dst + scaler * sum of up to 16 values, for one phase."""
    first, e_first = _group(values[:_GROUP], scaler, cut, phase, scaler_in_a)
    second, e_second = np.int64(0), np.int64(0)
    if len(values) > _GROUP:
        second, e_second = _group(values[_GROUP:], scaler, cut, phase, scaler_in_a)
    return accumulate(first, e_first, second, e_second, dst, wide, defect)


@compiled
def _group(values, scaler, cut, phase, scaler_in_a):
    """Aligned sum of up to 8 products in units of 2**-23 of a binade, and the binade's exponent."""
    offset = ((scaler & EXPONENT) >> 23) - 127 - (5 if phase & 1 else 0) - (7 if phase & 2 else 0)
    if not scaler & EXPONENT:
        return np.int64(0), np.int64(0)
    largest = np.int64(0)
    for value in values:
        if value & EXPONENT:
            largest = max(largest, ((value & EXPONENT) >> 23) + offset)
    if largest <= 0:
        return np.int64(0), np.int64(0)
    factor = part_a(scaler, phase & 1) if scaler_in_a else part_b(scaler, phase & 2)
    total = np.int64(0)
    for value in values:
        if not value & EXPONENT:
            continue
        kept = value & cut
        part = part_b(kept, phase & 2) if scaler_in_a else part_a(kept, phase & 1)
        distance = min(largest - ((value & EXPONENT) >> 23) - offset, 30)
        product = ((part * factor << 1) + (1 << distance)) >> (distance + 1)
        total += -product if (value ^ scaler) & SIGN else product
    return total << 13, largest
