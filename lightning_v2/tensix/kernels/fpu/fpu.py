"""The matrix engine (FPU), one result at a time: scalar rules on bit patterns, compiled by numba.

docs/numerics.md, sections 3 and 4. A *pattern* is that of IEEE binary32 in an int64. A register
operand (SrcA, SrcB) is a pattern whose significand is cut to 11 bits (`tf32`) or 8 (`narrow`);
a destination value (Dst) uses all 24 bits when it is `wide` and 8 otherwise. The engine knows no
NaN, infinity or denormals: exponent 255 is one more binade, exponent 0 is zero.

`defect`: whether the Wormhole defect of docs/numerics.md, section 4.7, is present (Blackhole: not).
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu.phases import BITS, ORDER

SIGN = 0x80000000
EXPONENT = 0x7F800000
FRACTION = 0x007FFFFF
HIDDEN = 0x00800000

_HIGH_A, _ALL_A = BITS["in1", "high"], BITS["in1", "all"]
_HIGH_B, _ALL_B = BITS["in0", "high"], BITS["in0", "all"]

# By phase: whether it takes the low part of a register, and the binades that this takes off.
LOW_A = np.array([int(in1 == "low") for _, in1 in ORDER])
LOW_B = np.array([int(in0 == "low") for in0, _ in ORDER])
BINADES = LOW_A * _HIGH_A + LOW_B * _HIGH_B


@compiled
def tf32(pattern):
    """A float32 in memory as a register reads it with a 32-bit Dst: 11 significand bits, cut."""
    return pattern & 0xFFFFE000


@compiled
def narrow(pattern):
    """A float32 or bfloat16 in memory as a register reads it with a 16-bit Dst: 8 bits, cut."""
    return pattern & 0xFFFF0000


@compiled
def _shift_half_up(magnitude, distance, less):
    """magnitude * 2**-distance to the nearest integer, ties up; `less` 1: ties down."""
    if distance <= 0:
        return magnitude
    if distance >= 31:
        return 0
    return (magnitude + (1 << (distance - 1)) - less) >> distance


@compiled
def accumulate(first, e_first, second, e_second, dst, wide, defect):
    """Dst plus two signed sums -> pattern of the new Dst (docs/numerics.md, section 4.2).

    first, second: signed integers in units of 2**-23 of the binades with biased exponents e_first,
    e_second. dst: pattern.
    """
    e_dst = (dst & EXPONENT) >> 23
    kept = (dst & FRACTION) | HIDDEN if e_dst else 0
    e = max(e_first, e_second, e_dst)
    if e <= 0:
        return 0
    total = 0
    for index in range(2):
        value, exponent = (first, e_first) if index == 0 else (second, e_second)
        negative = 1 if value < 0 else 0
        magnitude = _shift_half_up(abs(value), e - exponent, negative)
        if not wide:
            magnitude = (magnitude + 0x1000 - negative) & ~0x1FFF
        total += -magnitude if negative else magnitude
    kept = _shift_half_up(kept, e - e_dst, 0)
    if not wide:
        kept = (kept + 0x1000) & ~0x1FFF
    total += -kept if dst & SIGN else kept
    return _normalised(total, e, wide, defect)


@compiled
def _normalised(total, e, wide, defect):
    """A signed sum in units of 2**-23 of binade e -> pattern, rounded half away."""
    if total == 0:
        return 0
    sign = SIGN if total < 0 else 0
    magnitude = abs(total)
    width = 0
    while magnitude >> width:
        width += 1
    if defect and wide and total == -1:
        width = 28  # the leading-bit counter is 27 places off: -2**(e + 4)
        magnitude = 1 << 27
    exponent = e + width - 24
    bits = 24 if wide else 8
    if width > bits:
        magnitude = (magnitude + (1 << (width - bits - 1))) >> (width - bits)
        if magnitude >> bits:
            magnitude >>= 1
            exponent += 1
    else:
        magnitude <<= bits - width
    if exponent <= 0:
        return 0
    if exponent >= 255:
        return sign | EXPONENT
    return sign | (exponent << 23) | ((magnitude << (24 - bits)) & FRACTION)


@compiled
def part_a(pattern, low):
    """The 5 significand bits of SrcA that one phase multiplies: the high ones, or the next."""
    return _part(pattern, low, _HIGH_A, _ALL_A)


@compiled
def part_b(pattern, low):
    """The 7 significand bits of SrcB that one phase multiplies: the high ones, or the low 4."""
    return _part(pattern, low, _HIGH_B, _ALL_B)


@compiled
def _part(pattern, low, high, all_):
    """The first `high` significand bits of 11, or those up to bit `all_`, aligned at the top."""
    significand = ((pattern & FRACTION) | HIDDEN) >> 13
    if not low:
        return significand >> (11 - high)
    rest = all_ - high
    return ((significand >> (11 - all_)) & ((1 << rest) - 1)) << (high - rest)


@compiled
def multiply(a, b, dst, phase, wide, defect):
    """ELWMUL: dst + a * b for one fidelity phase 0..3; a in SrcA, b in SrcB.

    docs/numerics.md, section 4.2.
    """
    e_a, e_b = (a & EXPONENT) >> 23, (b & EXPONENT) >> 23
    e = e_a + e_b - 127 - BINADES[phase]
    if e_a == 0 or e_b == 0 or e <= 0:
        return accumulate(0, 0, 0, 0, dst, wide, defect)
    product = (part_a(a, LOW_A[phase]) * part_b(b, LOW_B[phase])) << 13
    if (a ^ b) & SIGN:
        product = -product
    return accumulate(product, e, 0, 0, dst, wide, defect)


@compiled
def multiply_phases(a, b, phases, wide, defect):
    """a * b in a fresh Dst, all of the first `phases` fidelity phases (LoFi 1 … HiFi4 4)."""
    dst = 0
    for phase in range(phases):
        dst = multiply(a, b, dst, phase, wide, defect)
    return dst


@compiled
def add(a, b, dst, wide, defect):
    """ELWADD: dst + (a + b) with 11 significand bits and no guard bits; a - b: flip b's sign."""
    if not a & EXPONENT:
        a = 0
    if not b & EXPONENT:
        b = 0
    if (a & ~SIGN) < (b & ~SIGN):
        a, b = b, a
    e = (a & EXPONENT) >> 23
    large = ((a & FRACTION) | HIDDEN) >> 13 if a else 0
    small = ((b & FRACTION) | HIDDEN) >> 13 if b else 0
    distance = e - ((b & EXPONENT) >> 23)
    if distance >= 12:
        small = 0
    elif distance > 0:
        small = (small + (1 << (distance - 1))) >> distance
    total = (large + small if not (a ^ b) & SIGN else large - small) << 13
    if a & SIGN:
        total = -total
    return accumulate(total, e, 0, 0, dst, wide, defect)


@compiled
def packed(dst, wide):
    """Dst to a bfloat16 in memory, as its pattern (docs/numerics.md, section 5)."""
    if (dst & 0x7FFFFFFF) > EXPONENT:
        dst = (dst & SIGN) | EXPONENT
    kept = (dst + 0x8000 if wide else dst) & 0xFFFF0000
    return kept if kept & EXPONENT else 0
