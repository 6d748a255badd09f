"""The scalar rules of `fpu` in 32-bit integers and without branches: a lane of a vector each.

docs/numerics.md, section 4.2. A loop over them is compiled to vectors. Patterns are int32.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import fused
from lightning_v2.tensix.kernels.fpu.fpu import BINADES, LOW_A, LOW_B
from lightning_v2.tensix.kernels.fpu.lanes import add as plus
from lightning_v2.tensix.kernels.fpu.lanes import (
    bits_of_float,
    both,
    differ,
    either,
    larger,
    shift_left,
    shift_right,
    smaller,
    sub,
    times,
)
from lightning_v2.tensix.kernels.fpu.phases import BITS

_I = np.int32
_ZERO, _ONE = _I(0), _I(1)
_SIGN, _MAGNITUDE = _I(-0x80000000), _I(0x7FFFFFFF)
_INFINITY, _FRACTION, _HIDDEN = _I(0x7F800000), _I(0x007FFFFF), _I(0x00800000)
_HIGH_A, _ALL_A = (BITS["in1", part] for part in ("high", "all"))
_HIGH_B, _ALL_B = (BITS["in0", part] for part in ("high", "all"))
_REGISTER = 11  # significand bits


@fused
def exponent_of(pattern):
    return both(shift_right(pattern, _I(23)), _I(255))


@fused
def significand_of(pattern):
    """All 24 bits; a pattern without exponent is zero."""
    whole = either(both(pattern, _FRACTION), _HIDDEN)
    return whole if exponent_of(pattern) > _ZERO else _ZERO


@fused
def shifted(value, distance):
    """value * 2**-distance to the nearest integer, ties toward +infinity."""
    distance = smaller(distance, _I(30))
    return shift_right(plus(value, shift_right(shift_left(_ONE, distance), _ONE)), distance)


@fused
def to_10_bits(value):
    return both(plus(value, _I(0x1000)), _I(-0x2000))


@fused
def normalised(total, e, wide, defect):
    """A signed sum in units of 2**-23 of binade e -> pattern, rounded half away."""
    magnitude = sub(_ZERO, total) if total < 0 else total
    value = bits_of_float(np.float32(magnitude))
    if wide:
        # The conversion rounds to even; what it would round is rounded half away before it.
        excess = larger(sub(shift_right(value, _I(23)), _I(150)), _ZERO)
        unit = shift_left(_ONE, excess)
        rounded = both(plus(magnitude, shift_right(unit, _ONE)), sub(_ZERO, unit))
        value = bits_of_float(np.float32(rounded))
    else:
        value = both(plus(value, _I(0x8000)), _I(-0x10000))
    exponent = plus(shift_right(value, _I(23)), sub(e, _I(150)))
    if defect and wide:
        exponent = plus(e, _I(4)) if total == -1 else exponent
    result = either(both(value, _FRACTION), shift_left(exponent, _I(23)))
    result = _INFINITY if exponent >= 255 else result
    result = either(result, both(total, _SIGN))
    return _ZERO if (exponent <= 0) | (magnitude == 0) else result


@fused
def add(a, b, wide, defect):
    """ELWADD into a fresh Dst: a + b with 11 significand bits; a - b: flip b's sign."""
    swapped = both(a, _MAGNITUDE) < both(b, _MAGNITUDE)
    a, b = b if swapped else a, a if swapped else b
    e = exponent_of(a)
    large = shift_right(significand_of(a), _I(24 - _REGISTER))
    small = shift_right(significand_of(b), _I(24 - _REGISTER))
    small = shifted(small, sub(e, exponent_of(b)))
    total = shift_left(plus(large, small) if differ(a, b) >= 0 else sub(large, small), _I(13))
    total = sub(_ZERO, total) if a < 0 else total
    return normalised(total if wide else to_10_bits(total), e, wide, defect)


@fused
def multiply(a, b, dst, phase, wide, defect):
    """ELWMUL: dst + a * b for one fidelity phase 0..3; a in SrcA, b in SrcB."""
    e_a, e_b = exponent_of(a), exponent_of(b)
    e = sub(plus(e_a, e_b), _I(127 + BINADES[phase]))
    present = (e_a > 0) & (e_b > 0) & (e > 0)
    product = times(
        _part(a, LOW_A[phase], _HIGH_A, _ALL_A), _part(b, LOW_B[phase], _HIGH_B, _ALL_B)
    )
    product = shift_left(product, _I(13)) if present else _ZERO
    product = sub(_ZERO, product) if differ(a, b) < 0 else product
    e = e if present else _ZERO
    e_dst = exponent_of(dst)
    top = larger(e, e_dst)
    product = shifted(product, sub(top, e))
    kept = shifted(significand_of(dst), sub(top, e_dst))
    if not wide:
        product, kept = to_10_bits(product), to_10_bits(kept)
    total = sub(product, kept) if dst < 0 else plus(product, kept)
    return normalised(total, top, wide, defect)


@fused
def multiply_row(a, b, dst, phases, wide, defect):
    """dst = a * b, (N,) each, by the first `phases` fidelity phases (LoFi 1 … HiFi4 4)."""
    dst[:] = 0
    for phase in range(phases):
        for i in range(len(dst)):
            dst[i] = multiply(a[i], b[i], dst[i], phase, wide, defect)


@fused
def _part(pattern, low, high, all_):
    """The first `high` significand bits of 11, or those up to bit `all_`, aligned at the top."""
    significand = shift_right(significand_of(pattern), _I(24 - _REGISTER))
    if not low:
        return shift_right(significand, _I(_REGISTER - high))
    rest = shift_right(significand, _I(_REGISTER - all_))
    return shift_left(both(rest, _I((1 << (all_ - high)) - 1)), _I(2 * high - all_))
