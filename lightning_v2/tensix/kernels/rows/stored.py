"""Float32 arithmetic and the packer's bfloat16 in one pass over memory, for the fast tier.

What `formats` rounds in place after torch has computed it, computed here on the way. Arrays are
one-dimensional and of one length, operands of float32, targets patterns in uint32.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import EXPONENT, MAGNITUDE, SIGN, ZERO

_UPPER = np.uint32(0xFFFF0000)


@compiled
def sums(a, b, target):
    """a + b, rounded as `formats.round_bfloat16`."""
    for i in range(target.size):
        target[i] = away(np.float32(a[i] + b[i]).view(np.uint32))


@compiled
def differences(a, b, target):
    """a - b, rounded as `formats.round_bfloat16`."""
    for i in range(target.size):
        target[i] = away(np.float32(a[i] - b[i]).view(np.uint32))


@compiled
def products(a, b, target):
    """a * b, rounded as `formats.round_bfloat16_even_in_place`."""
    for i in range(target.size):
        target[i] = _even(np.float32(a[i] * b[i]).view(np.uint32))


@compiled
def leaky(x, slope, target):
    """x, or slope * x below zero, cut as `formats.cut_bfloat16_in_place`."""
    for i in range(target.size):
        value = x[i] if x[i] > np.float32(0) else np.float32(x[i] * slope)
        target[i] = _stored(np.float32(value).view(np.uint32) & _UPPER)


@compiled
def pieces(x, table, half, is_odd, target):
    """A function of six linear pieces of |x|, cut as `formats.cut_bfloat16_in_place`.

    table (6, 3): lower end, slope and intercept of each piece. The result is that with the sign of
    x, `is_odd`, added to `half`; else it is added to half * x.
    """
    slope0, add0 = table[0, 1], table[0, 2]
    end1, slope1, add1 = table[1, 0], table[1, 1], table[1, 2]
    end2, slope2, add2 = table[2, 0], table[2, 1], table[2, 2]
    end3, slope3, add3 = table[3, 0], table[3, 1], table[3, 2]
    end4, slope4, add4 = table[4, 0], table[4, 1], table[4, 2]
    end5, slope5, add5 = table[5, 0], table[5, 1], table[5, 2]
    for i in range(target.size):  # no loop over pieces: such a one would not vectorise
        magnitude = np.abs(x[i])
        slope = slope1 if magnitude >= end1 else slope0
        slope = slope2 if magnitude >= end2 else slope
        slope = slope3 if magnitude >= end3 else slope
        slope = slope4 if magnitude >= end4 else slope
        slope = slope5 if magnitude >= end5 else slope
        add = add1 if magnitude >= end1 else add0
        add = add2 if magnitude >= end2 else add
        add = add3 if magnitude >= end3 else add
        add = add4 if magnitude >= end4 else add
        add = add5 if magnitude >= end5 else add
        value = np.float32(np.float32(magnitude * slope) + add)
        odd = np.float32(half + np.copysign(value, x[i]))
        even = np.float32(value + np.float32(half * x[i]))
        target[i] = _stored(np.float32(odd if is_odd else even).view(np.uint32) & _UPPER)


@compiled
def away(pattern):
    rounded = (pattern + np.uint32(0x8000)) & _UPPER
    if (pattern & MAGNITUDE) > EXPONENT:
        rounded = (pattern & SIGN) | EXPONENT
    return rounded if rounded & EXPONENT else ZERO


@compiled
def _even(pattern):
    odd = (pattern >> np.uint32(16)) & np.uint32(1)
    rounded = (pattern + np.uint32(0x7FFF) + odd) & _UPPER
    if (pattern & MAGNITUDE) > EXPONENT:
        rounded = (pattern & SIGN) | EXPONENT
    return rounded if rounded & EXPONENT else ZERO


@compiled
def _stored(pattern):
    if (pattern & MAGNITUDE) > EXPONENT:
        pattern = (pattern & SIGN) | EXPONENT
    return pattern if pattern & EXPONENT else ZERO
