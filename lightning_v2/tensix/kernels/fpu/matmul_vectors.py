"""The same as `matmul` in float32, several times as fast, where all exponents allow it.

A row of in0 is scaled by its largest exponent, a panel of columns of in1 by that of its own, Dst by
both; `matmul_steps` says what for. Where the exponents of a row and a panel reach too far down, or
what Dst holds at first does not fit, nothing is done, and the task is left to `matmul`.
"""

import functools
from collections.abc import Callable

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu import matmul
from lightning_v2.tensix.kernels.fpu.fpu import BINADES, LOW_A, LOW_B
from lightning_v2.tensix.kernels.fpu.lanes import (
    add,
    bits_of_float,
    both,
    differ,
    either,
    float_of_bits,
    larger,
    shift_left,
    shift_right,
    smaller,
    sub,
    times,
)
from lightning_v2.tensix.kernels.fpu.matmul_steps import (
    ABOVE,
    RESULTS,
    STICKY,
    VECTORS,
    add_phase,
    find_starts,
)
from lightning_v2.tensix.kernels.fpu.phases import BITS
from lightning_v2.tensix.kernels.fpu.vectors import LANES, features
from lightning_v2.tile import TILE

ROWS = 4 * matmul.ROWS
"""Rows of a task, if they are to be had: a panel of in1 is scaled once for all of them."""

_I, _F = np.int32, np.float32
_NONE, _BYTE, _LOW_HALF = _I(0), _I(0xFF), _I(0xFFFF)
_MINUS_ONE, _NO_SUM = _I(-1), _I(1 << 30)  # the sum that Wormhole gets wrong; what no sum reaches
_BIAS = 127
_HIGH0, _ALL0, _HIGH1, _ALL1 = (
    _I(-(1 << (24 - BITS[operand, part]))) for operand in ("in0", "in1") for part in ("high", "all")
)
_LIFT0, _LIFT1 = (2.0 ** BITS[operand, "high"] for operand in ("in0", "in1"))
_UP = 1 + 2.0**-13  # moves ties of in0 up, see `matmul`

# Bytes of an operand's largest exponent and of a zero. A sum of two, and 128, is the exponent of
# what a group is aligned on: below that of two zeros there must be room for a unit of Dst.
_TOP, _ZERO = _I(45), _I(-45)
_ZEROS = _I((int(_ZERO) & 0xFF) * 0x01010101 - (1 << 32))
# Exponent to which the largest value is scaled: then products have the exponent of their group.
_SCALED = (2 * int(_TOP) + 128 - ABOVE + _BIAS) // 2
_LOWEST = int(_TOP + _ZERO) + 128 - ABOVE + 1  # exponent of Dst above that of a group of zeros
_UNIT = 23 + int(BINADES.max())  # binades from a group to a unit of Dst, in the lowest phase
_REACH = 2 * int(_TOP) + 128 - ABOVE - _UNIT - _LOWEST  # of exponents below the largest, together
_HIGHEST = 225  # exponent of Dst at first; products end below that, too, unless there are 2**18
_SMALLEST, _LARGEST = 40, 254  # exponents that can be scaled so


@functools.cache
def is_possible() -> bool:
    """Whether the processor multiplies and adds float32 with one rounding, in vectors."""
    return "fma" in features()


