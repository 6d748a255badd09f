"""The matrix engine on whole matrices: docs/numerics.md, sections 3 and 4, many lanes wide.

`multiply` adds in0 @ in1 to Dst in the order of the chip: tile of K, fidelity phase, half tile. The
rules are those of `fpu`, which states them one result at a time; here one vector lane is one column
of the result. Two observations make that fast.

A group of 8 products is aligned to its largest exponent E and rounded to 2**(E - 10), ties away.
Adding a product to 1.5 * 2**(E + 42) in double precision is that rounding, because there the last
bit of the sum stands for 2**(E - 10): alignment and sum of a group are 8 multiply-adds. The rule of
doubles, ties to even, never meets a tie: in0's parts are 1 + 2**-13 times too large, which moves
every tie of a 12-bit product up and no other product across one.

The sums leave the doubles as differences of bit patterns: they count units of 2**(E - 10). All that
follows is 32-bit integer arithmetic.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import fused
from lightning_v2.tensix.kernels.fpu.fpu import BINADES, LOW_A, LOW_B
from lightning_v2.tensix.kernels.fpu.lane_rules import (
    exponent_of,
    normalised,
    shifted,
    significand_of,
    to_10_bits,
)
from lightning_v2.tensix.kernels.fpu.lanes import (
    add,
    bits_of_double,
    both,
    double_of_bits,
    larger,
    shift_left,
    sub,
)
from lightning_v2.tensix.kernels.fpu.phases import BITS
from lightning_v2.tile import TILE

ROWS = 64  # of one task
COLUMNS = 64  # of one task: several vectors
_GROUP = 8

_I = np.int32
_ZERO, _ONE = _I(0), _I(1)
# Bits of a binary32 pattern below the high part of an operand, and below both parts.
_HIGH0, _ALL0, _HIGH1, _ALL1 = (
    24 - BITS[operand, part] for operand in ("in0", "in1") for part in ("high", "all")
)
_UP = 1 + 2.0**-13  # moves ties of in0 up, see above
_ABSENT = _I(-8192)  # exponent of a zero: no sum with another one is ever the largest


@fused
def multiply(in0, in1, dst, phases, cut0, cut1, wide, defect, first, last):
    """dst += in0 @ in1, for the tasks `first` to `last` of those that cover dst.

    Args:
        in0: (M, K) patterns in int32. in1: (K, N). dst: (M, N), changed in place.
        phases: 1 (LoFi) to 4 (HiFi4). cut0, cut1: masks of what the registers keep of a pattern.
        wide: Dst has 32 bits. defect: that of Wormhole is present (docs/numerics.md, section 4.7).
    """
    m_all, k_all = in0.shape
    n_all = in1.shape[1]
    across = (n_all + COLUMNS - 1) // COLUMNS
    exponents1 = np.empty((TILE, COLUMNS), np.int32)
    parts1 = np.empty((2, TILE, COLUMNS), np.float64)
    exponents0 = np.empty((ROWS, TILE), np.int32)
    parts0 = np.empty((2, ROWS, TILE), np.float64)
    largest = np.empty((4, COLUMNS), np.int32)
    sums = np.empty((2, COLUMNS), np.int32)
    results = np.zeros((ROWS, COLUMNS), np.int32)
    for task in range(first, last):
        m, n = task // across * ROWS, task % across * COLUMNS
        rows, columns = min(ROWS, m_all - m), min(COLUMNS, n_all - n)
        results[:rows, :columns] = dst[m : m + rows, n : n + columns]
        for k in range(0, k_all, TILE):
            depth = min(TILE, k_all - k)
            _split(in0[m : m + rows, k : k + depth], cut0, _HIGH0, _ALL0, _UP, exponents0, parts0)
            _split(
                in1[k : k + depth, n : n + columns], cut1, _HIGH1, _ALL1, 1.0, exponents1, parts1
            )
            for row in range(rows):
                # The first tile brings what `dst` held into the form that an empty one leaves.
                if k and _is_empty(exponents0[row]):
                    continue
                for group in range(4):
                    _find_largest(exponents0[row], exponents1, _GROUP * group, largest[group])
                for phase in range(phases):
                    offset = _I(-127 - BINADES[phase])
                    in1_part, in0_part = parts1[LOW_A[phase]], parts0[LOW_B[phase], row]
                    for half in range(2):
                        for group in range(2 * half, 2 * half + 2):
                            _align(
                                in0_part,
                                in1_part,
                                _GROUP * group,
                                largest[group],
                                offset,
                                sums[group & 1],
                            )
                        _accumulate(sums, largest[2 * half :], offset, results[row], wide, defect)
        dst[m : m + rows, n : n + columns] = results[:rows, :columns]


@fused
def _split(source, cut, high, all_, scale, exponents, parts):
    """Exponents and the high and low parts of patterns; zeros where `source` is too small.

    high, all_: bits below the high part, and below both parts. Exponent 255 is one more binade.
    """
    exponents[:] = _ABSENT
    parts[:] = 0.0
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            pattern = np.int64(both(source[i, j], cut))
            exponent = (pattern >> 23) & 255
            if exponent:
                sign = (pattern >> 31) & 1
                magnitude = ((exponent + 896) << 23) | (pattern & 0x7FFFFF)
                top = double_of_bits((sign << 63) | ((magnitude >> high << high) << 29))
                whole = double_of_bits((sign << 63) | ((magnitude >> all_ << all_) << 29))
                exponents[i, j] = _I(exponent)
                parts[0, i, j] = top * scale
                parts[1, i, j] = (whole - top) * scale


@fused
def _is_empty(exponents):
    """Whether a row has only zeros: their products leave Dst as it is."""
    most = _ABSENT
    for k in range(TILE):
        most = larger(most, exponents[k])
    return most == _ABSENT


@fused
def _find_largest(row, exponents, k, largest):
    """Largest sum of two exponents in the group of 8 that begins at k, for each column."""
    x0, x1, x2, x3 = row[k], row[k + 1], row[k + 2], row[k + 3]
    x4, x5, x6, x7 = row[k + 4], row[k + 5], row[k + 6], row[k + 7]
    for n in range(COLUMNS):
        a = larger(add(exponents[k, n], x0), add(exponents[k + 1, n], x1))
        b = larger(add(exponents[k + 2, n], x2), add(exponents[k + 3, n], x3))
        c = larger(add(exponents[k + 4, n], x4), add(exponents[k + 5, n], x5))
        d = larger(add(exponents[k + 6, n], x6), add(exponents[k + 7, n], x7))
        largest[n] = larger(larger(a, b), larger(c, d))


@fused
def _align(row, part, k, largest, offset, sums):
    """Aligned sum of the 8 products that begin at k, in units of 2**-10 of their largest binade."""
    x0, x1, x2, x3 = row[k], row[k + 1], row[k + 2], row[k + 3]
    x4, x5, x6, x7 = row[k + 4], row[k + 5], row[k + 6], row[k + 7]
    for n in range(COLUMNS):
        exponent = np.int64(larger(add(largest[n], offset), _ONE))
        start = ((exponent + 938) << 52) | (1 << 51)
        total = double_of_bits(start)
        total += part[k, n] * x0
        total += part[k + 1, n] * x1
        total += part[k + 2, n] * x2
        total += part[k + 3, n] * x3
        total += part[k + 4, n] * x4
        total += part[k + 5, n] * x5
        total += part[k + 6, n] * x6
        total += part[k + 7, n] * x7
        sums[n] = _I(bits_of_double(total) - start)


@fused
def _accumulate(sums, largest, offset, dst, wide, defect):
    """Two sums into Dst (docs/numerics.md, section 4.2), as `fpu.accumulate`."""
    for n in range(COLUMNS):
        e_first = larger(add(largest[0, n], offset), _ZERO)
        e_second = larger(add(largest[1, n], offset), _ZERO)
        old = dst[n]
        e_dst = exponent_of(old)
        e = larger(larger(e_first, e_second), e_dst)
        first = shift_left(sums[0, n], _I(13)) if e_first > 0 else _ZERO
        second = shift_left(sums[1, n], _I(13)) if e_second > 0 else _ZERO
        first = shifted(first, sub(e, e_first))
        second = shifted(second, sub(e, e_second))
        kept = shifted(significand_of(old), sub(e, e_dst))
        if not wide:
            first, second, kept = to_10_bits(first), to_10_bits(second), to_10_bits(kept)
        total = add(first, second)
        total = sub(total, kept) if old < 0 else add(total, kept)
        dst[n] = normalised(total, e, wide, defect)
