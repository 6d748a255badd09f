"""The rules of the matrix engine without branches are those with."""

import numba
import numpy as np
import pytest

from lightning_v2.tensix.kernels.fpu import fpu, lane_rules

COUNT = 20000


@numba.njit
def scalars(a, b, dst, phase, wide, defect):
    sums, products = np.empty_like(a), np.empty_like(a)
    for i in range(len(a)):
        x, y = np.int64(a[i]), np.int64(b[i])
        sums[i] = fpu.add(x, y, 0, wide, defect)
        products[i] = fpu.multiply(x, y, np.int64(dst[i]), phase, wide, defect)
    return sums, products


@numba.njit
def lanes(a, b, dst, phase, wide, defect):
    sums, products = np.empty_like(a), np.empty_like(a)
    for i in range(len(a)):
        x, y = np.int32(a[i]), np.int32(b[i])
        sums[i] = np.uint32(lane_rules.add(x, y, wide, defect))
        products[i] = np.uint32(lane_rules.multiply(x, y, np.int32(dst[i]), phase, wide, defect))
    return sums, products


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("spread", [1, 12, 128])
def test_every_rule(wide, spread):
    """Numbers of near and far exponents, sums that cancel, zeros, denormals, infinities, NaN."""
    generator = np.random.default_rng(spread)
    cut = np.uint32(0xFFFFE000 if wide else 0xFFFF0000)

    def draw():
        exponents = np.clip(127 + generator.integers(-spread, spread + 1, COUNT), 0, 255)
        signs, fractions = generator.integers(0, 2, COUNT), generator.integers(0, 1 << 23, COUNT)
        return (signs << 31 | exponents << 23 | fractions).astype(np.uint32)

    a, b, dst = draw() & cut, draw() & cut, draw() & np.uint32(0xFFFFFFFF if wide else 0xFFFF0000)
    half = COUNT // 2
    b[half:] = a[half:] ^ np.uint32(0x80000000) ^ (generator.integers(0, 4, half) << 16)
    for phase in range(4):
        for defect in (True, False):
            before = scalars(a, b, dst, phase, wide, defect)
            # Dst meets its own negation: sums of nothing and of a unit.
            _, near = scalars(a, b, before[1] ^ np.uint32(0x80000001), phase, wide, defect)
            np.testing.assert_array_equal(lanes(a, b, dst, phase, wide, defect), before)
            again = lanes(a, b, before[1] ^ np.uint32(0x80000001), phase, wide, defect)
            np.testing.assert_array_equal(again[1], near)
