"""Steps of `matmul_vectors`: one tile of K for 64 results at once, written as vectors.

docs/numerics.md, sections 3 and 4, in float32. Operands come scaled by powers of two, so that
nothing leaves the range of float32, and low parts are scaled as if they were high ones: the groups
of all phases then have the same exponents, and Dst changes its scale from phase to phase.

A sum of two exponents is a byte with a sign. Byte + 128 is the exponent of a number start =
1.5 * 2**(E + 13), to which the products of a group are added: there one unit in the last place is
2**(E - 10), so that adding is aligning, as in `matmul`. What follows works on numbers that float32
and int32 hold exactly, up to the last rounding.
"""

from numba.core import types
from numba.extending import intrinsic

from lightning_v2.tensix.kernels.fpu.vectors import LANES, Value, Vectors

VECTORS = 4
"""Vectors of a step: of one row and 64 columns, of 2 rows and 32, or of 4 and 16."""
RESULTS = VECTORS * LANES
ABOVE = 13
"""Binades from the exponent of a group to that of the number on which it is aligned."""
STICKY = 1 + 2.0**-12
"""A 16-bit Dst is held so much too large: ties of its 8 bits go away from zero."""

_GROUP, _HALF = 8, 16
_SIGN, _EXPONENT, _HIGH_HALF = -0x80000000, 0x7F800000, -0x10000
_BYTE_SIGN, _HALF_AGAIN = 0x40000000, 0x00400000  # a byte's sign as an exponent; the .5 of 1.5
_BELOW_HALF = 0x3EFFFFFF  # the pattern of the largest float32 below .5
_INTEGERS = 1.5 * 2.0**23  # one unit in the last place of it is 1
_UNIT = 23  # binades from a group's exponent to one unit of a 32-bit Dst
_NARROW_UNIT = 10  # of a 16-bit one
_BIAS = 127


@intrinsic
def find_starts(context, starts, tops, exponents0, at0, exponents1, at1):
    """What the four groups of a tile are added to, and the larger exponent of each two of them.

    starts: (4 * 64,) float32 to fill. tops: (2 * 64,) int32 to fill, patterns of powers of two.
    exponents0: int32, for each k from at0 on a word of four bytes, one a vector. exponents1: int32,
    for each k from at1 on 16 words: byte j of word i is that of lane i of vector j.
    """

    def generate(context, builder, signature, arguments):
        lanes = Vectors(builder)
        starts, tops, exponents0, at0, exponents1, at1 = lanes.pointers(
            context, signature, arguments
        )
        for half in range(2):
            both = []
            for group in (2 * half, 2 * half + 1):
                sums = []
                for k in range(_GROUP * group, _GROUP * (group + 1)):
                    row = lanes.bytes_of(lanes.spread(exponents0, at0, k))
                    columns = lanes.bytes_of(lanes.load(exponents1, at1, LANES * k))
                    sums.append(lanes.add(columns, row))
                while len(sums) > 1:
                    pairs = zip(sums[::2], sums[1::2], strict=True)
                    sums = [lanes.larger(a, b) for a, b in pairs]
                both += sums
                found = _exponents(lanes, sums[0], _BYTE_SIGN | _HALF_AGAIN)
                lanes.store(starts, None, RESULTS * group, found)
            top = lanes.add(lanes.larger(*both), -ABOVE)
            lanes.store(tops, None, RESULTS * half, _exponents(lanes, top, _BYTE_SIGN))
        return context.get_dummy_value()

    return types.void(starts, tops, exponents0, at0, exponents1, at1), generate


