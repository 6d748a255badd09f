"""Reciprocal, square root and reciprocal square root of the vector engine, on one lane.

docs/numerics.md, section 7.4; constants and the order of operations are those of the kernels of
ttnn 0.81.1. Arguments and results are np.uint32 patterns of binary32.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    FRACTION,
    HALF,
    INFINITY,
    MAGNITUDE,
    MINUS_ONE,
    MINUS_TWO,
    NAN,
    ONE,
    SIGN,
    ZERO,
    pattern,
    patterns,
)
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    copy_sign,
    exponent,
    horner,
    minimum,
    multiply,
    multiply_add,
    negate,
    round_bfloat16,
    set_exponent,
    stored,
)

_NEGATIVE_ZERO = SIGN

# Quadratic first estimates of 1/x on [1, 2), of -x.
RECIPROCAL_SEED = patterns(
    0.3232325017452239990234375, 1.4545459747314453125, 2.121212482452392578125
)
_SEED_NARROW = patterns(
    0.32133400440216064453125, 1.4514148235321044921875, 2.1200883388519287109375
)
# Blackhole's first estimate knows 7 fraction bits of x and rounds 1/x at the middle of their range.
_ESTIMATES = np.array([round(32768 / (128.5 + i) - 128) for i in range(128)], np.uint32)

_ROOT_START, _ROOT_START_APPROXIMATE = np.uint32(0x5F1110A0), np.uint32(0x5F0B3892)
_ROOT_1, _ROOT_2 = patterns(2.2825186, 2.2533049)
_ROOT_APPROXIMATE = pattern(1.89099014875)


@compiled
def reciprocal(x, wide, approximate, blackhole):
    """1/x as `ttnn.reciprocal` leaves it before the store: 24, 8 or (approximate) few bits."""
    if not blackhole:
        if approximate:
            return reciprocal_steps(x, 1, blackhole)
        return reciprocal_steps(x, 2, blackhole) if wide else _reciprocal_narrow(x)
    y = estimate_reciprocal(x)
    if approximate:
        return y
    if wide:
        error = multiply_add(negate(x), y, ONE, blackhole)
        series = multiply_add(error, error, error, blackhole)
        series = multiply_add(series, error, error, blackhole)
        return multiply_add(minimum(series, ONE), y, y, blackhole)
    # Half a unit too much; the sign bit of the error, added in the low half, carries or does not.
    y = np.uint32(y | np.uint32(0x8000))
    flushed = multiply_add(ZERO, ZERO, x, blackhole)
    error = multiply_add(flushed, y, MINUS_ONE, blackhole)
    return np.uint32((error >> np.uint32(16)) + y)


@compiled
def reciprocal_steps(x, steps, blackhole):
    """1/x as compound kernels compute it, with 0, 1 or 2 Newton steps."""
    if not blackhole:
        y = _newton(np.uint32((x & FRACTION) | MINUS_ONE), steps, RECIPROCAL_SEED)
        return copy_sign(multiply(y, _scale(x), blackhole), x)
    y = estimate_reciprocal(x)
    if steps:
        t = multiply_add(x, y, MINUS_TWO, blackhole)
        if t >= SIGN:
            y = multiply_add(y, negate(t), _NEGATIVE_ZERO, blackhole)
            if steps > 1:
                t = multiply_add(x, y, MINUS_TWO, blackhole)
                y = multiply_add(y, negate(t), _NEGATIVE_ZERO, blackhole)
    return y


@compiled
def reciprocal_normalized(x, blackhole):
    """1/x of an x in [1, 2) or (-2, -1] with one Newton step."""
    if not blackhole:
        return copy_sign(_newton(np.uint32(x | SIGN), 1, RECIPROCAL_SEED), x)
    y = estimate_reciprocal(x)
    t = multiply_add(x, y, MINUS_TWO, blackhole)
    return multiply_add(y, negate(t), _NEGATIVE_ZERO, blackhole)


@compiled
def estimate_reciprocal(x):
    """Blackhole's 1/x with 7 fraction bits; zero and denormals give inf (SFPARECIP)."""
    magnitude = x & MAGNITUDE
    result = ZERO
    if magnitude < np.uint32(0x00800000):
        result = INFINITY
    elif magnitude < np.uint32(0x7E800000):
        field = np.uint32(253) - (magnitude >> np.uint32(23))
        fraction = _ESTIMATES[(magnitude >> np.uint32(16)) & np.uint32(127)]
        result = np.uint32((field << np.uint32(23)) | (fraction << np.uint32(16)))
    return np.uint32(result | (x & SIGN))


