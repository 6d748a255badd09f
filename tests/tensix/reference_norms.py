"""Reductions, normalisations and softmax of one row, step by step on patterns; Wormhole.

Slow, and written apart from the library's kernels: on the rational matrix engine of `reference` and
the whole-number multiply-add of `reference_sfpu`. docs/numerics.md, section 7.2.
"""

import numpy as np

from tests.tensix.reference import PHASES, accumulate, add, cut, dot, group_sum, multiply_add
from tests.tensix.reference_sfpu import multiply_add as mad

SIGN, INFINITY, ONE = 0x80000000, 0x7F800000, 0x3F800000


def bits(x):
    return int(np.float32(x).view(np.uint32))


def number(pattern):
    return float(np.uint32(pattern).view(np.float32))


def vector(x, y, z=0):
    """x * y + z on the vector engine."""
    return mad(x, y, z, False)


def negative(x):
    return x ^ SIGN


def product(a, b, fidelity, wide):
    dst = 0
    for phase in range(PHASES[fidelity]):
        dst = multiply_add(a, b, dst, phase, wide)
    return dst


def row_sum(row, fidelity, wide, scaler=1.0):
    """Dst of scaler * sum(row); the scaler is cut to bfloat16."""
    return dot(row, [bits(scaler) & 0xFFFF0000] * len(row), 0, fidelity, wide)


def column_sum(column, fidelity, wide, scaler=1.0):
    """As `row_sum`, but data in the other register, and faces of 16 before phases."""
    scaler, dst = bits(scaler) & 0xFFFF0000, 0
    column = [cut(x, wide) for x in column] + [0] * (-len(column) % 16)
    for face in range(0, len(column), 16):
        for phase in range(PHASES[fidelity]):
            sums = []
            for start in (face, face + 8):
                pairs = [(x, scaler) for x in column[start : start + 8]]
                sums.append(group_sum(pairs, phase))
            dst = accumulate(sums, dst, wide, True)
    return dst


def to_bfloat16(dst):
    """A float32 Dst value packed: nearest, ties away; denormals become zero."""
    kept = (dst + 0x8000) & 0xFFFF0000
    return kept if kept & INFINITY else 0


def narrowed(pattern):
    """A value of the vector engine stored in a 16-bit Dst: cut off."""
    kept = pattern & 0xFFFF0000
    return kept if kept & INFINITY else 0


def mean(row, fidelity, wide):
    result = vector(row_sum(row, fidelity, wide), bits(np.float32(1) / np.float32(len(row))))
    return result if wide else narrowed(result)


def rsqrt(x, wide, approximate):
    if x in (0, INFINITY):
        return INFINITY - x
    if approximate:
        y = 0x5F0B3892 - (x >> 1)
        y = vector(y, vector(negative(y), vector(x, y), bits(1.89099014875)))
    else:
        y = 0x5F1110A0 - (x >> 1)
        c = vector(negative(y), vector(x, y))
        y = vector(y, vector(c, vector(bits(2.2533049), ONE, c), bits(2.2825186)))
        rest = vector(negative(y), vector(x, y), ONE)
        y = vector(rest, y - (1 << 23), y)
    return y if wide else to_bfloat16(y)


def reciprocal(x, wide):
    fraction = x & 0x7FFFFF | bits(-1)
    seed = (0.3232325017452239990234375, 1.4545459747314453125, 2.121212482452392578125)
    if not wide:
        seed = (0.32133400440216064453125, 1.4514148235321044921875, 2.1200883388519287109375)
    y = vector(vector(bits(seed[0]), fraction, bits(seed[1])), fraction, bits(seed[2]))
    for _ in range(2 if wide else 1):
        y = vector(y, vector(fraction, y, ONE), y)
    y = y if wide else to_bfloat16(y)
    return vector(y, vector(~x & INFINITY, bits(0.5)))


def exp_approximate(x):
    lowest = bits(-88.5)
    clamped = lowest if number(x) < -88.5 else x
    y = number(vector(clamped, bits(369.329925537109375), bits(32500.818359375)))
    return min(max(int(y + 0.5), 0), 65535) << 15


def exp_narrow(x):
    """Eight bits: 2**fraction by a quadratic."""
    logarithm = min(max(number(vector(x, bits(1.4426950216293334961), bits(127))), 0.0), 255.0)
    fixed = int(logarithm * 2**23)
    fraction = bits(fixed & 0x7FFFFF)
    y = vector(fraction, bits(4.791750143340323e-15), bits(7.839635491371155e-08))
    y = vector(fraction, y, bits(1.001953125))
    return to_bfloat16(y & 0x807FFFFF | fixed & INFINITY)


def normalised(row, weight, bias, epsilon, *, centred, fidelity, wide, approximate):
    """Dst of a layer norm (centred) or a root-mean-square norm; weight and bias may be None."""
    row = [cut(x, wide) for x in row]
    if centred:
        middle = negative(cut(mean(row, fidelity, wide), wide))
        row = [cut(add(x, middle, wide), wide) for x in row]
    squares = [product(x, x, fidelity, wide) for x in row]
    variance = cut(mean(squares, fidelity, wide), wide)
    scale = rsqrt(add(variance, bits(epsilon) & 0xFFFF0000, wide), wide, approximate)
    row = [product(x, cut(scale, wide), fidelity, wide) for x in row]
    if weight is not None:
        pairs = zip(row, weight, strict=True)
        row = [product(cut(x, wide), cut(w, wide), fidelity, wide) for x, w in pairs]
    if bias is not None:
        row = [add(cut(x, wide), cut(b, wide), wide) for x, b in zip(row, bias, strict=True)]
    return row


def softmax(row, *, stable, fidelity, wide):
    """Dst of a softmax of bfloat16: with a 32-bit Dst the approximate exp, else the accurate one.

    Exponentials are stored as bfloat16.
    """
    row = [cut(x, wide) for x in row]
    if stable:
        top = negative(bits(max(number(x) for x in row)))
        row = [add(x, top, wide) for x in row]
    row = [to_bfloat16(exp_approximate(x)) if wide else exp_narrow(x) for x in row]
    scale = cut(reciprocal(row_sum(row, fidelity, wide), wide), wide)
    return [product(x, scale, fidelity, wide) for x in row]


def sum_float32(row, down):
    """Sum of up to 32 float32 in a row or column, in the order of the vector engine."""
    row = row + [0] * (32 - len(row))

    def plus(a, b):
        return vector(a, ONE, b)

    if down:
        lanes = []
        for i in range(4):
            faces = [row[i : i + 16 : 4], row[i + 16 :: 4]]
            a, b = (plus(f[0], plus(f[1], plus(f[2], f[3]))) for f in faces)
            lanes.append(plus(a, b))
        return plus(plus(lanes[0], lanes[1]), plus(lanes[2], lanes[3]))
    quads = zip(row[0:16:2], row[1:16:2], row[16::2], row[17::2], strict=True)
    lanes = [plus(a, plus(b, plus(c, d))) for a, b, c, d in quads]
    for half in (4, 2, 1):
        lanes = [plus(a, b) for a, b in zip(lanes[:half], lanes[half:], strict=True)]
    return lanes[0]
