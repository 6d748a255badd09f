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
