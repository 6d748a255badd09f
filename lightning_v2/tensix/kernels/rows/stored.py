"""Float32 arithmetic and the packer's bfloat16 in one pass over memory, for the fast tier.

What `formats` rounds in place after torch has computed it, computed here on the way. Arrays are
one-dimensional and of one length, operands of float32, targets patterns in uint32.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled

_SIGN = np.uint32(0x80000000)
_MAGNITUDE = np.uint32(0x7FFFFFFF)
_EXPONENT = np.uint32(0x7F800000)
_UPPER = np.uint32(0xFFFF0000)
_ZERO = np.uint32(0)


@compiled
def sums(a, b, target):
    """a + b, rounded as `formats.round_bfloat16`."""
    for i in range(target.size):
        target[i] = _away(np.float32(a[i] + b[i]).view(np.uint32))


@compiled
def differences(a, b, target):
    """a - b, rounded as `formats.round_bfloat16`."""
    for i in range(target.size):
        target[i] = _away(np.float32(a[i] - b[i]).view(np.uint32))


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


_BLOCK = 512  # values that stay in the first cache


@compiled
def pieces(x, table, half, is_odd, target):
    """A function of linear pieces of |x|, cut as `formats.cut_bfloat16_in_place`.

    table (P, 3): lower end, slope and intercept of each piece. The result is that with the sign of
    x, `is_odd`, added to `half`; else it is added to half * x.
    """
    values = target.view(np.float32)
    for start in range(0, x.size, _BLOCK):
        stop = min(start + _BLOCK, x.size)
        for i in range(start, stop):
            values[i] = np.float32(np.abs(x[i]) * table[0, 1]) + table[0, 2]
        for p in range(1, table.shape[0]):
            for i in range(start, stop):
                magnitude = np.abs(x[i])
                value = np.float32(magnitude * table[p, 1]) + table[p, 2]
                values[i] = value if magnitude >= table[p, 0] else values[i]
        for i in range(start, stop):
            value = half + np.copysign(values[i], x[i]) if is_odd else values[i] + half * x[i]
            target[i] = _stored(np.float32(value).view(np.uint32) & _UPPER)


@compiled
def _away(pattern):
    rounded = (pattern + np.uint32(0x8000)) & _UPPER
    if (pattern & _MAGNITUDE) > _EXPONENT:
        rounded = (pattern & _SIGN) | _EXPONENT
    return rounded if rounded & _EXPONENT else _ZERO


@compiled
def _even(pattern):
    odd = (pattern >> np.uint32(16)) & np.uint32(1)
    rounded = (pattern + np.uint32(0x7FFF) + odd) & _UPPER
    if (pattern & _MAGNITUDE) > _EXPONENT:
        rounded = (pattern & _SIGN) | _EXPONENT
    return rounded if rounded & _EXPONENT else _ZERO


@compiled
def _stored(pattern):
    if (pattern & _MAGNITUDE) > _EXPONENT:
        pattern = (pattern & _SIGN) | _EXPONENT
    return pattern if pattern & _EXPONENT else _ZERO
