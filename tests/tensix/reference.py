"""The matrix engine in exact rational arithmetic: slow, and written apart from the library.

Values are `Fraction`s; a register operand or Dst value is a binary32 pattern. docs/numerics.md,
sections 3 to 6, with every rounding spelled out on numbers in place of bits.
"""

from fractions import Fraction
from math import floor

import numpy as np

HALF = Fraction(1, 2)
PHASES = {"LoFi": 1, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}


def fields(pattern):
    return pattern >> 31, (pattern >> 23) & 255, pattern & 0x7FFFFF


def power(exponent):
    return Fraction(2) ** exponent


def nearest(value, grid, ties):
    """value to a multiple of grid; ties "away" from zero or "up" toward +infinity."""
    if ties == "up" or value >= 0:
        return floor(value / grid + HALF) * grid
    return -floor(-value / grid + HALF) * grid


def bits_of(x):
    return [int(b) for b in np.ascontiguousarray(x, np.float32).reshape(-1).view(np.uint32)]


def cut(pattern, wide):
    """What a register keeps of a float32: TF32 with a 32-bit Dst, bfloat16 with a 16-bit one."""
    return pattern & (0xFFFFE000 if wide else 0xFFFF0000)


def part(pattern, operand, low):
    """The slice of an 11-bit significand that one phase multiplies, as an integer."""
    significand = ((pattern & 0x7FFFFF) | 0x800000) >> 13
    if operand == "a":
        return (significand // 2) % 32 if low else significand // 64
    return significand % 16 * 8 if low else significand // 16


def term(a, b, phase):
    """Exponent field and value of one product; (0, 0) if an operand counts as zero."""
    (sign_a, e_a, _), (sign_b, e_b, _) = fields(a), fields(b)
    if not e_a or not e_b:
        return 0, Fraction(0)
    exponent = e_a + e_b - 127 - 5 * (phase & 1) - 7 * (phase >> 1)
    size = part(a, "a", phase & 1) * part(b, "b", phase >> 1)
    return exponent, (-1) ** (sign_a ^ sign_b) * size * power(exponent - 127 - 10)


def group_sum(pairs, phase):
    """Exponent and value of up to 8 products, aligned to the largest of them."""
    terms = [term(a, b, phase) for a, b in pairs]
    top = max(exponent for exponent, _ in terms)
    if top <= 0:
        return 0, Fraction(0)
    grid = power(top - 127 - 10)
    return top, sum(nearest(value, grid, "away") for _, value in terms)


def accumulate(sums, dst, wide, defect):
    """Pattern of Dst after it took in sums, a list of (exponent, value)."""
    sign, e_dst, fraction = fields(dst)
    top = max(e_dst, *(exponent for exponent, _ in sums))
    if top <= 0:
        return 0
    unit = power(top - 127 - 23)
    old = (-1) ** sign * (fraction + 0x800000) * power(e_dst - 127 - 23) if e_dst else Fraction(0)
    values = [(value, "up") for _, value in sums] + [(old, "away")]
    rounded = [nearest(value, unit, ties) for value, ties in values]
    if not wide:
        ties = [ties for _, ties in values]
        rounded = [nearest(v, unit * 2**13, t) for v, t in zip(rounded, ties, strict=True)]
    total = sum(rounded)
    if defect and wide and total == -unit:
        return pattern_of(-power(top + 4 - 127), 24)
    return pattern_of(total, 24 if wide else 8)


def pattern_of(value, significand_bits):
    """The pattern of a number rounded half away; no denormals, -0 or finite overflow."""
    if value == 0:
        return 0
    exponent = 0
    while abs(value) >= power(exponent + 1):
        exponent += 1
    while abs(value) < power(exponent):
        exponent -= 1
    value = nearest(value, power(exponent - significand_bits + 1), "away")
    if abs(value) == power(exponent + 1):
        exponent += 1
    sign = 0x80000000 if value < 0 else 0
    if exponent + 127 <= 0:
        return 0
    if exponent + 127 >= 255:
        return sign | 0x7F800000
    return sign | (exponent + 127) << 23 | int(abs(value) / power(exponent - 23)) - 0x800000


def dot(in0, in1, dst, fidelity, wide, defect=True):
    """Dst after one row of in0 met one column of in1 (lists of patterns): tile, phase, half."""
    length = -(-len(in0) // 32) * 32
    pairs = [(cut(a, wide), cut(b, wide)) for b, a in zip(in0, in1, strict=True)]
    pairs += [(0, 0)] * (length - len(pairs))
    for tile in range(0, length, 32):
        for phase in range(PHASES[fidelity]):
            for k in (tile, tile + 16):
                sums = [group_sum(pairs[k + g : k + g + 8], phase) for g in (0, 8)]
                dst = accumulate(sums, dst, wide, defect)
    return dst


def multiply_add(a, b, dst, phase, wide, defect=True):
    """ELWMUL."""
    exponent, value = term(a, b, phase)
    return accumulate(
        [(max(exponent, 0), value if exponent > 0 else Fraction(0))], dst, wide, defect
    )


def add(a, b, wide, defect=True):
    """ELWADD into a fresh Dst: the smaller operand is rounded to the grid of the larger one."""
    a, b = (x if fields(x)[1] else 0 for x in (a, b))
    if (a & 0x7FFFFFFF) < (b & 0x7FFFFFFF):
        a, b = b, a
    exponent = fields(a)[1]
    grid = power(exponent - 127 - 10)

    def number(pattern):
        sign, e, fraction = fields(pattern)
        size = ((fraction | 0x800000) >> 13) * power(e - 127 - 10) if e else Fraction(0)
        return -size if sign else size

    small = nearest(number(b), grid, "away") if exponent - fields(b)[1] < 12 else Fraction(0)
    return accumulate([(exponent, number(a) + small)], 0, wide, defect)


def matrix(in0, in1, fidelity, wide, defect=True):
    """Dst patterns (M, N) in uint32 of float32 arrays (M, K) @ (K, N), all of K in one run."""
    rows = [bits_of(row) for row in in0]
    columns = [bits_of(column) for column in np.asarray(in1).T]
    return np.array(
        [[dot(r, c, 0, fidelity, wide, defect) for c in columns] for r in rows], np.uint32
    ).reshape(len(rows), len(columns))
