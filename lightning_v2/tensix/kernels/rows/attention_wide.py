"""Rows of flash attention with a 32-bit Dst, compiled by numba; docs/numerics.md, section 7.2.

Scores, exponentials and their sums lie in memory as float32, of which a register keeps 11 bits;
largest scores, factors between chunks and weighted values as bfloat16.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu.fpu import SIGN, add, multiply_phases, packed
from lightning_v2.tensix.kernels.fpu.packer import add_bfloat16
from lightning_v2.tensix.kernels.fpu.reduction import largest, sum_row
from lightning_v2.tensix.kernels.patterns import BIAS, MINUS_LN2, PER_LN2, pattern, patterns
from lightning_v2.tensix.kernels.sfpu.arithmetic import add as add_float32
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    from_integer,
    multiply,
    multiply_add,
    round_integer,
)
from lightning_v2.tensix.kernels.sfpu.exponential import exp_wide
from lightning_v2.tensix.kernels.sfpu.roots import reciprocal_steps
from lightning_v2.tile import TILE

_ONE = 0x3F800000
_TF32 = 0xFFFFE000

_OFFSET = pattern(32500.818359375)
_POWER = patterns(
    4.1959439860014343843e-2,
    0.16792157982882225103,
    0.49998365704615426417,
    0.99996228117047652035,
    1.0000001510806179002,
)


@compiled
def masked(scores, mask, in_memory, blackhole, first, last):
    """scores += mask, (R, C) patterns: by the packer, or through the registers of the engine."""
    for r in range(first, last):
        for i in range(scores.shape[1]):
            if in_memory:
                scores[r, i] = _in_memory(scores[r, i], mask[r, i])
            else:
                score = np.int64(scores[r, i]) & _TF32
                scores[r, i] = np.uint32(add(score, np.int64(mask[r, i]), 0, True, not blackhole))


@compiled
def exponentials(
    scores, known, top, sums, scale, slope, approximate, begun, blackhole, first, last
):
    """The scores of a chunk turned into exponentials, for the rows `first` to `last`.

    Args:
        scores: (R, C) patterns, changed in place; C whole tiles.
        known, top: (R,) largest scores before and after this chunk.
        sums: (R, 32) sums of the exponentials, tile upon tile.
        scale: float32 pattern. slope: that of 256 / ln 2 times the scale.
        approximate: the linear exponential. begun: chunks came before this one.
    """
    row = np.empty(scores.shape[1], np.int64)
    for r in range(first, last):
        for i in range(len(row)):
            row[i] = np.int64(scores[r, i]) & _TF32
        highest = largest(row, True)
        if begun:
            pair = np.array([highest, np.int64(known[r])])
            highest = largest(pair, True)
        highest = packed(highest & 0xFFFF0000, True)  # cut, not rounded
        top[r] = np.uint32(highest)
        for i in range(len(row)):
            x = np.uint32(add(row[i], highest ^ SIGN, 0, True, not blackhole))
            if approximate:
                count = round_integer(multiply_add(slope, x, _OFFSET, blackhole), 32767)
                value = np.uint32(count << 15 if count > 0 else 0)
            else:
                value = exp_wide(multiply(x, np.uint32(scale), blackhole), blackhole)
            scores[r, i] = value
            lane = i % TILE
            sums[r, lane] = value if i < TILE else _in_memory(sums[r, lane], value)


@compiled
def corrected(
    output, sums, before, sums_before, known, top, scale, accurate, phases, blackhole, first, last
):
    """What the chunks before left, scaled down to the new largest score, added.

    Args:
        output, before: (R, D) weighted values of this chunk, changed in place, and of those before.
        sums, sums_before: (R, 32), likewise.
        known, top: (R,) largest scores before and after.
        scale: float32 pattern, a bfloat16. accurate: exp with 24 bits; otherwise a polynomial.
    """
    for r in range(first, last):
        difference = add(np.int64(known[r]), np.int64(top[r]) ^ SIGN, 0, True, not blackhole)
        factor = _first_column(np.uint32(difference), scale, accurate, blackhole)
        factor = packed(np.int64(factor), True)
        for i in range(TILE):
            part = multiply_phases(
                np.int64(sums_before[r, i]) & _TF32, factor, phases, True, not blackhole
            )
            total = np.int64(sums[r, i]) & _TF32
            sums[r, i] = np.uint32(add(total, part & _TF32, 0, True, not blackhole))
        for i in range(output.shape[1]):
            part = multiply_phases(np.int64(before[r, i]), factor, phases, True, not blackhole)
            output[r, i] = add_bfloat16(output[r, i], np.uint32(packed(part, True)))


@compiled
def normalised(output, sums, target, phases, approximate, cut_srcb, blackhole, first, last):
    """Dst patterns of the weighted values (R, D) over the sums (R, 32) of the weights.

    cut_srcb: TF32 in SrcB loses 3 bits beside bfloat16 in SrcA.
    """
    cut = np.int64(0xFFFF0000 if cut_srcb else _TF32)
    # Wormhole's approximate reciprocal has one Newton step all the same.
    steps = 2 if not approximate else 0 if blackhole else 1
    row = np.empty(TILE, np.int64)
    for r in range(first, last):
        for i in range(TILE):
            row[i] = np.int64(sums[r, i]) & _TF32
        total = sum_row(row, _ONE, cut, phases, True, not blackhole) & _TF32
        inverse = reciprocal_steps(np.uint32(total), steps, blackhole)
        inverse = np.int64(inverse) & cut
        for i in range(output.shape[1]):
            value = multiply_phases(np.int64(output[r, i]), inverse, phases, True, not blackhole)
            target[r, i] = np.uint32(value)


@compiled
def _in_memory(a, b):
    """The packer's float32 sum of two patterns, denormals as zero: docs/numerics.md, section 5."""
    total = np.float32(_flushed(a) + _flushed(b)).view(np.uint32)
    if (total & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000):
        return np.uint32(0x7FC00000)
    return total if total & np.uint32(0x7F800000) else total & np.uint32(SIGN)


@compiled
def _flushed(x):
    kept = x if x & np.uint32(0x7F800000) else x & np.uint32(SIGN)
    return np.uint32(kept).view(np.float32)


@compiled
def _first_column(x, scale, accurate, blackhole):
    """exp(scale * x): the accurate one, or a polynomial after reduction by ln 2."""
    x = multiply(x, scale, blackhole)
    if accurate:
        return exp_wide(x, blackhole)
    k = from_integer(round_integer(multiply(x, PER_LN2, blackhole), 127))
    f = multiply_add(k, MINUS_LN2, x, blackhole)
    y = _POWER[0]
    for i in range(1, 5):
        y = multiply_add(f, y, _POWER[i], blackhole)
    field = round_integer(add_float32(k, BIAS, blackhole), 255)
    if field <= 0:
        return np.uint32(0)
    return multiply(y, np.uint32(field << 23), blackhole)
