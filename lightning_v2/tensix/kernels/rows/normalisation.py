"""Layer and root-mean-square normalisation of rows, compiled by numba.

docs/numerics.md, section 7.2. Every intermediate result is stored in memory, as float32 with a
32-bit Dst and as bfloat16 with a 16-bit one, and read back into an 11- or 8-bit register. Sums
along a row are matrix products; what comes before, between and after them is here.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled, fused
from lightning_v2.tensix.kernels.fpu.fpu import add, packed
from lightning_v2.tensix.kernels.fpu.lane_rules import add as add_lane
from lightning_v2.tensix.kernels.fpu.lane_rules import multiply_row
from lightning_v2.tensix.kernels.fpu.lanes import both, differ
from lightning_v2.tensix.kernels.sfpu.arithmetic import multiply
from lightning_v2.tensix.kernels.sfpu.roots import rsqrt

_SIGN = np.int32(-0x80000000)
_TF32, _BFLOAT16 = np.int32(-0x2000), np.int32(-0x10000)  # what a register keeps of a pattern


@compiled
def means(sums, inverse, wide, blackhole):
    """Sums (R,) of rows, uint32 patterns, times 1/N (`inverse`) as stored: in place."""
    for r in range(len(sums)):
        # On the vector engine, whose store cuts.
        mean = np.int64(multiply(sums[r], inverse, blackhole))
        sums[r] = np.uint32(mean if wide else packed(mean & 0xFFFF0000, False))


@fused
def centre(source, means, rows, squares, beside, phases, wide, blackhole, first, last):
    """Rows `first` to `last` less their means, and the squares of that.

    source, rows: (R, N) patterns in int32. means: (R,), or (0,) to leave them as they are.
    squares: (R, M), of the first M values of a row. beside: bits that the register of the mean
    keeps.
    """
    cut, defect, count = _TF32 if wide else _BFLOAT16, not blackhole, squares.shape[1]
    for r in range(first, last):
        row = rows[r]
        if len(means):
            mean = differ(both(means[r], beside), _SIGN)
            for i in range(len(row)):
                row[i] = both(add_lane(both(source[r, i], cut), mean, wide, defect), cut)
        else:
            for i in range(len(row)):
                row[i] = both(source[r, i], cut)
        multiply_row(row[:count], row[:count], squares[r], phases, wide, defect)


@fused
def scale(
    rows, variances, weight, bias, epsilon, kept, phases, wide, approximate, blackhole, first, last
):
    """Rows `first` to `last` over the roots of their variances, then weight and bias: in place.

    Args:
        rows: (R, N) patterns in int32; Dst patterns at the end. variances: (R,).
        weight, bias: (N,) patterns in int32, or (0,) for none.
        epsilon: pattern, a bfloat16. kept: bits that the register of the factor keeps.
        phases: 1 (LoFi) to 4 (HiFi4). wide: Dst has 32 bits.
        approximate: the 10-bit reciprocal square root.
    """
    cut, defect = _TF32 if wide else _BFLOAT16, not blackhole
    factors = np.empty(rows.shape[1], np.int32)
    values = np.empty(rows.shape[1], np.int32)
    for r in range(first, last):
        row = rows[r]
        factors[:] = both(_factor(variances[r], cut, epsilon, wide, approximate, blackhole), kept)
        multiply_row(row, factors, values, phases, wide, defect)
        if len(weight):
            for i in range(len(row)):
                values[i], factors[i] = both(values[i], cut), both(weight[i], cut)
            multiply_row(values, factors, row, phases, wide, defect)
        else:
            row[:] = values
        if len(bias):
            for i in range(len(row)):
                row[i] = add_lane(both(row[i], cut), both(bias[i], cut), wide, defect)


@compiled
def _factor(variance, cut, epsilon, wide, approximate, blackhole):
    """1 / sqrt(variance + epsilon) as stored."""
    total = add(np.int64(variance & cut) & 0xFFFFFFFF, np.int64(epsilon), 0, wide, not blackhole)
    root = np.int64(rsqrt(np.uint32(total), wide, approximate, True, blackhole))
    return np.int32(root if wide else packed(root, False))
