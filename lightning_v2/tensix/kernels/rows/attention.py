"""Rows of flash attention with a 16-bit Dst, compiled by numba; docs/numerics.md, section 7.2.

One step takes the scores of a chunk of keys. All that lies in memory in between is bfloat16, in the
high halves of uint32 patterns; what is "added in memory" is added by the packer, exactly and then
rounded to nearest even.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu.fpu import SIGN, add, multiply_phases
from lightning_v2.tensix.kernels.fpu.packer import add_bfloat16
from lightning_v2.tensix.kernels.fpu.reduction import largest, sum_row
from lightning_v2.tensix.kernels.patterns import BIAS, MINUS_LN2, PER_LN2, pattern, patterns
from lightning_v2.tensix.kernels.sfpu.arithmetic import add as add_float32
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    from_integer,
    multiply,
    multiply_add,
    round_bfloat16,
    round_integer,
)
from lightning_v2.tensix.kernels.sfpu.exponential import exp_compound
from lightning_v2.tensix.kernels.sfpu.roots import reciprocal
from lightning_v2.tile import TILE

_ONE = 0x3F800000
_NARROW = 0xFFFF0000
_EXPONENT = 0x7F800000
_SMALLEST = 0x00800000

_OFFSET = pattern(32500.818359375)
_POWER = patterns(0.50628367056745568862, 1.01508760098521056684, 0.99984879292439531331)


@compiled
def exponentials(scores, known, top, sums, slope, begun, blackhole, first, last):
    """The scores of a chunk turned into exponentials, for the rows `first` to `last`.

    Args:
        scores: (R, C) patterns, changed in place; C whole tiles.
        known, top: (R,) largest scores before and after this chunk.
        sums: (R, 32) sums of the exponentials, tile upon tile.
        slope: float32 pattern of 256 / ln 2 times the scale of the scores.
        begun: chunks came before this one.
    """
    row = np.empty(scores.shape[1], np.int64)
    for r in range(first, last):
        for i in range(len(row)):
            row[i] = np.int64(scores[r, i])
        highest = largest(row, True)
        if begun:
            pair = np.array([highest, np.int64(known[r])])
            highest = largest(pair, True)
        top[r] = np.uint32(highest)
        for i in range(len(row)):
            difference = np.uint32(add(row[i], highest ^ SIGN, 0, False, not blackhole))
            value = _exponential(difference, slope, blackhole)
            scores[r, i] = value
            lane = i % TILE
            sums[r, lane] = value if i < TILE else add_bfloat16(sums[r, lane], value)


@compiled
def corrected(
    output, sums, before, sums_before, known, top, scale, accurate, phases, blackhole, first, last
):
    """What the chunks before left, scaled down to the new largest score, added in memory.

    Args:
        output, before: (R, D) weighted values of this chunk, changed in place, and of those before.
        sums, sums_before: (R, 32), likewise.
        known, top: (R,) largest scores before and after.
        scale: float32 pattern, a bfloat16. accurate: exp with 21 bits; otherwise a quadratic.
    """
    for r in range(first, last):
        difference = add(np.int64(known[r]), np.int64(top[r]) ^ SIGN, 0, False, not blackhole)
        factor = _first_column(np.uint32(difference), scale, accurate, blackhole)
        for i in range(output.shape[1]):
            part = _product(before[r, i], factor, phases, blackhole)
            output[r, i] = add_bfloat16(output[r, i], part)
        for i in range(TILE):
            part = _product(sums_before[r, i], factor, phases, blackhole)
            sums[r, i] = add_bfloat16(sums[r, i], part)


@compiled
def normalised(output, sums, target, phases, approximate, blackhole, first, last):
    """Dst patterns of the weighted values (R, D) over the sums (R, 32) of the weights."""
    row = np.empty(TILE, np.int64)
    for r in range(first, last):
        for i in range(TILE):
            row[i] = np.int64(sums[r, i])
        total = np.uint32(sum_row(row, _ONE, _NARROW, phases, False, not blackhole))
        inverse = np.uint32(reciprocal(total, False, approximate, blackhole) & np.uint32(_NARROW))
        for i in range(output.shape[1]):
            target[r, i] = _product(output[r, i], inverse, phases, blackhole)


@compiled
def add_in_memory(total, addend, first, last):
    """total += addend for the rows `first` to `last` of (R, C) patterns."""
    for r in range(first, last):
        for i in range(total.shape[1]):
            total[r, i] = add_bfloat16(total[r, i], addend[r, i])


@compiled
def _product(a, b, phases, blackhole):
    return np.uint32(multiply_phases(np.int64(a), np.int64(b), phases, False, not blackhole))


@compiled
def _exponential(x, slope, blackhole):
    """The linear exponential without a lower clamp; the packer clears what becomes negative."""
    count = round_integer(multiply_add(slope, x, _OFFSET, blackhole), 32767)
    value = (count << 15) & _NARROW
    return np.uint32(value if count > 0 and value >= _SMALLEST else 0)


@compiled
def _first_column(x, scale, accurate, blackhole):
    """exp(scale * x) as bfloat16: the accurate one, or a quadratic after reduction by ln 2."""
    x = multiply(x, scale, blackhole)
    if accurate:
        return round_bfloat16(exp_compound(x, False, blackhole))
    k = from_integer(round_integer(multiply(x, PER_LN2, blackhole), 127))
    f = multiply_add(k, MINUS_LN2, x, blackhole)
    y = multiply_add(f, _POWER[0], _POWER[1], blackhole)
    y = multiply_add(f, y, _POWER[2], blackhole)
    field = round_integer(add_float32(k, BIAS, blackhole), 255)
    if field <= 0:
        return np.uint32(0)
    return round_bfloat16(multiply(y, np.uint32(field << 23), blackhole))