@intrinsic
def add_phase(
    context, results, at, starts, tops, parts0, at0, depth, parts1, at1, ratio, wrong, form
):
    """Adds the products of one tile in one phase to Dst, then multiplies that by `ratio`.

    results: (64,) float32 from `at` on. parts0: float32, for each of the rows `depth` values, from
    at0 on. parts1: float32, for each k from at1 on 64 / rows columns. wrong: int32, which sum, in
    units of a 32-bit Dst, that gets wrong. form: two tuples of which only the lengths count, so
    that they are part of a type: how many rows, and whether Dst is wide.
    """
    rows, wide = (x.count for x in form)

    def generate(context, builder, signature, arguments):
        lanes = Vectors(builder)
        results, at, starts, tops, parts0, at0, depth, parts1, at1, ratio, wrong, _ = (
            lanes.pointers(context, signature, arguments)
        )
        each = VECTORS // rows
        dst = lanes.load(results, at, 0, VECTORS)
        for half in range(2):
            begins = [lanes.load(starts, None, RESULTS * (2 * half + i), VECTORS) for i in range(2)]
            totals = list(begins)
            for i in range(_GROUP):
                for group in range(2):
                    k = _HALF * half + _GROUP * group + i
                    row = []
                    for r in range(rows):
                        place = builder.add(at0, builder.mul(depth, depth.type(r)))
                        row += lanes.spread(parts0, place, k) * each
                    columns = lanes.load(parts1, at1, LANES * each * k, each)
                    totals[group] = lanes.fused(columns * rows, row, totals[group])
            sums = [lanes.sub(a, b) for a, b in zip(totals, begins, strict=True)]
            top = lanes.load(tops, None, RESULTS * half, VECTORS)
            top = lanes.larger(top, lanes.both(lanes.ints(dst), _EXPONENT))
            if wide:
                dst = _into_wide(lanes, dst, sums, top, [lanes.same(wrong)])
            else:
                dst = _into_narrow(lanes, dst, sums, top)
        lanes.store(results, at, 0, lanes.multiply(dst, [lanes.same(ratio)]))
        return context.get_dummy_value()

    arguments = (results, at, starts, tops, parts0, at0, depth, parts1, at1, ratio, wrong, form)
    return types.void(*arguments), generate


def _exponents(lanes: Vectors, words: Value, turned: int) -> Value:
    """Byte j of each word as the exponents of vector j, with the bits `turned` the other way."""
    (word,) = lanes.ints(words)
    moved = [lanes.shift([word], 23 - 8 * j)[0] for j in range(VECTORS)]
    return lanes.differ(lanes.both(moved, _EXPONENT), turned)


def _into_wide(lanes: Vectors, dst: Value, sums: list[Value], top: Value, wrong: Value) -> Value:
    """Dst of 32 bits plus two sums (docs/numerics.md, section 4.2); top: pattern of 2**E."""
    scale = lanes.floats(lanes.sub((2 * _BIAS + _UNIT) << 23, top))
    total = [lanes.floors(lanes.fused(x, scale, 0.5)) for x in sums]
    sign = lanes.both(lanes.ints(dst), _SIGN)
    kept = lanes.fused(dst, scale, lanes.floats(lanes.either(sign, _BELOW_HALF)))
    total = lanes.add(lanes.add(*total), lanes.cut_to_ints(kept))
    size = lanes.where_equal(total, wrong, 1 << (_UNIT + 4), lanes.size(total))
    back = lanes.floats(lanes.sub(top, _UNIT << 23))
    result = lanes.ints(lanes.multiply(lanes.numbers(size), back))
    return lanes.floats(lanes.either(result, lanes.both(total, _SIGN)))


def _into_narrow(lanes: Vectors, dst: Value, sums: list[Value], top: Value) -> Value:
    """The same for 16 bits. Dst and result are `STICKY` times too large."""
    scale = lanes.floats(lanes.sub((2 * _BIAS + _NARROW_UNIT) << 23, top))
    total = lanes.fused(dst, scale, _INTEGERS)
    for x in sums:
        # Rounding to units of 2**-23 before those of 2**-10 lifts what is that near a tie.
        total = lanes.add_floors(total, lanes.fused(x, scale, 0.5 + 2.0**-14))
    total = lanes.ints(lanes.sub(total, _INTEGERS))
    rounded = lanes.floats(lanes.both(lanes.add(total, 0x8000), _HIGH_HALF))
    back = lanes.sub(top, (_NARROW_UNIT << 23) - 0x800)  # the bit is that of STICKY
    return lanes.multiply(rounded, lanes.floats(back))
