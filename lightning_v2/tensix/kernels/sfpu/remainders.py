"""Remainders of the vector engine on one lane, of numbers and of two operands.

docs/numerics.md, section 7.4; the order of operations is that of the kernels of ttnn 0.81.1, which
go by way of a reciprocal and mend the result. Arguments and results are np.uint32 patterns of
binary32; `wide`: Dst has 32 bits.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    absolute,
    add,
    copy_sign,
    exponent,
    less,
    multiply,
    multiply_add,
    negate,
    pattern,
    round_bfloat16,
    stored,
)
from lightning_v2.tensix.kernels.sfpu.pieces import floor, trunc
from lightning_v2.tensix.kernels.sfpu.roots import reciprocal_steps

_SIGN = np.uint32(0x80000000)
_MAGNITUDE = np.uint32(0x7FFFFFFF)
_NAN = np.uint32(0x7FC00000)
_ZERO = np.uint32(0)
_MINUS_ONE = pattern(-1)
_TRIES = 10
"""How often the divisor is taken off a result that is not below it."""


@compiled
def remainder(x, divisor, inverse, blackhole):
    """x modulo a number, with the sign of that; inverse: its reciprocal."""
    size, inverse = absolute(divisor), absolute(inverse)
    left = _left(absolute(x), size, inverse, False, blackhole)
    if x & _SIGN and left & _MAGNITUDE:
        left = add(size, negate(left), blackhole)
    if divisor & _SIGN and left & _MAGNITUDE:
        left = add(left, divisor, blackhole)
    return _mended(copy_sign(left, divisor), size, blackhole)


@compiled
def fmod(x, divisor, inverse, blackhole):
    """x modulo a number, with the sign of x; inverse: its reciprocal."""
    size, inverse = absolute(divisor), absolute(inverse)
    left = _left(absolute(x), size, inverse, True, blackhole)
    return _mended(copy_sign(left, x), size, blackhole)


@compiled
def _left(x, size, inverse, checked, blackhole):
    """What the whole multiples of `size` leave of x, both positive."""
    ratio = multiply(x, inverse, blackhole)
    power = exponent(ratio) - 127
    whole = _ZERO if power < 0 else trunc(ratio) if power < 23 else ratio
    if checked and power < 23 and less(x, multiply(whole, size, blackhole), blackhole):
        whole = add(whole, _MINUS_ONE, blackhole)
    return multiply_add(negate(whole), size, x, blackhole)


@compiled
def _mended(y, size, blackhole):
    if size & _MAGNITUDE == 0:
        y = _NAN
    for _ in range(_TRIES):
        if not less(y, size, blackhole):
            y = add(y, negate(size), blackhole)
    return _ZERO if add(absolute(y), negate(size), blackhole) & _MAGNITUDE == 0 else y


@compiled
def remainder_of(a, b, wide, blackhole):
    """a modulo b, with the sign of b."""
    ratio = multiply(a, reciprocal_steps(b, 2, blackhole), blackhole)
    y = multiply_add(negate(floor(ratio, blackhole)), b, a, blackhole)
    if y & _MAGNITUDE and (y ^ b) & _SIGN:
        y = add(y, b, blackhole)
    if _is_positive(b) and _is_positive(a):
        rest = add(y, negate(b), blackhole)
        y = y if rest & _SIGN else rest
    if b & _SIGN and a & _SIGN:
        rest = add(y, negate(b), blackhole)
        y = rest if rest & _SIGN or rest & _MAGNITUDE == 0 else y
    if b & _MAGNITUDE == 0:
        y = _NAN
    return y if wide else round_bfloat16(y)


@compiled
def _is_positive(x):
    return x & _SIGN == 0 and x & _MAGNITUDE != 0


@compiled
def fmod_of(a, b, wide, blackhole):
    """a modulo b, with the sign of a."""
    size = absolute(b)
    ratio = multiply(a, reciprocal_steps(b, 2, blackhole), blackhole)
    y = multiply_add(negate(trunc(ratio)), b, a, blackhole)
    if not less(absolute(y), size, blackhole):
        y = add(y, size if y & _SIGN else negate(size), blackhole)
    if a & _SIGN == 0:
        if y & _SIGN:
            y = add(y, size, blackhole)
    elif _is_positive(y):
        y = add(y, negate(size), blackhole)
    if add(a, negate(b), blackhole) & _MAGNITUDE == 0:
        y = _ZERO
    if b & _MAGNITUDE == 0:
        y = _NAN
    return y if wide else round_bfloat16(y)


@compiled
def remainder_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(remainder(source[i], p[1], p[2], blackhole), wide)


@compiled
def fmod_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(fmod(source[i], p[1], p[2], blackhole), wide)