@functools.cache
def multiplier(rows: int, wide: bool) -> Callable[..., None]:
    """The compiled loops for 1, 2 or 4 `rows` at a time, of 64, 32 or 16 columns.

    wide: Dst has 32 bits.
    """
    form = (0,) * rows, (0,) * wide

    def multiply(in0, in1, dst, across, down, height, phases, cut, defect, left, first, last):
        """dst += in0 @ in1, of some columns and some of K, for the tasks `first` to `last` of them.

        Args:
            in0: (M, K) patterns in int32. in1: (K, N). dst: (M, N), changed in place.
            across: first and last column. down: the same of K. height: rows of a task, whole blocks
                of `matmul`. phases: 1 (LoFi) to 4 (HiFi4).
            cut: mask of what the registers keep of a pattern.
            defect: that of Wormhole is present (docs/numerics.md, section 4.7).
            left: bool, a row and a column for each task of `matmul`: set where it is left to that.
        """
        width = RESULTS // rows
        panels = (across[1] - across[0] + width - 1) // width
        depth = (down[1] - down[0] + TILE - 1) // TILE * TILE
        words0 = np.empty((height // rows, depth), np.int32)
        words1 = aligned(depth * LANES).view(np.int32).reshape(depth, LANES)
        parts0 = np.empty((2 if phases > 2 else 1, height, depth), np.float32)
        count1 = 2 if phases > 1 else 1
        parts1 = aligned(count1 * depth * width).reshape(count1, depth, width)
        used0 = np.empty((height // rows, depth // TILE), np.bool_)
        tops0, reach0 = np.empty(height, np.int32), np.empty(height, np.int32)
        row1 = np.empty(RESULTS, np.int32)
        results = aligned(height * width)
        starts, tops = aligned(4 * RESULTS), aligned(2 * RESULTS).view(np.int32)
        fits = np.empty(height // matmul.ROWS, np.bool_)
        flat0, flat1 = parts0.reshape(-1), parts1.reshape(-1)
        bytes0, bytes1 = words0.reshape(-1), words1.reshape(-1)
        ratios = _ratios(phases)
        wrong = _MINUS_ONE if defect else _NO_SUM
        scaled = -1
        for task in range(first, last):
            m, n = task // panels * height, across[0] + task % panels * width
            count, filled = min(height, len(dst) - m), min(width, across[1] - n)
            if m != scaled:
                for row in range(count):
                    _scale_row(
                        in0[m + row, down[0] : down[1]],
                        cut,
                        row,
                        words0,
                        parts0,
                        used0,
                        tops0,
                        reach0,
                    )
                # Steps of several rows may reach beyond the last one.
                parts0[:, count:] = 0.0
                scaled = m
            most, least = _NONE, _BYTE
            for k in range(down[0], down[1]):
                most, least = _extent(in1[k, n : n + filled], cut, most, least)
            top1, reach1 = _top_and_reach(most, least)
            parts1[:, down[1] - down[0] :] = 0.0
            words1[down[1] - down[0] :] = _ZEROS
            for k in range(down[1] - down[0]):
                source = in1[down[0] + k, n : n + filled]
                _scale_columns(source, cut, top1, row1, words1[k], parts1, k)
            for row in range(count):
                block = row // matmul.ROWS
                if row % matmul.ROWS == 0:
                    fits[block] = True
                if fits[block]:
                    fits[block] = _fits(tops0[row], top1, reach0[row] + reach1) and _scale_dst(
                        dst[m + row, n : n + filled],
                        results[row * width : (row + 1) * width],
                        2 * _SCALED - tops0[row] - top1,
                        wide,
                    )
                    if not fits[block]:
                        left[m // matmul.ROWS + block, n // matmul.COLUMNS] = True
            for k in range(0, depth, TILE):
                for row in range(0, count, rows):
                    if not (fits[row // matmul.ROWS] and used0[row // rows, k // TILE]):
                        continue
                    place = row // rows * depth + k
                    find_starts(starts, tops, bytes0, place, bytes1, k * LANES)
                    for phase in range(phases):
                        add_phase(
                            results,
                            row * width,
                            starts,
                            tops,
                            flat0,
                            (LOW_B[phase] * height + row) * depth + k,
                            depth,
                            flat1,
                            (LOW_A[phase] * depth + k) * width,
                            ratios[phase],
                            wrong,
                            form,
                        )
            for row in range(count):
                if fits[row // matmul.ROWS]:
                    _scale_back(
                        results[row * width : row * width + filled],
                        dst[m + row, n : n + filled],
                        tops0[row] + top1 - 2 * _SCALED,
                        wide,
                    )

    return compiled(multiply)


@compiled
def aligned(count):
    """(count,) float32 that begin at a multiple of the size of a vector."""
    memory = np.empty(count + LANES, np.float32)
    begin = -(memory.ctypes.data // 4) % LANES
    return memory[begin : begin + count]


@compiled
def _ratios(phases):
    """What Dst is multiplied by after each phase: its scale goes with that of the parts."""
    ratios = np.empty(phases, np.float32)
    for phase in range(phases):
        after = BINADES[phase + 1] if phase + 1 < phases else 0
        ratios[phase] = 2.0 ** (after - BINADES[phase])
    return ratios


@compiled
def _power(exponent):
    return float_of_bits(_I((exponent + _BIAS) << 23))


@compiled
def _fits(top0, top1, reach):
    """Whether a row and a panel whose largest exponents are these can be multiplied here."""
    scale = 2 * _SCALED - top0 - top1
    return (
        _SMALLEST <= top0 <= _LARGEST
        and _SMALLEST <= top1 <= _LARGEST
        and reach <= _REACH
        # Dst can be scaled by a float32, and no result overflows or is denormal.
        and _HIGHEST - 2 * _BIAS < scale < _BIAS
        and top0 + top1 - reach > _BIAS + _UNIT
    )


@compiled
def _extent(values, cut, most, least):
    """The larger of the exponents of (N,) patterns and `most`, the smaller of them and `least`."""
    for i in range(len(values)):
        exponent = _exponent(both(values[i], cut))
        most = larger(most, exponent)
        least = smaller(least, exponent if exponent > _NONE else _BYTE)
    return most, least


@compiled
def _top_and_reach(most, least):
    """The largest exponent and how far the others reach below; zeros can be scaled by anything."""
    return (most, sub(most, least)) if most > _NONE else (_I(_BIAS), _NONE)


@compiled
def _exponent(pattern):
    return both(shift_right(pattern, _I(23)), _BYTE)


@compiled
def _byte(exponent, top):
    return add(sub(exponent, top), _TOP) if exponent > _NONE else _ZERO


@compiled
def _number(pattern, mask):
    """The float32 of a pattern, cut by a mask; denormals are zero."""
    return float_of_bits(both(pattern, mask) if _exponent(pattern) > _NONE else _NONE)


@compiled
def _scale_row(source, cut, row, words, parts, used, tops, reach):
    """Exponents and parts of one row of in0.

    source: (K,) patterns. words: (steps, depth), see `find_starts`. parts: (1 or 2, rows, depth),
    high and low. used: (steps, tiles), where there is more than zeros, which leave Dst as it is.
    tops, reach: (rows,), see `_top_and_reach`.
    """
    at_once = parts.shape[1] // len(words)
    vectors = VECTORS // at_once
    ones = _I(0x01010101) if vectors == 4 else _I(0x0101) if vectors == 2 else _I(1)
    place = _I(row % at_once * vectors * 8)
    line, tiles = words[row // at_once], used[row // at_once]
    if row % at_once == 0:
        line[:] = _ZEROS
        tiles[:] = False
    most, least = _NONE, _BYTE
    for k in range(0, len(source), TILE):
        there, least = _extent(source[k : k + TILE], cut, _NONE, least)
        most = larger(most, there)
        tiles[k // TILE] |= there > _NONE
    top, reach[row] = _top_and_reach(most, least)
    tops[row] = top
    for k in range(len(source)):
        byte = _byte(_exponent(both(source[k], cut)), top)
        change = times(both(differ(byte, _ZERO), _BYTE), ones)
        line[k] = differ(line[k], shift_left(change, place))
    scale = _F(_power(_SCALED - top) * _UP)
    _scale_part(source, cut, _HIGH0, scale, parts[0, row])
    if len(parts) > 1:
        _scale_rest(source, cut, _HIGH0, _ALL0, _F(scale * _LIFT0), parts[1, row])


@compiled
def _scale_columns(source, cut, top, row, words, parts, k):
    """The same for one k of a panel of in1, whose largest exponent is `top`.

    source: (N,) patterns. row: (64,) for use here. words: (16,), see `find_starts`.
    parts: (1 or 2, depth, width), high and low.
    """
    width = parts.shape[2]
    row[:] = _ZERO
    for n in range(len(source)):
        row[n] = _byte(_exponent(both(source[n], cut)), top)
    for n in range(width, RESULTS):
        row[n] = row[n - width]  # the columns once more, for the next row
    for i in range(LANES):
        low = either(both(row[i], _BYTE), shift_left(both(row[LANES + i], _BYTE), _I(8)))
        third = shift_left(both(row[2 * LANES + i], _BYTE), _I(16))
        words[i] = either(either(low, third), shift_left(row[3 * LANES + i], _I(24)))
    scale = _F(_power(_SCALED - top))
    _scale_part(source, cut, _HIGH1, scale, parts[0, k])
    if len(parts) > 1:
        _scale_rest(source, cut, _HIGH1, _ALL1, _F(scale * _LIFT1), parts[1, k])


@compiled
def _scale_part(source, cut, high, scale, target):
    """The high parts of patterns (N,), scaled, in float32; what follows them in target is zero."""
    for i in range(len(source)):
        target[i] = _number(both(source[i], cut), high) * scale
    target[len(source) :] = 0.0


@compiled
def _scale_rest(source, cut, high, all_, scale, target):
    """The same of the low parts."""
    for i in range(len(source)):
        pattern = both(source[i], cut)
        target[i] = (_number(pattern, all_) - _number(pattern, high)) * scale
    target[len(source) :] = 0.0


@compiled
def _scale_dst(source, target, exponent, wide):
    """target = source * 2**exponent, where that is held by a step; else False."""
    factor = _F(_power(exponent)) if wide else _F(_power(exponent) * STICKY)
    target[:] = 0.0
    good = True
    for n in range(len(source)):
        pattern = source[n]
        place = add(_exponent(pattern), _I(exponent))
        held = (place >= _LOWEST) & (place <= _HIGHEST) & (_exponent(pattern) > _NONE)
        held = held & (wide | (both(pattern, _LOW_HALF) == _NONE))
        good = good & (held | (pattern == _NONE))
        target[n] = float_of_bits(pattern if held else _NONE) * factor
    return good


@compiled
def _scale_back(source, target, exponent, wide):
    """The other way round."""
    factor = _F(_power(exponent))
    mask = _I(-1) if wide else _I(~0xFFFF)
    for n in range(len(source)):
        target[n] = both(bits_of_float(_F(source[n] * factor)), mask)
