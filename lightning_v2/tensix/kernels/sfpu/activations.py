"""Activation functions of the vector engine on one lane: sigmoid, tanh, gelu, erf and relatives.

docs/numerics.md, section 7.4; constants and the order of operations are those of the kernels of
ttnn 0.81.1. Arguments and results are np.uint32 patterns of binary32; `wide`: Dst has 32 bits.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    BIAS,
    HALF,
    MAGNITUDE,
    MINUS_HALF,
    MINUS_LN2,
    MINUS_ONE,
    ONE,
    PER_LN2,
    SIGN,
    TWO,
    ZERO,
    pattern,
    patterns,
)
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    absolute,
    add,
    copy_sign,
    exponent,
    from_integer,
    horner,
    maximum,
    minimum,
    multiply,
    multiply_add,
    negate,
    round_bfloat16,
    round_magnitude,
    set_exponent,
    stored,
)
from lightning_v2.tensix.kernels.sfpu.exponential import POWER_0, exp_compound, power_of_two
from lightning_v2.tensix.kernels.sfpu.roots import estimate_reciprocal, reciprocal_steps

_TEN = pattern(10)

# Six linear pieces in half precision: slopes and intercepts, from 0, 0.5, 1, 1.5, 2 and 3 on.
_PIECES = patterns(0.5, 1, 1.5, 2, 3)
_GELU_SLOPES = patterns(*np.float16([0.1928, 0.4939, 0.6188, 0.6099, 0.5402, 0.5]))
_GELU_INTERCEPTS = patterns(*np.float16([-0.00010443, -0.1604, -0.2796, -0.2635, -0.1194, 0]))
_TANH_SLOPES = patterns(
    *np.float16([0.96191406, 0.57617188, 0.28710938, 0.0964355469, 0.0390625, 0])
)
_TANH_INTERCEPTS = patterns(*np.float16([0, 0.192871094, 0.48193359, 0.76806641, 0.8828125, 1]))
# Three of 8 bits each, from 0, 1 and 2 on.
_SIGMOID_SLOPES, _SIGMOID_INTERCEPTS = patterns(0.2265625, 0.265625, 0), patterns(0, -0.046875, 0.5)

_TANH_NARROW = patterns(
    5.876733921468257904052734375e-3,
    -6.6649019718170166015625e-2,
    0.281917631626129150390625,
    -0.4890659749507904052734375,
    3.0897438526153564453125e-2,
    0.999004364013671875,
    0,
)
_TANH = patterns(
    1.974105835e-04, 1.393318176e-3, 8.331298828e-3, 4.166680202e-2, 1.666667163e-1, 0.5
)
_TWO_PER_LN2 = pattern(np.float32(2) * PER_LN2.view(np.float32))
_TANH_SEED = np.uint32(0xFEF30000)

_GELU_NARROW_LOWEST, _GELU_CORE, _GELU_IDENTITY = patterns(-5.54259443, -3.125, 2.78125)
_GELU_TAIL = patterns(7.5950479368e-04, 1.3809983619e-02, 9.5413386822e-02, 3.0369991064e-01)
_GELU_TAIL_SCALE, _GELU_GRID = patterns(-0.72134752044, 0.375)
_GELU_NARROW = patterns(
    7.9821413868e-08,
    -3.8082057209e-06,
    8.1812159812e-05,
    -1.0717806322e-03,
    9.7720050615e-03,
    -6.6361041488e-02,
    3.9894227818e-01,
)
_PER_ROOT_2, _STUCK = patterns(0.7071067811865475, 2.0**-25)
_GELU_TANH_CUBE, _GELU_TANH_SCALE = patterns(0.044715, 0.7978845608028654)

# erf as x times a rational function of x**2.
_ERF_NUMERATOR = patterns(
    -2.8632063387e-10,
    2.7384647439e-08,
    1.7678321456e-05,
    6.1307044234e-04,
    5.6230435148e-03,
    6.2133435160e-02,
    2.1477432549e-01,
    1.1283791065e00,
)
_ERF_DENOMINATOR = patterns(
    -6.7350725691e-12,
    -3.5153888689e-09,
    1.3156344494e-06,
    1.3179056987e-04,
    1.9545555115e-03,
    1.9642570987e-02,
    1.2961706519e-01,
    5.2367275953e-01,
    1,
)
_ERF_NARROW_NUMERATOR = patterns(
    7.4481184425e-04, 4.5400281738e-02, 2.7609212279e-01, 1.1280932447e00
)
_ERF_NARROW_DENOMINATOR = patterns(
    2.4813862145e-05, 8.2844606784e-03, 1.3675764810e-01, 5.7439188334e-01, 1
)


@compiled
def sigmoid(x, wide, approximate, blackhole):
    """1 / (1 + e**-x)."""
    if approximate:
        magnitude = x & MAGNITUDE
        i = 0 if magnitude < ONE else 1 if magnitude < TWO else 2
        y = multiply_add(
            _SIGMOID_SLOPES[i], np.uint32(magnitude), _SIGMOID_INTERCEPTS[i], blackhole
        )
        return add(copy_sign(y, x), HALF, blackhole)
    y = _sigmoid(x, wide, blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def _sigmoid(x, wide, blackhole):
    denominator = add(ONE, exp_compound(negate(x), wide, blackhole), blackhole)
    return reciprocal_steps(denominator, 2 if wide else 1, blackhole)


@compiled
def silu(x, wide, blackhole):
    """x * sigmoid(x)."""
    y = multiply(x, _sigmoid(x, wide, blackhole), blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def tanh(x, wide, approximate, blackhole):
    """Hyperbolic tangent."""
    if approximate:
        return copy_sign(_pieces(x, _TANH_SLOPES, _TANH_INTERCEPTS, blackhole), x)
    if wide:
        return tanh_wide(x, blackhole)
    y = minimum(horner(absolute(x), _TANH_NARROW, blackhole), ONE)
    return round_bfloat16(copy_sign(y, x))


@compiled
def _pieces(x, slopes, intercepts, blackhole):
    magnitude = np.uint32(x & MAGNITUDE)
    i = 0
    while i < 5 and magnitude >= _PIECES[i]:
        i += 1
    return multiply_add(slopes[i], magnitude, intercepts[i], blackhole)


@compiled
def tanh_wide(x, blackhole):
    """Hyperbolic tangent with 24 bits: (e**2x - 1) / (e**2x + 1)."""
    i = round_magnitude(multiply(x, _TWO_PER_LN2, blackhole), 255)
    a = np.uint32(add(x, x, blackhole) & MAGNITUDE)
    f = multiply_add(from_integer(i), MINUS_LN2, a, blackhole)
    r = horner(f, _TANH, blackhole)
    r = multiply_add(r, multiply(f, f, blackhole), f, blackhole)
    scale = set_exponent(ZERO, i + 126)
    x0 = multiply_add(r, scale, add(scale, MINUS_HALF, blackhole), blackhole)
    x1 = add(x0, ONE, blackhole)
    if i >= 61:
        y = multiply_add(np.uint32(a - np.uint32(1)), ZERO, ONE, blackhole)
    elif exponent(x) < 115:
        y = x
    else:
        # `inverse` is 1 / x1 on Blackhole and -1 / x1 on Wormhole, which cannot negate for free.
        if blackhole:
            x1 = negate(x1)
            inverse = estimate_reciprocal(negate(x1))
            t = multiply_add(x1, inverse, ONE, blackhole)
        else:
            inverse = np.uint32(_TANH_SEED - x1)
            t = multiply_add(x1, inverse, ONE, blackhole)
            t = multiply_add(t, t, t, blackhole)
        inverse = multiply_add(inverse, t, inverse, blackhole)
        y = multiply(x0, inverse, blackhole)
        rest = multiply_add(x1, y, x0, blackhole)
        y = multiply_add(rest, inverse, y, blackhole)
    return copy_sign(y, x)


@compiled
def gelu(x, wide, approximate, blackhole):
    """x * Phi(x): a polynomial, a rational function or (approximate) six linear pieces."""
    if approximate:
        even = _pieces(x, _GELU_SLOPES, _GELU_INTERCEPTS, blackhole)
        return multiply_add(x, HALF, even, blackhole)
    if wide:
        return _gelu_wide(x, blackhole)
    return round_bfloat16(_gelu_narrow(x, blackhole))


@compiled
def _gelu_narrow(x, blackhole):
    above = add(x, negate(_GELU_NARROW_LOWEST), blackhole)
    if above & SIGN or above == 0:
        return ZERO
    square = multiply(x, x, blackhole)
    if add(x, negate(_GELU_CORE), blackhole) & SIGN:
        logarithm = multiply_add(square, _GELU_TAIL_SCALE, BIAS, blackhole)
        bell = power_of_two(logarithm, POWER_0, blackhole)
        # The sum with 0.375 rounds to multiples of 2**-25.
        tail = multiply_add(bell, horner(x, _GELU_TAIL, blackhole), _GELU_GRID, blackhole)
        return multiply(x, add(tail, negate(_GELU_GRID), blackhole), blackhole)
    if add(x, negate(_GELU_IDENTITY), blackhole) & SIGN:
        odd = horner(square, _GELU_NARROW, blackhole)
        return multiply(x, multiply_add(x, odd, HALF, blackhole), blackhole)
    return x


@compiled
def _gelu_wide(x, blackhole):
    above = add(x, negate(_GELU_NARROW_LOWEST), blackhole)
    if above & SIGN or above == 0:
        return add(x, negate(x), blackhole)
    scaled = minimum(multiply(x, _PER_ROOT_2, blackhole), _TEN)
    value = _clamped(_ratio(scaled, _ERF_NUMERATOR, _ERF_DENOMINATOR, blackhole))
    if add(value, ONE, blackhole) == 0:
        return multiply(x, _STUCK, blackhole)
    return multiply(x, multiply_add(HALF, value, HALF, blackhole), blackhole)


@compiled
def _ratio(x, numerator, denominator, blackhole):
    square = multiply(x, x, blackhole)
    odd = multiply(horner(square, numerator, blackhole), x, blackhole)
    inverse = reciprocal_steps(horner(square, denominator, blackhole), 2, blackhole)
    return multiply(odd, inverse, blackhole)


@compiled
def _clamped(x):
    return minimum(maximum(x, MINUS_ONE), ONE)


@compiled
def erf(x, wide, blackhole):
    """The error function; a 16-bit Dst truncates it."""
    x = copy_sign(minimum(absolute(x), _TEN), x)
    if wide:
        return _clamped(_ratio(x, _ERF_NUMERATOR, _ERF_DENOMINATOR, blackhole))
    return _clamped(_ratio(x, _ERF_NARROW_NUMERATOR, _ERF_NARROW_DENOMINATOR, blackhole))


@compiled
def gelu_tanh(x, wide, blackhole):
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x**3))), the tangent with 24 bits."""
    square = multiply(x, x, blackhole)
    cubic = multiply(x, multiply_add(_GELU_TANH_CUBE, square, ONE, blackhole), blackhole)
    t = tanh_wide(multiply(_GELU_TANH_SCALE, cubic, blackhole), blackhole)
    half = multiply(HALF, x, blackhole)
    y = multiply_add(half, t, half, blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def sigmoid_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(sigmoid(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def silu_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(silu(source[i], wide, blackhole), wide)


@compiled
def tanh_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(tanh(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def gelu_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(gelu(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def gelu_tanh_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(gelu_tanh(source[i], wide, blackhole), wide)


@compiled
def erf_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(erf(source[i], wide, blackhole), wide)
