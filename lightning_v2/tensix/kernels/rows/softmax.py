"""Softmax of rows, compiled by numba.

docs/numerics.md, section 7.2. Largest value, difference, exponential, sum, reciprocal and product,
each through memory: as float32 with a 32-bit Dst, as bfloat16 with a 16-bit one.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.fpu.fpu import EXPONENT, SIGN, add, multiply_phases, packed
from lightning_v2.tensix.kernels.fpu.reduction import largest, sum_row
from lightning_v2.tensix.kernels.sfpu.exponential import exp
from lightning_v2.tensix.kernels.sfpu.roots import reciprocal

_ONE = 0x3F800000


@compiled
def softmax(
    source,
    target,
    stable,
    narrow_exponentials,
    phases,
    wide,
    approximate,
    cut_srcb,
    blackhole,
    first,
    last,
):
    """Dst patterns of the softmax of the rows `first` to `last`.

    Args:
        source, target: (R, N) uint32 patterns.
        stable: the largest value of a row is subtracted first.
        narrow_exponentials: exponentials are stored as bfloat16, whatever the width of Dst.
        phases: 1 (LoFi) to 4 (HiFi4). wide: Dst has 32 bits.
        approximate: the linear exponential, and with a 16-bit Dst the estimated reciprocal.
        cut_srcb: TF32 in SrcB loses 3 bits beside bfloat16 in SrcA, as the factor of the sum is.
    """
    columns = source.shape[1]
    cut = np.int64(0xFFFFE000 if wide else 0xFFFF0000)
    cut_summed = np.int64(0xFFFF0000) if cut_srcb else cut
    cut_inverse = np.int64(0xFFFF0000) if cut_srcb and narrow_exponentials else cut
    defect = not blackhole
    row = np.empty(columns, np.int64)
    for r in range(first, last):
        for i in range(columns):
            row[i] = np.int64(source[r, i]) & cut
        if stable:
            top = largest(row, True)
            if top & ~SIGN > EXPONENT:
                top = top & SIGN | EXPONENT  # it is packed, which leaves no NaN
            for i in range(columns):
                row[i] = add(row[i], top ^ SIGN, 0, wide, defect)
        for i in range(columns):
            power = np.int64(exp(np.uint32(row[i]), wide, approximate, blackhole))
            if narrow_exponentials or not wide:
                power = packed(power if wide else power & 0xFFFF0000, wide)
            row[i] = power & cut
        total = np.uint32(sum_row(row, _ONE, cut_summed, phases, wide, defect))
        # With a 32-bit Dst it is never the approximate one.
        inverse = reciprocal(total, wide, approximate and not wide, blackhole)
        inverse = np.int64(inverse) & cut_inverse
        for i in range(columns):
            target[r, i] = np.uint32(multiply_phases(row[i], inverse, phases, wide, defect))
