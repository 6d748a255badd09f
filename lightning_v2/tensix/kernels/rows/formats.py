"""Rounding kernels for the CPU: few passes over the bit patterns of a tensor, compiled by numba.

The rules themselves are stated in `formats`; the functions there choose these kernels for tensors
in main memory and plain torch integer operations anywhere else. Both give the same bits.

Patterns are those of IEEE binary32 in uint32 arrays; block kernels take (G, 16), G groups that
share an exponent each. Away from the ends of the exponent range a group is rounded as float values,
because scaling by a power of two is exact and vectorises.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    EXPONENT,
    FRACTION,
    HIDDEN,
    MAGNITUDE,
    NAN,
    SIGN,
    ZERO,
)

_ONE = np.uint32(1)

# Shared exponents between which every scale factor below is a normal number.
_LOWEST = 24
_HIGHEST = 254


@compiled
def round_bfloat16(source, target, mask):
    """Nearest bfloat16, ties away; NaN becomes inf, denormals and -0 become +0; then `& mask`.

    Arrays are one-dimensional here.
    """
    for i in range(source.size):
        pattern = source[i]
        rounded = (pattern + np.uint32(0x8000)) & mask
        if (pattern & MAGNITUDE) > EXPONENT:
            rounded = (pattern & SIGN) | EXPONENT
        target[i] = rounded if rounded & EXPONENT else ZERO


@compiled
def add_row(matrix, row, cut, is_narrow):
    """matrix (M, N) = (matrix & cut) + row (N,) in float32, with `is_narrow` as `round_bfloat16`.

    matrix: patterns, changed in place. row: float32.
    """
    for m in range(matrix.shape[0]):
        for n in range(matrix.shape[1]):
            kept = np.uint32(matrix[m, n] & cut).view(np.float32)
            pattern = np.float32(kept + row[n]).view(np.uint32)
            if is_narrow:
                rounded = (pattern + np.uint32(0x8000)) & np.uint32(0xFFFF0000)
                if (pattern & MAGNITUDE) > EXPONENT:
                    rounded = (pattern & SIGN) | EXPONENT
                pattern = rounded if rounded & EXPONENT else ZERO
            matrix[m, n] = pattern


@compiled
def round_bfloat16_even(source, target):
    """Nearest bfloat16, ties to even; denormals kept, NaN stays NaN. One-dimensional arrays."""
    for i in range(source.size):
        pattern = source[i]
        odd = (pattern >> np.uint32(16)) & _ONE
        rounded = (pattern + np.uint32(0x7FFF) + odd) & np.uint32(0xFFFF0000)
        is_nan = (pattern & MAGNITUDE) > EXPONENT
        target[i] = (pattern | NAN) & np.uint32(0xFFFF0000) if is_nan else rounded


@compiled
def round_bfloat16_in_place(patterns):
    """`round_bfloat16` of an array into itself: of two arrays that are one no loop vectorises."""
    for i in range(patterns.size):
        pattern = patterns[i]
        rounded = (pattern + np.uint32(0x8000)) & np.uint32(0xFFFF0000)
        if (pattern & MAGNITUDE) > EXPONENT:
            rounded = (pattern & SIGN) | EXPONENT
        patterns[i] = rounded if rounded & EXPONENT else ZERO


@compiled
def round_bfloat16_even_in_place(patterns):
    """`round_bfloat16_even`, then `round_bfloat16`, which changes NaN, denormals and -0 alone."""
    for i in range(patterns.size):
        pattern = patterns[i]
        odd = (pattern >> np.uint32(16)) & _ONE
        rounded = (pattern + np.uint32(0x7FFF) + odd) & np.uint32(0xFFFF0000)
        if (pattern & MAGNITUDE) > EXPONENT:
            rounded = (pattern & SIGN) | EXPONENT
        patterns[i] = rounded if rounded & EXPONENT else ZERO


@compiled
def cut_bfloat16_in_place(patterns):
    """The low half cleared, then `round_bfloat16`."""
    for i in range(patterns.size):
        cut = patterns[i] & np.uint32(0xFFFF0000)
        if (cut & MAGNITUDE) > EXPONENT:
            cut = (cut & SIGN) | EXPONENT
        patterns[i] = cut if cut & EXPONENT else ZERO


@compiled
def cast_bfloat16(source, target):
    """As the vector engine casts: nearest, ties to even, the carry of a NaN wraps; then packed."""
    for i in range(source.size):
        pattern = source[i]
        odd = (pattern >> np.uint32(16)) & _ONE
        rounded = np.uint32(pattern + np.uint32(0x7FFF) + odd) & np.uint32(0xFFFF0000)
        if (rounded & MAGNITUDE) > EXPONENT:
            rounded = (rounded & SIGN) | EXPONENT
        target[i] = rounded if rounded & EXPONENT else ZERO


def pack_blocks_host(source, target, bits):
    """Block floats of `bits` magnitude bits as the host packs them.

    Aligned without a sticky bit, then nearest, ties to even, saturating.
    """
    shared = np.empty(len(source), np.int32)
    extremes = _share_exponents(source, shared)
    _round_host(source.view(np.float32), target.view(np.float32), shared, bits)
    if extremes:
        _extremes_host(source, target, shared, bits)


def pack_blocks_device(source, target, bits, double_rounding):
    """Block floats of `bits` magnitude bits as the packer writes them.

    The low half is dropped, with `double_rounding` NaN becomes inf and bit 0 of the rest is
    rounded half up, then
    aligned to 7 bits half up, saturated and truncated to `bits`.
    """
    staged = np.empty_like(source)
    shared = np.empty(len(source), np.int32)
    if double_rounding:
        _stage(source.ravel(), staged.ravel(), EXPONENT, np.uint32(0x10000), np.uint32(0xFFFE0000))
    else:
        _stage(source.ravel(), staged.ravel(), MAGNITUDE, ZERO, np.uint32(0xFFFF0000))
    extremes = _share_exponents(staged, shared)
    _round_device(staged, target, shared, bits)
    if extremes:
        _extremes_device(staged, target, shared, bits)


@compiled
def _share_exponents(source, shared):
    """Largest exponent field of each group; whether any is outside the float kernels' range."""
    lowest, highest = np.int32(_HIGHEST), np.int32(_LOWEST)
    most = np.empty(8, np.int32)
    for group in range(source.shape[0]):
        for j in range(8):  # in two steps, of which the first vectorises
            left, right = source[group, j] & EXPONENT, source[group, j + 8] & EXPONENT
            most[j] = max(np.int32(left), np.int32(right))
        upper = max(max(most[0], most[1]), max(most[2], most[3]))
        lower = max(max(most[4], most[5]), max(most[6], most[7]))
        shared[group] = max(upper, lower) >> 23
        lowest = min(lowest, shared[group])
        highest = max(highest, shared[group])
    return lowest < _LOWEST or highest > _HIGHEST


