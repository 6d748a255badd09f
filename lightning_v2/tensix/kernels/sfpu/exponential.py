"""Exponentials of the vector engine on one lane: exp, exp2, exp(x) - 1 and what is made of them.

docs/numerics.md, section 7.4; constants and the order of operations are those of the kernels of
ttnn 0.81.1. Arguments and results are np.uint32 patterns of binary32; `wide`: Dst has 32 bits.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    BIAS,
    HALF,
    INFINITY,
    MAGNITUDE,
    MINUS_HALF,
    MINUS_LN2,
    MINUS_ONE,
    MINUS_TWO,
    ONE,
    PER_LN2,
    ROUNDER,
    SIGN,
    TWO,
    ZERO,
    pattern,
    patterns,
)
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    absolute,
    add,
    exponent,
    from_integer,
    horner,
    maximum,
    minimum,
    multiply,
    multiply_add,
    negate,
    round_bfloat16,
    round_integer,
    round_magnitude,
    set_exponent,
    stored,
)

_FIVE, _TOP = patterns(5, 255)

# 2**f from 2**23 f on [0, 1): quadratic. `ttnn.exp` has its last term in half precision.
_POWER_2, _POWER_1, POWER_0 = patterns(4.791750143340323e-15, 7.839635491371155e-08, 1.0017248)
_POWER_0_TILE = pattern(1.001953125)

_LN2_HIGH, _LN2_LOW = patterns(-6.93145752e-1, -1.42860677e-6)
_EXP = patterns(1.37805939e-3, 8.37312452e-3, 4.16695364e-2, 1.66664720e-1, 4.99999851e-1, 1)

_FAST_SLOPE, _FAST_OFFSET, _FAST_LOWEST = patterns(369.329925537109375, 32500.818359375, -88.5)

_EXP2 = patterns(
    float.fromhex("0x1.41cp-13"),
    float.fromhex("0x1.5f4p-10"),
    float.fromhex("0x1.3b4p-7"),
    float.fromhex("0x1.c6afd8p-5"),
)
_EXP2_1, _EXP2_0 = patterns(float.fromhex("0x1.ebfba0p-3"), float.fromhex("0x1.62e42ep-1"))

_EXPM1_NARROW = patterns(8.361816406e-03, 4.177856445e-02, 1.666259766e-01, 0.5)
_EXPM1 = patterns(1.974105835e-04, 1.393107930e-3, 8.333439939e-3, 4.166680202e-2, 1.666667163e-1)

_REDUCE_HIGH, _REDUCE_LOW = patterns(-0.6931152343750000, -3.19461832987e-05)
_REDUCED = patterns(1.3948583510e-03, 8.3691505715e-03, 4.1666239500e-02, 1.6666504741e-01, 0.5, 1)
_REDUCED_NARROW = patterns(
    8.3751315251e-03, 4.1875664145e-02, 1.6666433215e-01, 4.9999371171e-01, 1
)
_ELU_LOWEST = pattern(-87)

_SOFTPLUS = patterns(
    -4.8245715334e-07,
    2.1285692128e-05,
    -3.4358495031e-04,
    2.7290175203e-03,
    -1.0528374463e-02,
    5.6753782555e-03,
    1.2186349183e-01,
    -4.9926245213e-01,
    6.9310557842e-01,
)
_SOFTPLUS_NARROW = patterns(
    -3.1273466851e-05,
    5.0152968088e-04,
    -1.8627923291e-03,
    -1.3000584069e-02,
    1.4279095486e-01,
    -5.0932420424e-01,
    6.9423984729e-01,
)
_TAYLOR = patterns(
    0.000198412698, 0.00138888889, 0.00833333333, 0.0416666667, 0.166666667, 0.5, 1, 1
)
_THIRD = pattern(0.333333343)


@compiled
def exp(x, wide, approximate, blackhole):
    """e**x as `ttnn.exp` leaves it: 24 bits, bfloat16, or the linear approximation."""
    if approximate:
        return exp_approximate(x, blackhole)
    if wide:
        return exp_wide(x, blackhole)
    return round_bfloat16(power_of_two(_biased(x, blackhole), _POWER_0_TILE, blackhole))


@compiled
def exp_compound(x, wide, blackhole):
    """e**x inside compound kernels, not rounded: 24 bits for a 32-bit Dst, about 21 otherwise."""
    if wide:
        return exp_wide(x, blackhole)
    return power_of_two(_biased(x, blackhole), POWER_0, blackhole)


@compiled
def _biased(x, blackhole):
    logarithm = multiply_add(x, PER_LN2, BIAS, blackhole)
    return minimum(maximum(logarithm, ZERO), _TOP)


@compiled
def fixed_point(x):
    """The significand of x shifted left by its exponent, of which 5 bits count: 2**23 x."""
    e = exponent(x) - 127
    significand = (np.int64(x) & 0x7FFFFF) | 0x800000
    shifted = significand << (e & 31) if e >= 0 else significand >> (-e & 31)
    return np.uint32(shifted & 0xFFFFFFFF)


@compiled
def power_of_two(logarithm, constant, blackhole):
    """2**(logarithm - 127) for a logarithm in [0, 256), `constant` being 2**0."""
    fixed = fixed_point(logarithm)
    fraction = from_integer(np.int64(fixed) & 0x7FFFFF)
    y = multiply_add(fraction, _POWER_2, _POWER_1, blackhole)
    y = multiply_add(fraction, y, constant, blackhole)
    return set_exponent(y, exponent(fixed))


@compiled
def exp_wide(x, blackhole):
    """e**x with 24 bits: two-part reduction, then a polynomial of the fifth degree."""
    i = round_integer(multiply(PER_LN2, x, blackhole), 32767)
    j = from_integer(i)
    f = multiply_add(j, _LN2_HIGH, x, blackhole)
    f = multiply_add(j, _LN2_LOW, f, blackhole)
    y = horner(f, _EXP, blackhole)
    r = multiply_add(y, f, ONE, blackhole)
    return _scaled(r, y, i, blackhole)


@compiled
def _scaled(r, nan, i, blackhole):
    """r * 2**i with overflow to inf and underflow to 0; NaN where `nan` is."""
    e = exponent(r) + i
    if blackhole:
        if e < 1:
            return ZERO
        return set_exponent(r, e) if e < 255 else multiply(nan, INFINITY, blackhole)
    if 1 <= e < 255:
        return set_exponent(r, e)
    # Taking 1 from its pattern makes Wormhole's NaN infinite; times 0 it is NaN again, or 0.
    y = multiply(np.uint32(nan - np.uint32(1)), ZERO, blackhole)
    return y if e < 1 else add(y, INFINITY, blackhole)


@compiled
def exp_approximate(x, blackhole):
    """Exponent and 8 fraction bits as one rounded linear function of x, from -88.5 upwards."""
    y = multiply_add(_FAST_SLOPE, maximum(x, _FAST_LOWEST), _FAST_OFFSET, blackhole)
    return np.uint32(round_magnitude(y, 65535) << 15)


@compiled
def exp2(x, wide, blackhole):
    """2**x."""
    if not wide:
        logarithm = minimum(maximum(add(x, BIAS, blackhole), ZERO), _TOP)
        return round_bfloat16(power_of_two(logarithm, POWER_0, blackhole))
    i = round_integer(x, 32767)
    f = add(x, negate(from_integer(i)), blackhole)
    y = horner(f, _EXP2, blackhole)
    r = multiply_add(y, f, _EXP2_1, blackhole)
    r = multiply_add(r, f, _EXP2_0, blackhole)
    r = multiply_add(r, f, ONE, blackhole)
    e = exponent(r) + i
    if absolute(x) & SIGN or e >= 255:
        return multiply(y, INFINITY, blackhole)
    return set_exponent(r, e) if e >= 1 else ZERO


@compiled
def expm1(x, wide, blackhole):
    """e**x - 1."""
    j = multiply_add(PER_LN2, x, ROUNDER, blackhole)
    power = np.uint32((np.int64(j << np.uint32(23)) + np.int64(HALF)) & 0xFFFFFFFF)  # 2**(j - 1)
    j = add(j, negate(ROUNDER), blackhole)
    y = _expm1_wide(x, j, power, blackhole) if wide else _expm1_narrow(x, j, power, blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def _expm1_narrow(x, j, power, blackhole):
    f = multiply_add(j, MINUS_LN2, x, blackhole)
    r = horner(f, _EXPM1_NARROW, blackhole)
    r = multiply_add(r, multiply(f, f, blackhole), f, blackhole)
    if j == 0:
        return r
    beyond = add(j, MINUS_TWO, blackhole)
    r = multiply_add(power, r, add(power, MINUS_HALF, blackhole), blackhole)
    return _saturated(r, beyond, blackhole)


@compiled
def _expm1_wide(x, j, power, blackhole):
    f = multiply_add(j, _LN2_HIGH, x, blackhole)
    f = multiply_add(j, _LN2_LOW, f, blackhole)
    before = add(j, MINUS_ONE, blackhole)
    r = horner(f, _EXPM1, blackhole)
    r = multiply_add(r, f, np.uint32(HALF - np.uint32(1)), blackhole)
    u = add(f, HALF, blackhole) if before == 0 else f
    r = multiply_add(r, multiply(f, f, blackhole), u, blackhole)
    if j == 0:
        return r
    if before == 0:
        return multiply(r, TWO, blackhole)
    y = add(power, MINUS_HALF, blackhole)
    rest = add(add(power, negate(y), blackhole), MINUS_HALF, blackhole)
    r = add(multiply_add(r, power, rest, blackhole), y, blackhole)
    return _saturated(r, add(before, MINUS_ONE, blackhole), blackhole)


@compiled
def _saturated(r, beyond, blackhole):
    """2 r, or inf or -1 where the power of two (exponent `beyond` + 2) left the range."""
    if round_magnitude(absolute(beyond), 127) >= 127:
        r = MINUS_HALF if beyond & SIGN else multiply(beyond, INFINITY, blackhole)
    return multiply(r, TWO, blackhole)


@compiled
def elu(x, alpha, wide, blackhole):
    """x, or alpha * (e**x - 1) below zero."""
    y = multiply(alpha, expm1_reduced(x, wide, blackhole), blackhole)
    y = y if x & SIGN else x
    return y if wide else round_bfloat16(y)


@compiled
def expm1_reduced(x, wide, blackhole):
    """e**x - 1 inside linear units, which ask for negative x only."""
    x = maximum(x, _ELU_LOWEST)
    shifted = multiply_add(x, PER_LN2, ROUNDER, blackhole)
    k = add(shifted, negate(ROUNDER), blackhole)
    r = multiply_add(k, _REDUCE_HIGH, x, blackhole)
    r = multiply_add(k, _REDUCE_LOW, r, blackhole)
    h = horner(r, _REDUCED, blackhole) if wide else horner(r, _REDUCED_NARROW, blackhole)
    h = multiply(r, h, blackhole)
    power = set_exponent(ONE, np.int64(shifted) - 0x4B3FFF81)
    return multiply_add(power, h, add(power, MINUS_ONE, blackhole), blackhole)


@compiled
def softplus(x, beta, per_beta, threshold, wide, blackhole):
    """log(1 + e**(beta x)) / beta, x itself where beta x exceeds the threshold."""
    t = multiply(beta, x, blackhole)
    excess = add(t, negate(threshold), blackhole)
    if not (excess & SIGN or excess == 0):
        return x
    a = np.uint32(t & MAGNITUDE)
    beyond = add(a, negate(_FIVE), blackhole)
    large = not beyond & SIGN and beyond != 0
    if wide:
        residual = horner(a, _SOFTPLUS, blackhole)
        if large:
            e = _exp_negative(negate(a), blackhole)
            series = multiply_add(e, _THIRD, MINUS_HALF, blackhole)
            residual = multiply(e, multiply_add(e, series, ONE, blackhole), blackhole)
    else:
        residual = ZERO if large else horner(a, _SOFTPLUS_NARROW, blackhole)
    y = multiply(per_beta, add(maximum(t, ZERO), residual, blackhole), blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def _exp_negative(x, blackhole):
    z = multiply(x, PER_LN2, blackhole)
    shifted = add(z, ROUNDER, blackhole)
    k = add(shifted, negate(ROUNDER), blackhole)
    r = multiply_add(k, _REDUCE_HIGH, x, blackhole)
    r = multiply_add(k, _REDUCE_LOW, r, blackhole)
    y = horner(r, _TAYLOR, blackhole)
    field = exponent(y) + np.int64(np.int32(np.uint32(shifted - ROUNDER)))  # 32 bits that wrap
    return set_exponent(y, field) if field > 0 else ZERO


@compiled
def exp_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(exp(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def exp2_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(exp2(source[i], wide, blackhole), wide)


@compiled
def expm1_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(expm1(source[i], wide, blackhole), wide)


@compiled
def elu_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(elu(source[i], p[1], wide, blackhole), wide)


@compiled
def softplus_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(softplus(source[i], p[1], p[3], p[2], wide, blackhole), wide)
