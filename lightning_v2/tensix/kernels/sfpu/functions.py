"""Every exact function of the vector engine as a compiled loop, called as ttnn calls it.

A loop is `name(source, target, wide, blackhole, p)`: source, target are flat uint32 arrays of
binary32 patterns as they stand in Dst, `wide` says whether Dst has 32 bits. p holds the patterns of
the parameters: p[0] is nonzero for the approximate variant, the others follow in the order of
`sfpu.EXACT`.
"""

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.sfpu import (
    activations,
    elementary,
    exponential,
    pieces,
    roots,
    units,
)
from lightning_v2.tensix.kernels.sfpu.arithmetic import absolute, negate, pattern, stored

_SIX = pattern(6)


@compiled
def exp(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(exponential.exp(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def exp2(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(exponential.exp2(source[i], wide, blackhole), wide)


@compiled
def expm1(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(exponential.expm1(source[i], wide, blackhole), wide)


@compiled
def elu(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(exponential.elu(source[i], p[1], wide, blackhole), wide)


@compiled
def celu(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(units.celu(source[i], p[1], p[2], wide, blackhole), wide)


@compiled
def selu(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(units.selu(source[i], p[1], p[2], wide, blackhole), wide)


@compiled
def mish(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(units.mish(source[i], wide, blackhole), wide)


@compiled
def hardsigmoid(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(units.hardsigmoid(source[i], blackhole), wide)


@compiled
def softsign(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(units.softsign(source[i], blackhole), wide)


@compiled
def log_sigmoid(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(units.log_sigmoid(source[i], wide, blackhole), wide)


@compiled
def softplus(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(exponential.softplus(source[i], p[1], p[3], p[2], wide, blackhole), wide)


@compiled
def sigmoid(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(activations.sigmoid(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def silu(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(activations.silu(source[i], wide, blackhole), wide)


@compiled
def tanh(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(activations.tanh(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def gelu(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(activations.gelu(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def gelu_tanh(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(activations.gelu_tanh(source[i], wide, blackhole), wide)


@compiled
def erf(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(activations.erf(source[i], wide, blackhole), wide)


@compiled
def reciprocal(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(roots.reciprocal(source[i], wide, p[0] != 0, blackhole), wide)


@compiled
def sqrt(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(roots.sqrt(source[i], wide, p[0] != 0, p[1] != 0, blackhole), wide)


@compiled
def rsqrt(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(roots.rsqrt(source[i], wide, p[0] != 0, p[1] != 0, blackhole), wide)


@compiled
def log(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(
            elementary.log(source[i], elementary.NATURAL, wide, p[1] != 0, blackhole), wide
        )


@compiled
def log2(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(
            elementary.log(source[i], elementary.BINARY, wide, p[1] != 0, blackhole), wide
        )


@compiled
def log10(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(
            elementary.log(source[i], elementary.DECIMAL, wide, p[1] != 0, blackhole), wide
        )


@compiled
def log1p(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(elementary.log1p(source[i], wide, blackhole), wide)


@compiled
def sin(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(elementary.sin(source[i], wide, blackhole), wide)


@compiled
def cos(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(elementary.cos(source[i], wide, blackhole), wide)


@compiled
def tan(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(elementary.tan(source[i], wide, blackhole), wide)


@compiled
def relu(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.relu(source[i]), wide)


@compiled
def relu6(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.relu_max(source[i], _SIX, blackhole), wide)


@compiled
def leaky_relu(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.leaky_relu(source[i], p[1], blackhole), wide)


@compiled
def clamp(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.clamp(source[i], p[1], p[2]), wide)


@compiled
def abs(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(absolute(source[i]), wide)


@compiled
def neg(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(negate(source[i]), wide)


@compiled
def pow(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.pow(source[i], p[1], blackhole), wide)


@compiled
def square(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.square(source[i], wide, blackhole), wide)


@compiled
def sign(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.sign(source[i]), wide)


@compiled
def floor(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.floor(source[i], blackhole), wide)


@compiled
def ceil(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.ceil(source[i], blackhole), wide)


@compiled
def trunc(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.trunc(source[i]), wide)


@compiled
def round(source, target, wide, blackhole, p):
    for i in range(source.size):
        target[i] = stored(pieces.round_even(source[i], blackhole), wide)
