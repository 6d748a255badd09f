"""Functions of the vector engine made of straight pieces, on one lane: relu, clamp, floor, ….

docs/numerics.md, sections 7.3 and 7.4; the order of operations is that of the kernels of ttnn
0.81.1. Arguments and results are np.uint32 patterns of binary32; `wide`: Dst has 32 bits. What is
not rounded here, the store into a 16-bit Dst truncates.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    INFINITY,
    MAGNITUDE,
    MINUS_ONE,
    ONE,
    SIGN,
    ZERO,
    patterns,
)
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    absolute,
    add,
    copy_sign,
    exponent,
    maximum,
    minimum,
    multiply,
    negate,
    round_bfloat16_even,
    stored,
)

_THREE, _SIX, _INTEGRAL = patterns(3, 6, 8388608)


@compiled
def relu(x, wide, blackhole):
    """max(x, 0) in Dst. Blackhole writes over what is below 0 alone: NaN and denormals stay."""
    if blackhole:
        below = x & SIGN != 0 and x & MAGNITUDE <= INFINITY
        return ZERO if below else x
    return stored(maximum(x, ZERO), wide)


@compiled
def relu_max(x, limit, blackhole):
    """max(min(x, limit), 0)."""
    if blackhole:
        return maximum(minimum(x, limit), ZERO)
    above = add(x, negate(limit), blackhole)
    if not above & SIGN and above != 0:
        x = limit
    return ZERO if x & SIGN else x


@compiled
def leaky_relu(x, slope, blackhole):
    """x, or slope * x below zero."""
    return multiply(x, slope, blackhole) if x & SIGN else x


@compiled
def clamp(x, low, high):
    """min(max(x, low), high)."""
    return minimum(maximum(x, low), high)


@compiled
def square(x, wide, blackhole):
    """x * x, rounded to the nearest even bfloat16 for a 16-bit Dst."""
    y = multiply(x, x, blackhole)
    return y if wide else round_bfloat16_even(y)


@compiled
def pow(x, exponent, blackhole):
    """x**exponent for the patterns of 0, 1, 2 and 3, not rounded."""
    if exponent == ZERO:
        return ONE
    y = x
    if exponent != ONE:
        y = multiply(x, x, blackhole)
        if exponent == _THREE:
            y = multiply(y, x, blackhole)
    return y


@compiled
def sign(x):
    """-1, 0 or 1."""
    return ZERO if x & MAGNITUDE == 0 else copy_sign(ONE, x)


@compiled
def trunc(x):
    """The integer part; of numbers below 1 a zero with their sign."""
    e = exponent(x) - 127
    if e < 0:
        return np.uint32(x & SIGN)
    if e >= 23:
        return x
    return np.uint32(x & np.uint32(0xFFFFFFFF << (23 - e)))


@compiled
def floor(x, blackhole):
    """The largest integer not above x."""
    y = trunc(x)
    return add(y, MINUS_ONE, blackhole) if x & SIGN and y != x else y


@compiled
def ceil(x, blackhole):
    """The smallest integer not below x."""
    y = trunc(x)
    return add(y, ONE, blackhole) if not x & SIGN and y != x else y


@compiled
def round_even(x, blackhole):
    """The nearest integer, ties to even."""
    x = multiply(x, ONE, blackhole)
    y = add(np.uint32(x & MAGNITUDE), _INTEGRAL, blackhole)
    y = add(y, negate(_INTEGRAL), blackhole)
    y = copy_sign(y, x) if exponent(x) < 150 else x
    return multiply(ONE, y, blackhole)


@compiled
def relu_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = relu(source[i], wide, blackhole)


@compiled
def relu6_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(relu_max(source[i], _SIX, blackhole), wide)


@compiled
def leaky_relu_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(leaky_relu(source[i], p[1], blackhole), wide)


@compiled
def clamp_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(clamp(source[i], p[1], p[2]), wide)


@compiled
def abs_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(absolute(source[i]), wide)


@compiled
def neg_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(negate(source[i]), wide)


@compiled
def pow_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pow(source[i], p[1], blackhole), wide)


@compiled
def square_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(square(source[i], wide, blackhole), wide)


@compiled
def sign_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(sign(source[i]), wide)


@compiled
def floor_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(floor(source[i], blackhole), wide)


@compiled
def ceil_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(ceil(source[i], blackhole), wide)


@compiled
def trunc_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(trunc(source[i]), wide)


@compiled
def round_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(round_even(source[i], blackhole), wide)
