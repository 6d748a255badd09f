"""The scalar rules of the matrix engine, and the lanes that compute many at once."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2.tensix.kernels.fpu import fpu, matmul
from tests.tensix import reference, reference_numpy
from tests.tensix.strategies import arrays, cancelling

PATTERNS = st.integers(0, 2**32 - 1)


@numba.njit
def run_add(a, b, wide, defect):
    return fpu.add(a, b, 0, wide, defect)


@numba.njit
def run_multiply(a, b, dst, phase, wide, defect):
    return fpu.multiply(a, b, dst, phase, wide, defect)


@numba.njit
def run_accumulate(first, e_first, second, e_second, dst, wide, defect):
    return fpu.accumulate(first, e_first, second, e_second, dst, wide, defect)


def lanes(in0, in1, fidelity, wide, defect=True):
    a, b = (np.ascontiguousarray(x).view(np.int32) for x in (in0, in1))
    dst = np.zeros((a.shape[0], b.shape[1]), np.int32)
    mask = np.int32(-0x2000 if wide else -0x10000)
    phases = reference.PHASES[fidelity]
    tasks = -(-dst.shape[0] // matmul.ROWS) * -(-dst.shape[1] // matmul.COLUMNS)
    matmul.multiply(a, b, dst, phases, mask, mask, wide, defect, 0, tasks)
    return dst.view(np.uint32)


@settings(deadline=None, max_examples=400)
@given(PATTERNS, PATTERNS, st.booleans(), st.booleans())
def test_add(a, b, wide, defect):
    a, b = reference.cut(a, wide), reference.cut(b, wide)
    assert run_add(a, b, wide, defect) == reference.add(a, b, wide, defect)
    near = b & 0x80000000 | a & 0x7F800000 | b & 0x7FFFFF  # the same binade
    assert run_add(a, near, wide, defect) == reference.add(a, near, wide, defect)
    assert run_add(a, a ^ 0x80000000, wide, defect) == 0


@settings(deadline=None, max_examples=400)
@given(PATTERNS, PATTERNS, PATTERNS, st.integers(0, 3), st.booleans(), st.booleans())
def test_multiply(a, b, dst, phase, wide, defect):
    a, b = reference.cut(a, wide), reference.cut(b, wide)
    dst = dst if wide else dst & 0xFFFF0000
    expected = reference.multiply_add(a, b, dst, phase, wide, defect)
    assert run_multiply(a, b, dst, phase, wide, defect) == expected
    opposite = expected ^ 0x80000000
    again = reference.multiply_add(a, b, opposite, phase, wide, defect)
    assert run_multiply(a, b, opposite, phase, wide, defect) == again


def test_published_observation_on_silicon():
    """tt-metal issue 12923: 1.3125 x 7.96875 is 10.4375 at HiFi2 and 10.5 at HiFi4."""
    a, b = reference.bits_of([1.3125, 7.96875])
    results = {}
    for fidelity in ("HiFi2", "HiFi4"):
        dst = 0
        for phase in range(reference.PHASES[fidelity]):
            dst = run_multiply(a, b, dst, phase, False, True)
        results[fidelity] = np.uint32(dst).view(np.float32)
    assert results == {"HiFi2": 10.4375, "HiFi4": 10.5}


def test_wormhole_defect():
    """A sum of minus one unit, -2**-23 of the common binade, becomes -2**4 of it."""
    one = 127 << 23
    minus_next = 0x80000000 | one | 1
    assert run_accumulate(1 << 23, 127, 0, 0, minus_next, True, True) == 0x80000000 | (131 << 23)
    assert run_accumulate(1 << 23, 127, 0, 0, minus_next, True, False) == 0x80000000 | (104 << 23)
    assert run_accumulate(1 << 23, 127, 0, 0, minus_next, False, True) == 0


@settings(deadline=None, max_examples=250)
@given(
    st.data(),
    st.sampled_from(("LoFi", "HiFi2", "HiFi3", "HiFi4")),
    st.booleans(),
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from((1, 7, 16, 31, 32, 33, 64)),
    st.integers(1, 4),
)
def test_lanes_equal_rational_arithmetic(data, fidelity, wide, defect, m, k, n):
    if data.draw(st.booleans()):
        a, b = data.draw(cancelling(m, k, n, narrow=not wide))
    else:
        a, b = data.draw(arrays((m, k), not wide)), data.draw(arrays((k, n), not wide))
    expected = reference.matrix(a, b, fidelity, wide, defect)
    np.testing.assert_array_equal(lanes(a, b, fidelity, wide, defect), expected)


@pytest.mark.parametrize("defect", [True, False])
def test_wormhole_defect_in_lanes(defect):
    one = np.ones((1, 1), np.float32).view(np.int32)
    dst = np.array([[0xBF800001, 0xBF800002, 0]], np.uint32).view(np.int32)
    in1 = np.repeat(one, 3, 1)
    matmul.multiply(one, in1, dst, 1, np.int32(-1), np.int32(-1), True, defect, 0, 1)
    expected = [-(2.0**4) if defect else -(2.0**-23), -(2.0**-22), 1.0]
    assert dst.view(np.float32)[0].tolist() == expected


def test_every_column_and_row_of_several_tasks():
    generator = np.random.default_rng(0)
    a = generator.standard_normal((130, 40)).astype(np.float32)
    b = generator.standard_normal((40, 70)).astype(np.float32)
    whole = lanes(a, b, "HiFi2", True)
    for m, n in ((0, 0), (63, 63), (64, 64), (129, 69), (128, 5)):
        np.testing.assert_array_equal(
            whole[m, n], reference.matrix(a[m : m + 1], b[:, n : n + 1], "HiFi2", True)[0, 0]
        )


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("fidelity", ["LoFi", "HiFi2", "HiFi3", "HiFi4"])
@pytest.mark.parametrize("spread", [0, 3, 20, 90])
def test_lanes_and_two_references_on_larger_matrices(fidelity, wide, spread):
    generator = np.random.default_rng(spread)

    def draw(*shape):
        x = generator.standard_normal(shape) * 2.0 ** generator.integers(-spread, spread + 1, shape)
        return np.where(generator.random(shape) < 0.02, 0, x).astype(np.float32)

    a, b = draw(70, 96), draw(96, 80)
    expected = reference_numpy.matrix(a, b, fidelity, wide)
    np.testing.assert_array_equal(lanes(a, b, fidelity, wide), expected)
    corner = reference.matrix(a[:2], b[:, :2], fidelity, wide)
    np.testing.assert_array_equal(expected[:2, :2], corner)
