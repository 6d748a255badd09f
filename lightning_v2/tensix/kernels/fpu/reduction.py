"""Sums and maxima of the matrix engine along a row or down columns, compiled by numba.

docs/numerics.md, sections 4.1, 4.4 and 4.9. A row sum is a matrix product with a column of
scalers: data in SrcB, the scaler in SrcA, tile by tile, then phase by phase. A column sum pools the
rows of a face: data in SrcA, the scaler in SrcB, and here all phases of a face come before the next
face. Patterns are int64 as in `fpu`; `phases` counts fidelity phases (LoFi 1 … HiFi4 4).
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu.fpu import (
    BINADES,
    EXPONENT,
    LOW_A,
    LOW_B,
    SIGN,
    accumulate,
    part_a,
    part_b,
)
from lightning_v2.tensix.kernels.fpu.fpu import add as add_to
from lightning_v2.tensix.kernels.sfpu.arithmetic import add, multiply
from lightning_v2.tile import TILE

_FACE, _GROUP = 16, 8
_ONE = 0x3F800000


@compiled
def sum_row(values, scaler, cut, phases, wide, defect):
    """Dst pattern of scaler * sum(values), in the order of the chip.

    values: (N,) patterns, what lies beyond N counts as zero. scaler: pattern, a bfloat16.
    cut: mask of the bits that a register keeps of a value.
    """
    dst = np.int64(0)
    for start in range(0, len(values), TILE):
        for phase in range(phases):
            for first in range(start, min(start + TILE, len(values)), _FACE):
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
    offset = ((scaler & EXPONENT) >> 23) - 127 - BINADES[phase]
    if not scaler & EXPONENT:
        return np.int64(0), np.int64(0)
    largest = np.int64(0)
    for value in values:
        if value & EXPONENT:
            largest = max(largest, ((value & EXPONENT) >> 23) + offset)
    if largest <= 0:
        return np.int64(0), np.int64(0)
    low_a, low_b = LOW_A[phase], LOW_B[phase]
    factor = part_a(scaler, low_a) if scaler_in_a else part_b(scaler, low_b)
    total = np.int64(0)
    for value in values:
        if not value & EXPONENT:
            continue
        kept = value & cut
        part = part_b(kept, low_b) if scaler_in_a else part_a(kept, low_a)
        distance = min(largest - ((value & EXPONENT) >> 23) - offset, 30)
        product = ((part * factor << 1) + (1 << distance)) >> (distance + 1)
        total += -product if (value ^ scaler) & SIGN else product
    return total << 13, largest


@compiled
def sum_rows(source, target, scaler, phases, wide, across, blackhole, first, last):
    """Dst patterns of scaler * sum of the rows `first` to `last` on the matrix engine.

    Args:
        source: (R, N) uint32 patterns. target: (R, 1).
        scaler: pattern, a bfloat16. phases: 1 (LoFi) to 4 (HiFi4). wide: Dst has 32 bits.
        across: a row is one of the tensor; otherwise one of its columns.
    """
    cut = np.int64(0xFFFFE000 if wide else 0xFFFF0000)
    values = np.empty(source.shape[1], np.int64)
    for r in range(first, last):
        for i in range(len(values)):
            values[i] = np.int64(source[r, i]) & cut
        if across:
            total = sum_row(values, scaler, cut, phases, wide, not blackhole)
        else:
            total = sum_column(values, scaler, cut, phases, wide, not blackhole)
        target[r, 0] = np.uint32(total)


@compiled
def sum_rows_float32(source, target, scaler, across, blackhole, first, last):
    """The same on the vector engine, in float32: tiles are added up, then the sum within a tile.

    scaler: pattern, a float32 factor of the sum.
    """
    tile = np.empty(TILE, np.uint32)
    for r in range(first, last):
        tile[:] = np.uint32(0)
        for i in range(source.shape[1]):
            if i < TILE:
                tile[i] = source[r, i]
            else:
                tile[i % TILE] = add(tile[i % TILE], source[r, i], blackhole)
        total = _across_tile(tile, blackhole) if across else _down_tile(tile, blackhole)
        target[r, 0] = multiply(total, np.uint32(scaler), blackhole)


@compiled
def _across_tile(tile, blackhole):
    """Sum of 32 columns: even and odd columns of both faces first, then 8 lanes by halves."""
    lanes = np.empty(8, np.uint32)
    for i in range(8):
        right = add(tile[16 + 2 * i], tile[17 + 2 * i], blackhole)
        lanes[i] = add(tile[2 * i], add(tile[2 * i + 1], right, blackhole), blackhole)
    for distance in (4, 2, 1):
        before = lanes.copy()
        for i in range(8):
            lanes[i] = add(before[i], before[(i - distance) % 8], blackhole)
    return lanes[0]


@compiled
def _down_tile(tile, blackhole):
    """Sum of 32 rows: every fourth row of each face, the faces, then the four that are left.

    The last step is Wormhole's (l0 + l1) + (l2 + l3) or Blackhole's l0 + (l1 + (l2 + l3)).
    """
    lanes = np.empty(4, np.uint32)
    for i in range(4):
        halves = np.empty(2, np.uint32)
        for face in range(2):
            row = 16 * face + i
            last = add(tile[row + 8], tile[row + 12], blackhole)
            halves[face] = add(tile[row], add(tile[row + 4], last, blackhole), blackhole)
        lanes[i] = add(halves[0], halves[1], blackhole)
    last = add(lanes[2], lanes[3], blackhole)
    if blackhole:
        return add(lanes[0], add(lanes[1], last, blackhole), blackhole)
    return add(add(lanes[0], lanes[1], blackhole), last, blackhole)


@compiled
def sum_stack(source, target, cut, wide, blackhole, first, last):
    """Dst patterns of sums as `ttnn` takes them over outer axes: each value is added to Dst.

    source: (R, N) uint32 patterns, a row per sum. target: (R, 1). cut: what a register keeps.
    """
    for r in range(first, last):
        dst = np.int64(0)
        for i in range(source.shape[1]):
            dst = add_to(np.int64(source[r, i]) & cut, np.int64(0), dst, wide, not blackhole)
        target[r, 0] = np.uint32(dst)


@compiled
def extreme_rows(source, target, cut, smallest, factor, wide, flush, blackhole, first, last):
    """Largest or smallest values of the rows `first` to `last`, times a factor.

    Args:
        source: (R, N) uint32 patterns. target: (R, 1).
        cut: mask of what is compared. flush: denormals count as zero.
        factor: float32 pattern; one of 1 leaves the value alone.
    """
    turn = np.int64(SIGN if smallest else 0)
    values = np.empty(source.shape[1], np.int64)
    for r in range(first, last):
        for i in range(len(values)):
            values[i] = (np.int64(source[r, i]) & cut) ^ turn
        value = np.uint32(largest(values, flush) ^ turn)
        if factor != _ONE:
            value = multiply(value, np.uint32(factor), blackhole)
        target[r, 0] = value if wide else value & np.uint32(0xFFFF0000)


@compiled
def largest(values, flush):
    """The largest of (N,) patterns by sign and magnitude (GMPOOL; docs/numerics.md, section 4.9).

    flush: denormals count as zero.
    """
    top = np.int64(-(1 << 40))
    for value in values:
        magnitude = value & 0x7FFFFFFF if value & EXPONENT or not flush else 0
        top = max(top, ~magnitude if value & SIGN else magnitude)
    return top if top >= 0 else SIGN | ~top
