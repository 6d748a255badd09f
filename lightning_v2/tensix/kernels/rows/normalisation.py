"""Layer and root-mean-square normalisation of rows, compiled by numba.

docs/numerics.md, section 7.2. Every intermediate result is stored in memory, as float32 with a
32-bit Dst and as bfloat16 with a 16-bit one, and read back into an 11- or 8-bit register.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu.fpu import SIGN, add, multiply_phases, packed
from lightning_v2.tensix.kernels.fpu.reduction import sum_row
from lightning_v2.tensix.kernels.sfpu.arithmetic import multiply
from lightning_v2.tensix.kernels.sfpu.roots import rsqrt

_ONE = 0x3F800000


@compiled
def normalise(
    source,
    target,
    weight,
    bias,
    count,
    epsilon,
    centred,
    phases,
    wide,
    approximate,
    narrow_source,
    cut_srcb,
    blackhole,
    first,
    last,
):
    """Dst patterns of the normalised rows `first` to `last`.

    Args:
        source, target: (R, N) uint32 patterns.
        weight, bias: (N,) uint32 patterns, or (0,) for none.
        count: values of a row; what follows them is padding, which comes out as the chip leaves it.
        epsilon: pattern, a bfloat16.
        centred: the mean is subtracted: layer norm; otherwise root mean square.
        phases: 1 (LoFi) to 4 (HiFi4). wide: Dst has 32 bits.
        approximate: the 10-bit reciprocal square root.
        narrow_source: source is no float32. cut_srcb: TF32 in SrcB loses 3 bits beside bfloat16 in
            SrcA, as source may be, and the factor of the sums is.
    """
    columns = source.shape[1]
    cut = np.int64(0xFFFFE000 if wide else 0xFFFF0000)
    cut_summed = np.int64(0xFFFF0000) if cut_srcb else cut
    cut_beside = np.int64(0xFFFF0000) if cut_srcb and narrow_source else cut
    inverse = np.float32(np.float32(1) / np.float32(count)).view(np.uint32)
    defect = not blackhole
    row = np.empty(columns, np.int64)
    squares = np.empty(count, np.int64)
    for r in range(first, last):
        for i in range(columns):
            row[i] = np.int64(source[r, i]) & cut
        if centred:
            mean = _mean(row[:count], inverse, cut_summed, phases, wide, blackhole) & cut_beside
            for i in range(columns):
                row[i] = add(row[i], mean ^ SIGN, 0, wide, defect) & cut
        for i in range(count):
            squares[i] = multiply_phases(row[i], row[i], phases, wide, defect)
        variance = _mean(squares, inverse, cut_summed, phases, wide, blackhole) & cut
        variance = add(variance, np.int64(epsilon), 0, wide, defect)
        scale = np.int64(rsqrt(np.uint32(variance), wide, approximate, True, blackhole))
        scale = (scale if wide else packed(scale, False)) & (cut if centred else cut_beside)
        for i in range(columns):
            value = multiply_phases(row[i], scale, phases, wide, defect)
            if len(weight):
                factor = np.int64(weight[i]) & cut
                value = multiply_phases(value & cut, factor, phases, wide, defect)
            if len(bias):
                value = add(value & cut, np.int64(bias[i]) & cut, 0, wide, defect)
            target[r, i] = np.uint32(value)


@compiled
def _mean(values, inverse, cut, phases, wide, blackhole):
    """The mean as stored: the row's sum times 1/N on the vector engine, whose store cuts."""
    total = np.uint32(sum_row(values, _ONE, cut, phases, wide, not blackhole))
    mean = np.int64(multiply(total, inverse, blackhole))
    return mean if wide else packed(mean & 0xFFFF0000, False)