@compiled
def _power_of_two(exponent):
    inside = min(max(exponent, 1), 254)
    return np.uint32(inside << 23).view(np.float32)


@compiled
def _round_host(source, target, shared, bits):
    drop = _power_of_two(127 + bits - 24)
    largest = np.float32((1 << bits) - 1)
    for group in range(source.shape[0]):
        unit = _power_of_two(277 - shared[group])
        scale = _power_of_two(shared[group] - bits + 1)
        for j in range(16):
            aligned = np.floor(np.abs(source[group, j]) * unit)
            code = min(np.rint(aligned * drop), largest)
            # The sum turns -0 into +0.
            target[group, j] = np.copysign(code * scale, source[group, j]) + np.float32(0)


@compiled
def _stage(source, staged, largest, step, keep):
    """The packer's intermediate format: maybe NaN as inf, denormals as zero, bit 0 rounded."""
    for i in range(source.size):
        magnitude = min(source[i] & MAGNITUDE, largest)
        rounded = ((source[i] & SIGN) | (magnitude + step)) & keep
        staged[i] = rounded if magnitude >= HIDDEN else ZERO


@compiled
def _round_device(staged, target, shared, bits):
    drop = np.int32(7 - bits)
    for group in range(staged.shape[0]):
        unit = _power_of_two(260 - shared[group])
        scale = _power_of_two(shared[group] - 6)
        for j in range(16):
            pattern = staged[group, j]
            magnitude = np.uint32(pattern & MAGNITUDE).view(np.float32)
            # As integers, which vectorise.
            code = min(np.int32(magnitude * unit + np.float32(0.5)), np.int32(127))
            code = np.int32((code >> drop) << drop)
            value = np.float32(np.float32(code) * scale).view(np.uint32)
            target[group, j] = value | (pattern & SIGN) if code else ZERO


@compiled
def _extremes_host(source, target, shared, bits):
    for group in range(source.shape[0]):
        if _LOWEST <= shared[group] <= _HIGHEST:
            continue
        top = np.uint32(shared[group])
        for j in range(16):
            pattern = source[group, j]
            exponent = (pattern & EXPONENT) >> np.uint32(23)
            aligned = (pattern & FRACTION) | HIDDEN if exponent else ZERO
            aligned = aligned >> min(top - exponent, np.uint32(31))
            code = aligned >> np.uint32(24 - bits)
            rest = aligned & np.uint32((1 << (24 - bits)) - 1)
            half = np.uint32(1 << (23 - bits))
            if rest > half or (rest == half and code & _ONE):
                code += _ONE
            code = min(code, np.uint32((1 << bits) - 1))
            target[group, j] = _decode(pattern & SIGN, code, top, bits)


@compiled
def _extremes_device(staged, target, shared, bits):
    for group in range(staged.shape[0]):
        if _LOWEST <= shared[group] <= _HIGHEST:
            continue
        top = np.uint32(shared[group])
        for j in range(16):
            pattern = staged[group, j]
            exponent = (pattern & EXPONENT) >> np.uint32(23)
            significand = ((pattern & FRACTION) | HIDDEN) >> np.uint32(16) if exponent else ZERO
            shift = min(top - exponent, np.uint32(16))
            code = (significand + (_ONE << shift)) >> (shift + _ONE) if exponent else ZERO
            code = min(code, np.uint32(127)) >> np.uint32(7 - bits)
            target[group, j] = _decode(pattern & SIGN, code, top, bits)


@compiled
def _decode(sign, code, shared, bits):
    """One datum as the unpacker reads it: normalised, the exponent wrapping modulo 256."""
    if code == ZERO:
        return ZERO
    exponent = shared
    while code >> np.uint32(bits - 1) == ZERO:
        code = code << _ONE
        exponent -= _ONE
    fraction = (code << np.uint32(24 - bits)) & FRACTION
    return sign | ((exponent & np.uint32(255)) << np.uint32(23)) | fraction