@compiled
def sqrt(x, wide, approximate, guarded, blackhole):
    """Square root; without guards -0 and negative numbers are not looked after."""
    if approximate:
        y = np.uint32(_ROOT_START_APPROXIMATE - (x >> np.uint32(1)))
        c = multiply(x, y, blackhole)
        t = multiply_add(negate(y), c, _ROOT_APPROXIMATE, blackhole)
        y = multiply(c, t, blackhole) if x != INFINITY else c
    else:
        y = _root_estimate(x, blackhole)
        xy = multiply(x, y, blackhole)
        rest = multiply_add(negate(y), xy, ONE, blackhole)
        # The comparison of x with inf wraps: inf, NaN and what is negative keep the estimate.
        if np.uint32(x - INFINITY) & SIGN:
            y = multiply_add(rest, multiply(HALF, xy, blackhole), xy, blackhole)
    if guarded:
        if x & MAGNITUDE == 0:
            y = x
        elif x & SIGN:
            y = NAN
    return y if wide else round_bfloat16(y)


@compiled
def rsqrt(x, wide, approximate, guarded, blackhole):
    """1 / square root; 0 gives inf of its sign, without guards a negative x no NaN."""
    if x & MAGNITUDE == 0 or x == INFINITY:
        y = np.uint32(INFINITY - x)
    elif guarded and x & SIGN:
        y = NAN
    elif approximate:
        y = np.uint32(_ROOT_START_APPROXIMATE - (x >> np.uint32(1)))
        c = multiply(x, y, blackhole)
        y = multiply(y, multiply_add(negate(y), c, _ROOT_APPROXIMATE, blackhole), blackhole)
    else:
        y = _root_estimate(x, blackhole)
        xy = multiply(x, y, blackhole)
        rest = multiply_add(negate(y), xy, ONE, blackhole)
        half = set_exponent(y, exponent(y) - 1) if exponent(y) < 255 else y
        y = multiply_add(rest, half, y, blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def _root_estimate(x, blackhole):
    """1 / square root after the first refinement of the integer estimate.

    The product c is used twice. The simulator's files come from a compiler that fuses it into the
    sum all the same; one that fuses only what is used once would round it there before.
    """
    y = np.uint32(_ROOT_START - (x >> np.uint32(1)))
    xy = multiply(x, y, blackhole)
    c = multiply(negate(y), xy, blackhole)
    t = multiply_add(c, multiply_add(negate(y), xy, _ROOT_2, blackhole), _ROOT_1, blackhole)
    return multiply(y, t, blackhole)


@compiled
def _reciprocal_narrow(x):
    """Wormhole's 1/x with 8 bits: one Newton step, rounded before the exponent is applied."""
    y = round_bfloat16(_newton(np.uint32((x & FRACTION) | MINUS_ONE), 1, _SEED_NARROW))
    return copy_sign(multiply(y, _scale(x), False), x)


@compiled
def _newton(negative, steps, seed):
    """Wormhole's 1/x from -x, of which only the fraction differs from -1."""
    y = horner(negative, seed, False)
    for _ in range(steps):
        y = multiply_add(y, multiply_add(negative, y, ONE, False), y, False)
    return y


@compiled
def _scale(x):
    """Wormhole's 2**-exponent of x: the inverted exponent field, halved; 0 gives inf."""
    return multiply(np.uint32(~x & (SIGN | INFINITY)), HALF, False)


@compiled
def reciprocal_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(reciprocal(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def sqrt_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(sqrt(source[i], wide, p[0] != 0, p[1] != 0, blackhole), wide)


@compiled
def rsqrt_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(rsqrt(source[i], wide, p[0] != 0, p[1] != 0, blackhole), wide)
