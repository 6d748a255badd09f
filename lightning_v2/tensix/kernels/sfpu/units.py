"""Linear units and gates of the vector engine on one lane: selu, mish, hardsigmoid and relatives.

docs/numerics.md, section 7.4; constants and the order of operations are those of the kernels of
ttnn 0.81.1. Arguments and results are np.uint32 patterns of binary32; `wide`: Dst has 32 bits.
"""

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import (
    FOUR,
    HALF,
    MINUS_FOUR,
    MINUS_TWO,
    ONE,
    SIGN,
    TWO,
    patterns,
)
from lightning_v2.tensix.kernels.sfpu.arithmetic import (
    absolute,
    add,
    horner,
    less,
    multiply,
    multiply_add,
    negate,
    round_bfloat16,
    stored,
)
from lightning_v2.tensix.kernels.sfpu.exponential import exp, exp_compound, expm1_reduced
from lightning_v2.tensix.kernels.sfpu.pieces import relu_max
from lightning_v2.tensix.kernels.sfpu.roots import reciprocal_steps

_EIGHT, _SIXTH = patterns(8, 0.1666666716337204)

# softplus between -4 and 4, highest power first.
_LOG_SIGMOID = patterns(
    7.4961114648886e-08,
    7.1853546614875086e-06,
    5.3185409342404455e-05,
    -0.00028794066747650504,
    -0.00330807245336473,
    0.0031102809589356184,
    0.12142381817102432,
    0.49275708198547363,
    0.6924354434013367,
)


@compiled
def hardsigmoid(x, blackhole):
    """x / 6 + 1/2 between 0 and 1; a 16-bit Dst truncates it."""
    return relu_max(multiply_add(x, _SIXTH, HALF, blackhole), ONE, blackhole)


@compiled
def softsign(x, blackhole):
    """x / (1 + |x|); a 16-bit Dst truncates it."""
    return multiply(x, reciprocal_steps(add(absolute(x), ONE, blackhole), 2, blackhole), blackhole)


@compiled
def celu(x, alpha, per_alpha, wide, blackhole):
    """x, or alpha * (e**(x / alpha) - 1) below zero."""
    y = expm1_reduced(multiply(per_alpha, x, blackhole), wide, blackhole)
    y = multiply(alpha, y, blackhole) if x & SIGN else x
    return y if wide else round_bfloat16(y)


@compiled
def selu(x, scale, alpha, wide, blackhole):
    """scale * x, or scale * alpha * (e**x - 1) below zero."""
    if x & SIGN:
        factor = multiply(scale, alpha, blackhole)
        y = multiply(factor, expm1_reduced(x, wide, blackhole), blackhole)
    else:
        y = multiply(scale, x, blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def mish(x, wide, blackhole):
    """x * tanh(softplus(x)) as x u (u + 2) / ((u + 1)**2 + 1), u = e**x; x itself from 8 on.

    A 16-bit Dst rounds u to bfloat16.
    """
    y = x
    if less(x, _EIGHT, blackhole):
        u = exp_compound(x, wide, blackhole)
        u = u if wide else round_bfloat16(u)
        above = add(u, ONE, blackhole)
        denominator = multiply_add(above, above, ONE, blackhole)
        inverse = reciprocal_steps(denominator, 2 if wide else 1, blackhole)
        if blackhole and not x & SIGN:
            part = multiply_add(MINUS_TWO, inverse, ONE, blackhole)
        else:
            numerator = multiply(u, add(u, TWO, blackhole), blackhole)
            part = multiply(numerator, inverse, blackhole)
        y = multiply(x, part, blackhole)
    return y if wide else round_bfloat16(y)


@compiled
def log_sigmoid(x, wide, blackhole):
    """-softplus(-x): x up to -4, a polynomial, above 4 the approximate -e**-x.

    A 16-bit Dst truncates it, and the exponential before.
    """
    n = negate(x)
    if less(n, MINUS_FOUR, blackhole):
        return negate(stored(exp(n, wide, True, blackhole), wide))
    return negate(horner(n, _LOG_SIGMOID, blackhole)) if less(n, FOUR, blackhole) else x


@compiled
def celu_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(celu(source[i], p[1], p[2], wide, blackhole), wide)


@compiled
def selu_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(selu(source[i], p[1], p[2], wide, blackhole), wide)


@compiled
def mish_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(mish(source[i], wide, blackhole), wide)


@compiled
def hardsigmoid_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(hardsigmoid(source[i], blackhole), wide)


@compiled
def softsign_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(softsign(source[i], blackhole), wide)


@compiled
def log_sigmoid_loop(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(log_sigmoid(source[i], wide, blackhole), wide)
