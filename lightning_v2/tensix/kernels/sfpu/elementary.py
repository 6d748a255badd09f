"""Logarithms, sine, cosine and tangent of the vector engine on one lane.

docs/numerics.md, section 7.4; constants and the order of operations are those of the kernels of
ttnn 0.81.1. Arguments and results are np.uint32 patterns of binary32; `wide`: Dst has 32 bits.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    FRACTION,
    HALF,
    INFINITY,
    MINUS_FOUR,
    MINUS_ONE,
    NAN,
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
    add,
    copy_sign,
    exponent,
    from_integer,
    horner,
    multiply,
    multiply_add,
    negate,
    round_bfloat16,
    set_exponent,
    stored,
)
from lightning_v2.tensix.kernels.sfpu.roots import RECIPROCAL_SEED, estimate_reciprocal

_THREE_QUARTERS, _MINUS_QUARTER = patterns(0.75, -0.25)


def _hexadecimal(*values: str) -> tuple[np.uint32, ...]:
    return patterns(*map(float.fromhex, values))


# The exponent comes as a multiple of 2**23.
_LN2_PER_STEP = pattern(np.float32(0.693147182) * np.float32(2.0**-23))
_STEP = pattern(2.0**-23)
_LOG10_E = np.uint32(0x3EDE5BD9)
_LOG = _hexadecimal(
    "-0x1.92cp-5",
    "0x1.b84p-4",
    "-0x1.0c4p-3",
    "0x1.274p-3",
    "-0x1.55p-3",
    "0x1.998p-3",
    "-0x1.00001ap-2",
    "0x1.555572p-2",
    "-0x1p-1",
)
_LOG_NARROW = _hexadecimal("-0x1p-2", "0x1.744p-2", "-0x1.008p-1")

_PER_PI, _PER_HALF_PI = patterns(0.31830987334251404, 0.6366197466850281)
_PI = _hexadecimal("-0x1.92p+1", "-0x1.fbp-11", "-0x1.51p-21", "-0x1.0b4612p-33")
_HALF_PI = _hexadecimal("-0x1.92p+0", "-0x1.fbp-12", "-0x1.51p-22", "-0x1.0b4612p-34")
_SINE = _hexadecimal("0x1.5dc908p-19", "-0x1.9f70fp-13", "0x1.110edap-7", "-0x1.55554cp-3")
_SINE_NARROW = _hexadecimal("-0x1.8b10a4p-13", "0x1.10c2a2p-7", "-0x1.5554a4p-3")
_TANGENT = _hexadecimal(
    "0x1.fa9f82p-9",
    "0x1.2b404p-10",
    "0x1.4787dp-7",
    "0x1.620abcp-6",
    "0x1.ba5716p-5",
    "0x1.111072p-3",
    "0x1.555556p-2",
)
_TANGENT_NARROW = _hexadecimal("0x1.4f1f4ep-4", "0x1.02b98p-3", "0x1.55953p-2")

NATURAL, BINARY, DECIMAL = 0, 1, 2


@compiled
def log(x, base, wide, guarded, blackhole):
    """Logarithm to the base e (NATURAL), 2 or 10; without guards denormals are not flushed."""
    if guarded:
        x = multiply_add(x, ONE, ZERO, blackhole)
    if x & SIGN:
        return NAN if wide else round_bfloat16(NAN)
    steps = np.uint32((np.int64(x) - np.int64(_THREE_QUARTERS)) & 0xFF800000)
    m = add(np.uint32(x - steps), MINUS_ONE, blackhole)
    r = horner(m, _LOG, blackhole) if wide else horner(m, _LOG_NARROW, blackhole)
    r = multiply_add(r, multiply(m, m, blackhole), m, blackhole)
    power = _float_steps(steps)
    if base == BINARY:
        y = multiply_add(power, _STEP, multiply(r, PER_LN2, blackhole), blackhole)
    else:
        y = multiply_add(power, _LN2_PER_STEP, r, blackhole)
        if base == DECIMAL:
            y = multiply(y, _LOG10_E, blackhole)
    # Halved, 0 has become infinite too.
    halved = set_exponent(x, exponent(x) - 1) if exponent(x) < 255 else x
    if exponent(halved) == 255:
        y = multiply(y, halved, blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def _float_steps(steps):
    magnitude = -np.int64(steps) & 0xFFFFFFFF if steps & SIGN else np.int64(steps)
    return copy_sign(from_integer(magnitude), steps)


@compiled
def log1p(x, wide, blackhole):
    """log(1 + x)."""
    u = add(x, ONE, blackhole)
    if u & SIGN:
        return NAN if wide else round_bfloat16(NAN)
    if u >= INFINITY:
        return u if wide else round_bfloat16(u)
    steps = np.uint32((np.int64(u) - np.int64(_THREE_QUARTERS)) & 0xFF800000)
    m = np.uint32(x - steps)
    t = multiply_add(_MINUS_QUARTER, np.uint32(MINUS_FOUR - steps), MINUS_ONE, blackhole)
    m = add(m, t, blackhole)
    r = horner(m, _LOG, blackhole) if wide else horner(m, _LOG_NARROW, blackhole)
    r = multiply_add(r, multiply(m, m, blackhole), m, blackhole)
    y = multiply_add(_float_steps(steps), _LN2_PER_STEP, r, blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def _reduced(x, j, parts, blackhole):
    """x plus j times a constant in four parts."""
    for i in range(4):
        x = multiply_add(j, parts[i], x, blackhole)
    return x


@compiled
def sin(x, wide, blackhole):
    """Sine."""
    j = multiply_add(x, _PER_PI, ROUNDER, blackhole)
    odd = np.uint32(j << np.uint32(31))
    j = add(j, negate(ROUNDER), blackhole)
    return _sine(_reduced(x, j, _PI, blackhole), odd, wide, blackhole)


@compiled
def cos(x, wide, blackhole):
    """Cosine, as the sine of what exceeds the nearest odd multiple of pi / 2."""
    j = add(multiply_add(x, _PER_PI, HALF, blackhole), ROUNDER, blackhole)
    odd = np.uint32(j << np.uint32(31))
    j = multiply_add(add(j, negate(ROUNDER), blackhole), TWO, MINUS_ONE, blackhole)
    return _sine(_reduced(x, j, _HALF_PI, blackhole), odd, wide, blackhole)


@compiled
def _sine(a, sign, wide, blackhole):
    square = multiply(a, a, blackhole)
    a = np.uint32(a ^ sign)
    r = horner(square, _SINE, blackhole) if wide else horner(square, _SINE_NARROW, blackhole)
    r = multiply_add(r, multiply(a, square, blackhole), a, blackhole)
    return r if wide else round_bfloat16(r)


@compiled
def tan(x, wide, blackhole):
    """Tangent."""
    j = multiply_add(x, _PER_HALF_PI, ROUNDER, blackhole)
    inverted = np.int64(j) & 1
    a = _reduced(x, add(j, negate(ROUNDER), blackhole), _HALF_PI, blackhole)
    square = multiply(a, a, blackhole)
    if wide:
        t = multiply(horner(square, _TANGENT, blackhole), square, blackhole)
    else:
        t = multiply(horner(square, _TANGENT_NARROW, blackhole), square, blackhole)
    r = multiply_add(t, a, a, blackhole)
    if inverted:
        rest = multiply_add(t, a, multiply_add(MINUS_ONE, r, a, blackhole), blackhole)
        inverse = _negative_reciprocal(r, blackhole)
        if wide:
            error = multiply_add(r, inverse, ONE, blackhole)
            error = multiply_add(rest, inverse, error, blackhole)
            r = multiply_add(error, inverse, inverse, blackhole)
        else:
            r = inverse
    return r if wide else round_bfloat16(r)


@compiled
def _negative_reciprocal(x, blackhole):
    """-1/x with one Newton step, of a normal x."""
    if blackhole:
        y = estimate_reciprocal(x)
        error = multiply_add(negate(x), y, ONE, blackhole)
        return multiply_add(negate(y), error, negate(y), blackhole)
    normalized = np.uint32((x & FRACTION) | MINUS_ONE)
    scale = multiply(np.uint32(~x & (SIGN | INFINITY)), HALF, blackhole)
    y = horner(normalized, RECIPROCAL_SEED, blackhole)
    y = multiply_add(y, multiply_add(normalized, y, ONE, blackhole), y, blackhole)
    return multiply(y, scale, blackhole)


@compiled
def log_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(log(source[i], NATURAL, wide, p[1] != 0, blackhole), wide)


@compiled
def log2_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(log(source[i], BINARY, wide, p[1] != 0, blackhole), wide)


@compiled
def log10_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(log(source[i], DECIMAL, wide, p[1] != 0, blackhole), wide)


@compiled
def log1p_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(log1p(source[i], wide, blackhole), wide)


@compiled
def sin_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(sin(source[i], wide, blackhole), wide)


@compiled
def cos_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(cos(source[i], wide, blackhole), wide)


@compiled
def tan_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(tan(source[i], wide, blackhole), wide)
