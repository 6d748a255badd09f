"""Matrix products of float32 whose sums are rounded to bfloat16 after every 16 products.

The fast tier of a 16-bit Dst. Each sum of 16 is a chain of fused multiply-adds that begins at zero,
as libraries of matrix products have it; it is then added to what stood before, and that is rounded
as `rows.stored.away`.
"""

import functools
from collections.abc import Callable

import numpy as np
from numba.core import types
from numba.extending import intrinsic

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu.matmul_vectors import aligned
from lightning_v2.tensix.kernels.fpu.vectors import LANES, Vectors, features
from lightning_v2.tile import TILE

SLICE = 16
"""Products between two roundings."""
ROWS = 96
"""Rows of a task."""
AT_ONCE = 24
"""A multiple of the rows of every step."""

_SIGN, _EXPONENT, _UPPER = -0x80000000, 0x7F800000, -0x10000
_HALF = 0x8000


def is_possible() -> bool:
    """Whether the processor multiplies and adds float32 with one rounding, in vectors."""
    return "fma" in features()


def vectors_for(columns: int) -> int:
    """How many vectors of columns a step should have for a result of so many."""
    if "avx512f" not in features():
        return 1  # a vector takes two registers of sixteen
    return min(4, 1 << max(0, -(-columns // LANES) - 1).bit_length())


@functools.cache
def multiplier(vectors: int) -> Callable[..., None]:
    """The compiled loop for panels of 1, 2 or 4 vectors of columns."""
    rows = (AT_ONCE if "avx512f" in features() else 6) // vectors
    width = vectors * LANES
    form = (0,) * rows, (0,) * vectors

    def multiply(in0, in1, dst, phases, start, stop, first, last):
        """dst += in0 @ in1, of some of K by tile, phase and slice, for some tasks.

        Args:
            in0: (parts, rows, K) float32, rows a multiple of `AT_ONCE`, K of `SLICE`.
            in1: (parts, panels, K, width) float32.
            dst: (M, N) float32, M at most `rows`, changed in place.
            phases: (P, 2): which part of in0 meets which of in1.
            start, stop: of K.
            first, last: tasks; each is a panel and `ROWS` rows, those of a panel in a row.
        """
        blocks = (len(dst) + ROWS - 1) // ROWS
        flat0, flat1, depth = in0.reshape(-1), in1.reshape(-1), in0.shape[2]
        results = aligned(rows * width)
        for task in range(first, last):
            panel, block = task // blocks, task % blocks
            left = panel * width
            right = min(left + width, dst.shape[1])
            for top in range(block * ROWS, min((block + 1) * ROWS, len(dst)), rows):
                bottom = min(top + rows, len(dst))
                results[:] = np.float32(0)
                for m in range(top, bottom):
                    for n in range(left, right):
                        results[(m - top) * width + n - left] = dst[m, n]
                for tile in range(start, stop, TILE):
                    for phase in range(len(phases)):
                        row = (phases[phase, 0] * in0.shape[1] + top) * depth
                        column = (phases[phase, 1] * in1.shape[1] + panel) * depth
                        for k in range(tile, min(tile + TILE, stop), SLICE):
                            _add_slice(
                                results, flat0, row + k, depth, flat1, (column + k) * width, form
                            )
                for m in range(top, bottom):
                    for n in range(left, right):
                        dst[m, n] = results[(m - top) * width + n - left]

    return compiled(multiply)


@intrinsic
def _add_slice(context, results, in0, at0, depth, in1, at1, form):
    """results += one slice of in0 @ in1, rounded.

    results: float32, row by row. in0: of each row `SLICE` values from at0 on, `depth` from row to
    row. in1: `SLICE` rows from at1 on. form: two tuples of which only the lengths count: rows, and
    vectors of columns.
    """
    rows, vectors = (x.count for x in form)

    def generate(context, builder, signature, arguments):
        lanes = Vectors(builder)
        results, in0, at0, depth, in1, at1, _ = lanes.pointers(context, signature, arguments)
        places = [builder.add(at0, builder.mul(depth, depth.type(r))) for r in range(rows)]
        sums = [None] * rows
        for k in range(SLICE):
            columns = lanes.load(in1, at1, LANES * vectors * k, vectors)
            for r, place in enumerate(places):
                value = lanes.spread(in0, place, k)
                sums[r] = (
                    lanes.multiply(columns, value)
                    if sums[r] is None
                    else lanes.fused(columns, value, sums[r])
                )
        for r, total in enumerate(sums):
            at = LANES * vectors * r
            before = lanes.load(results, None, at, vectors)
            lanes.store(results, None, at, _rounded(lanes, lanes.add(before, total)))
        return context.get_dummy_value()

    return types.void(results, in0, at0, depth, in1, at1, form), generate


def _rounded(lanes: Vectors, x):
    pattern = lanes.ints(x)
    rounded = lanes.both(lanes.add(pattern, _HALF), _UPPER)
    infinite = lanes.either(lanes.both(pattern, _SIGN), _EXPONENT)
    rounded = lanes.where_unordered(x, infinite, rounded)
    exponent = lanes.both(rounded, _EXPONENT)
    return lanes.floats(lanes.where_equal(exponent, 0, 0, rounded))
