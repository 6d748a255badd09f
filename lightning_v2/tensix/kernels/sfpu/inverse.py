"""Arc tangent of the vector engine on one lane.

docs/numerics.md, section 7.4; constants and the order of operations are those of the kernels of
ttnn 0.81.1. Arguments and results are np.uint32 patterns of binary32; `wide`: Dst has 32 bits.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    INFINITY,
    MAGNITUDE,
    MINUS_ONE,
    NAN,
    ONE,
    SIGN,
    ZERO,
    pattern,
    patterns,
)
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    add,
    copy_sign,
    exponent,
    horner,
    multiply,
    multiply_add,
    negate,
    round_bfloat16,
    stored,
)
from lightning_v2.tensix.kernels.sfpu.roots import (
    estimate_reciprocal,
    reciprocal_steps,
)

_HALF_PI = pattern(1.5707963705062866)

# From a magnitude of 2**26 on the result rounds to pi / 2.
_FLAT = 26
_SEED = np.uint32(0xFEF392E0)
_WIDE = patterns(
    *map(
        float.fromhex,
        (
            "0x1.01cp-8",
            "-0x1.4bcp-6",
            "0x1.93p-5",
            "-0x1.48cp-4",
            "0x1.bd4p-4",
            "-0x1.24p-3",
            "0x1.999384p-3",
            "-0x1.555552p-2",
        ),
    )
)
_NARROW = patterns(
    -4.4326744673659515380859375e-2,
    0.1555790007114410400390625,
    -0.325808584690093994140625,
    0.999787867069244384765625,
)


@compiled
def atan(x, wide, blackhole):
    """Arc tangent; beyond 1 pi / 2 less that of the reciprocal."""
    magnitude = x & MAGNITUDE
    if wide:
        return copy_sign(_atan_wide(magnitude, blackhole), x)
    if magnitude > INFINITY:
        return round_bfloat16(NAN)
    beyond = add(magnitude, MINUS_ONE, blackhole) < SIGN
    a = reciprocal_steps(magnitude, 2, blackhole) if beyond else magnitude
    y = multiply(horner(multiply(a, a, blackhole), _NARROW, blackhole), a, blackhole)
    if beyond:
        y = add(_HALF_PI, negate(y), blackhole)
    return round_bfloat16(copy_sign(y, x))


@compiled
def _atan_wide(magnitude, blackhole):
    a, power = magnitude, exponent(magnitude) - 127
    if power >= 0:
        # 0 of a number and of infinity, NaN of NaN.
        a = multiply(np.uint32(magnitude - np.uint32(1)), ZERO, blackhole)
        if power < _FLAT:
            a = _positive_reciprocal(magnitude, blackhole)
    square = multiply(a, a, blackhole)
    cube = multiply(square, a, blackhole)
    y = multiply_add(horner(square, _WIDE, blackhole), cube, a, blackhole)
    return add(_HALF_PI, negate(y), blackhole) if power >= 0 else y


@compiled
def _positive_reciprocal(x, blackhole):
    """1/x of a positive normal x."""
    if blackhole:
        y = estimate_reciprocal(x)
        for _ in range(2):
            y = multiply_add(y, multiply_add(negate(x), y, ONE, blackhole), y, blackhole)
        return y
    y = np.uint32(_SEED - x)  # of -1/x
    y = multiply_add(y, multiply_add(x, y, ONE, blackhole), y, blackhole)
    error = multiply_add(x, y, ONE, blackhole)
    series = multiply_add(error, error, error, blackhole)
    return multiply_add(negate(y), series, negate(y), blackhole)


@compiled
def atan_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(atan(source[i], wide, blackhole), wide)
