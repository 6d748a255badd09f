"""Instructions of the vector engine (SFPU) on one lane: compiled scalars over binary32 patterns.

docs/numerics.md, section 7.3. Operands and results are np.uint32 patterns; `blackhole` chooses
the architecture where the two differ. Denormal operands of the arithmetic count as zero.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    EXPONENT,
    FRACTION,
    HIDDEN,
    MAGNITUDE,
    NAN,
    ONE,
    SIGN,
    ZERO,
)


@compiled
def multiply_add(x, y, z, blackhole):
    """x * y + z rounded once, to nearest even, but no true fused multiply-add (SFPMAD).

    The product is cut to 27 bits with a sticky bit before the sum, and an operand that alignment
    shifts out completely leaves no sticky bit. Wormhole never returns -0 and flushes a result
    below the normal range before rounding it; Blackhole keeps the sign of zero and rounds first.
    """
    ex, ey, ez = np.int64(x >> 23) & 255, np.int64(y >> 23) & 255, np.int64(z >> 23) & 255
    e = ex + ey - 127
    if ex == 255 or ey == 255 or ez == 255 or e >= 255:
        return _beyond_finite(x, y, z, e, blackhole)
    product_sign, z_sign = np.int64(x ^ y) & 0x80000000, np.int64(z) & 0x80000000
    if ex == 0 or ey == 0 or e < 0:
        if ez:
            return np.uint32(z)
        return np.uint32(z_sign & product_sign if blackhole else 0)
    return _sum(_product(x, y), e, product_sign, _significand(z), ez, z_sign, blackhole)


@compiled
def add(x, y, blackhole):
    """x + y, computed as x * 1 + y (SFPADD)."""
    return multiply_add(x, ONE, y, blackhole)


@compiled
def multiply(x, y, blackhole):
    """x * y, computed as x * y + 0 (SFPMUL)."""
    return multiply_add(x, y, ZERO, blackhole)


@compiled
def round_bfloat16(x):
    """Nearest bfloat16, ties away; NaN becomes inf, denormals and -0 become +0 (SFPSTOCHRND)."""
    exponent = x & EXPONENT
    if exponent == 0:
        return ZERO
    if exponent == EXPONENT:
        return np.uint32(x & (SIGN | EXPONENT))
    return np.uint32((x + np.uint32(0x8000)) & np.uint32(0xFFFF0000))


@compiled
def horner(x, coefficients, blackhole):
    """The polynomial with these coefficients, the one of the highest power first."""
    result = coefficients[0]
    for i in range(1, len(coefficients)):
        result = multiply_add(result, x, coefficients[i], blackhole)
    return result


@compiled
def negate(x):
    """-x, also of zero and NaN (SFPMOV)."""
    return np.uint32(x ^ SIGN)


@compiled
def copy_sign(x, y):
    """The magnitude of x with the sign of y (SFPSETSGN)."""
    return np.uint32((x & MAGNITUDE) | (y & SIGN))


@compiled
def absolute(x):
    """|x|; NaN keeps its sign (SFPABS)."""
    return np.uint32(x & MAGNITUDE) if x <= np.uint32(0xFF800000) else x


@compiled
def _order(x):
    return np.int64(x) if x < SIGN else np.int64(0x7FFFFFFF) - np.int64(x)


@compiled
def minimum(x, y):
    """The smaller by sign and magnitude: -0 is below +0, NaN beyond inf (SFPSWAP)."""
    return x if _order(x) <= _order(y) else y


@compiled
def maximum(x, y):
    """The larger by sign and magnitude: -0 is below +0, NaN beyond inf (SFPSWAP)."""
    return x if _order(x) >= _order(y) else y


@compiled
def less(x, y, blackhole):
    """Whether the difference x - y has its sign bit set, as kernels compare numbers."""
    return add(x, negate(y), blackhole) >= SIGN


@compiled
def exponent(x):
    """The exponent field as an integer, 0 to 255 (SFPEXEXP without its bias)."""
    return np.int64(x >> 23) & 255


@compiled
def set_exponent(x, field):
    """x with another exponent field, an integer of which 8 bits count (SFPSETEXP)."""
    return np.uint32((np.int64(x) & 0x807FFFFF) | ((np.int64(field) & 255) << 23))


@compiled
def from_integer(n):
    """The float nearest to an integer, ties to even (SFPCAST)."""
    return np.float32(n).view(np.uint32)


@compiled
def round_magnitude(x, largest):
    """|x| as an integer, ties away from zero, at most `largest` (SFPSTOCHRND to integers)."""
    e = exponent(x) - 127
    if e < -1:
        return np.int64(0)
    if e >= 16:
        return np.int64(largest)
    if e == -1:
        return np.int64(1)
    scaled = (np.int64((x & FRACTION) | HIDDEN) << e) + 0x400000
    return min(scaled >> 23, np.int64(largest))


@compiled
def round_integer(x, largest):
    """x as an integer, ties away from zero, at most `largest` either way (SFPSTOCHRND)."""
    magnitude = round_magnitude(x, largest)
    return -magnitude if x & SIGN else magnitude


@compiled
def round_bfloat16_even(x):
    """Nearest bfloat16, ties to even, as the kernels of binary operations do it in integers."""
    odd = (x >> np.uint32(16)) & np.uint32(1)
    return np.uint32((x + np.uint32(0x7FFF) + odd) & np.uint32(0xFFFF0000))


@compiled
def stored(x, wide):
    """What SFPSTORE leaves in Dst: denormals become zero, a 16-bit Dst drops the low half."""
    if x & EXPONENT == 0:
        return np.uint32(x & SIGN)
    return x if wide else np.uint32(x & np.uint32(0xFFFF0000))


@compiled
def _significand(x):
    """24 significant bits and three guard bits; 0 of a zero or denormal."""
    return np.int64((x & FRACTION) | HIDDEN) << 3 if x & EXPONENT else np.int64(0)


@compiled
def _product(x, y):
    product = (_significand(x) >> 3) * (_significand(y) >> 3)
    return (product >> 20) | np.int64((product & 0xFFFFF) != 0)


@compiled
def _sum(p, e, p_sign, m, ez, m_sign, blackhole):
    """The sum of two significands (exponents e, ez; signs at bit 31), as a pattern."""
    distance = e - ez
    aligned = _aligned(m if distance >= 0 else p, min(abs(distance), np.int64(40)))
    if distance >= 0:
        m = aligned
    else:
        p, e = aligned, ez
    difference = p - m
    total = p + m if p_sign == m_sign else abs(difference)
    sign = p_sign if difference >= 0 else m_sign
    if total == 0:
        return np.uint32(m_sign & p_sign if blackhole else 0)
    excess = (np.float64(total).view(np.int64) >> 52) - 1049  # significant bits beyond 27
    e += excess
    if e <= 0 or e >= 255:
        if e >= 255:
            return np.uint32(sign | 0x7F800000)
        if not blackhole and e < 0:
            return ZERO
        if blackhole:
            excess, e = excess + 1, np.int64(0)
    lost = (excess | 1 if blackhole else 1) if excess > 0 else 0
    total = ((total << 28) >> (28 + excess)) | np.int64((total & lost) != 0)
    result = (e << 23) + ((total >> 3) & 0x7FFFFF)
    result += np.int64((total & 7) + (result & 1) > 4)
    if result < 0x800000:
        return np.uint32(sign if blackhole else 0)
    return np.uint32(sign | result)


@compiled
def _aligned(significand, distance):
    """Right by `distance`, what is lost kept in bit 0, unless everything is lost."""
    shifted = significand >> distance
    return shifted | np.int64((shifted != 0) & ((shifted << distance) != significand))


@compiled
def _beyond_finite(x, y, z, e, blackhole):
    """multiply_add where an operand is inf or NaN, or the product (exponent e) overflows."""
    ax, ay, az = x & MAGNITUDE, y & MAGNITUDE, z & MAGNITUDE
    p_sign, z_sign = (x ^ y) & SIGN, z & SIGN
    infinite = ax >= EXPONENT or ay >= EXPONENT
    nan = ax > EXPONENT or ay > EXPONENT or (infinite and (ax < HIDDEN or ay < HIDDEN))
    # Wormhole lets an overflowing product of finite numbers cancel an infinite z.
    cancelled = infinite or (e >= 255 and not blackhole)
    nan = nan or (az == EXPONENT and cancelled and p_sign != z_sign)
    if nan or az > EXPONENT:
        if blackhole:
            return NAN
        return _wormhole_nan(x, y, z, p_sign if nan else z_sign, e)
    return np.uint32(z if az == EXPONENT else p_sign | EXPONENT)


@compiled
def _wormhole_nan(x, y, z, sign, e):
    """NaN with the fraction of the sum that Wormhole computes all the same."""
    p, e = (_product(x, y), min(e, np.int64(255))) if e >= 0 else (np.int64(0), np.int64(0))
    if not (x & EXPONENT and y & EXPONENT):
        p, e = np.int64(0), np.int64(0)
    ez = np.int64(z >> 23) & 255
    p_sign, z_sign = np.int64(x ^ y) & 0x80000000, np.int64(z) & 0x80000000
    leaked = _sum(p, e, p_sign, _significand(z), ez, z_sign, False)
    return np.uint32(sign | EXPONENT | np.uint32(1) | (leaked & FRACTION))
