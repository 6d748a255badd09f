"""Element-wise operations of two operands as compiled loops: what they leave in Dst.

docs/numerics.md, section 7.1. A loop is `name(a, b, target, wide, blackhole)` over flat uint32
arrays of binary32 patterns; `wide`: Dst has 32 bits. Names with `matrix_` run on the matrix engine
(ELWADD, ELWMUL at HiFi4; docs/numerics.md, section 4.2), the others on the vector engine, in the
order of operations of the kernels of ttnn 0.81.1.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled, fused
from lightning_v2.tensix.kernels.fpu import lane_rules
from lightning_v2.tensix.kernels.patterns import INFINITY, MAGNITUDE, NAN, ONE, SIGN, ZERO
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    add,
    copy_sign,
    exponent,
    maximum,
    minimum,
    multiply,
    multiply_add,
    negate,
    round_bfloat16_even,
    set_exponent,
    stored,
)
from lightning_v2.tensix.kernels.sfpu.roots import reciprocal_normalized, reciprocal_steps

_ALL_ONES = np.uint32(0xFFFFFFFF)
_NOTHING, _TURNED = np.int32(0), np.int32(-0x80000000)  # what a sign is changed by


@fused
def matrix_sum(a, b, target, wide, blackhole):
    _add(a, b, target, _NOTHING, wide, blackhole)


@fused
def matrix_difference(a, b, target, wide, blackhole):
    _add(a, b, target, _TURNED, wide, blackhole)


@fused
def _add(a, b, target, turn, wide, blackhole):
    for i in range(target.size):
        other = lane_rules.differ(np.int32(b[i]), turn)
        target[i] = np.uint32(lane_rules.add(np.int32(a[i]), other, wide, not blackhole))


@fused
def matrix_product(a, b, target, wide, blackhole):
    operands = a.view(np.int32), b.view(np.int32), target.view(np.int32)
    lane_rules.multiply_row(*operands, 4, wide, not blackhole)


@compiled
def vector_sum(a, b, target, wide, blackhole):
    for i in range(target.size):
        target[i] = _rounded(add(a[i], b[i], blackhole), wide)


@compiled
def vector_difference(a, b, target, wide, blackhole):
    for i in range(target.size):
        target[i] = _rounded(add(a[i], negate(b[i]), blackhole), wide)


@compiled
def vector_product(a, b, target, wide, blackhole):
    for i in range(target.size):
        y = _rounded(multiply(a[i], b[i], blackhole), wide)
        target[i] = ZERO if not wide and (a[i] == 0 or b[i] == 0) else y


@compiled
def multiply_add_all(a, b, c, value, target, blackhole):
    """a + value * b * c in a 32-bit Dst, on the vector engine."""
    for i in range(target.size):
        scaled = multiply(value, b[i], blackhole)
        target[i] = stored(multiply_add(scaled, c[i], a[i], blackhole), True)


@compiled
def vector_quotient(a, b, target, wide, blackhole):
    before, inverse = ZERO, reciprocal_steps(ZERO, 2, blackhole)
    for i in range(target.size):
        if wide:
            target[i] = stored(_quotient(a[i], b[i], blackhole), wide)
            continue
        if b[i] != before:  # often all are divided by one number
            before, inverse = b[i], reciprocal_steps(b[i], 2, blackhole)
        y = multiply(a[i], inverse, blackhole)
        if b[i] == 0:
            y = NAN if a[i] == 0 else copy_sign(INFINITY, a[i])
        target[i] = _rounded(y, wide)


@compiled
def vector_minimum(a, b, target, wide, blackhole):
    for i in range(target.size):
        target[i] = stored(minimum(a[i], b[i]), wide)


@compiled
def vector_maximum(a, b, target, wide, blackhole):
    for i in range(target.size):
        target[i] = stored(maximum(a[i], b[i]), wide)


@compiled
def _rounded(x, wide):
    """A result in Dst; for 16 bits the kernels round to nearest even before the store."""
    return stored(x if wide else round_bfloat16_even(x), wide)


@compiled
def _quotient(a, b, blackhole):
    """a / b with 24 bits: significands divided with one correction, then the exponents."""
    ea, eb = exponent(a), exponent(b)
    if ea == 0 or ea == 255 or eb == 0 or eb == 255:
        return _quotient_of_extremes(a, b, blackhole)
    ma, mb = set_exponent(a, 127), set_exponent(b, 127)
    inverse = reciprocal_normalized(mb, blackhole)
    q = multiply(ma, inverse, blackhole)
    residual = multiply_add(q, negate(mb), ma, blackhole)
    q = multiply_add(residual, inverse, q, blackhole)
    e = ea - (eb - 127) + exponent(q)
    half = e >> 1
    return multiply(set_exponent(q, half), set_exponent(ONE, e - half), blackhole)


@compiled
def _quotient_of_extremes(a, b, blackhole):
    """a / b where an operand is zero, denormal, infinite or NaN."""
    nan = b & MAGNITUDE > INFINITY
    if blackhole:
        scale = np.uint32(~b & (SIGN | INFINITY))
        return multiply_add(negate(a), scale, _ALL_ONES if nan else ZERO, blackhole)
    if nan:
        return b
    return multiply(a, np.uint32((b & (SIGN | INFINITY)) ^ INFINITY), blackhole)
