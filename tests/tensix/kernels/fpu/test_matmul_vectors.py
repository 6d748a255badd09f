"""The fast loops of the matrix engine give the bits of the plain ones, or leave a block to them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2.tensix.kernels.fpu import matmul, matmul_vectors
from tests.tensix.strategies import arrays, cancelling

pytestmark = pytest.mark.skipif(not matmul_vectors.is_possible(), reason="no fused multiply-add")

FIDELITIES = ("LoFi", "HiFi2", "HiFi3", "HiFi4")
ODD = [0, 0x80000000, 1, 0x807FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x00800000, 0x7F7F0000]


def cut(wide):
    return np.int32(-0x2000 if wide else -0x10000)


def plainly(in0, in1, dst, phases, wide, defect=True):
    tasks = -(-dst.shape[0] // matmul.ROWS) * -(-dst.shape[1] // matmul.COLUMNS)
    matmul.multiply(in0, in1, dst, phases, cut(wide), cut(wide), wide, defect, 0, tasks)
    return dst


def in_vectors(in0, in1, dst, phases, wide, defect=True, at_once=1, height=128):
    """Which blocks are left; the others of dst are done."""
    left = np.zeros([-(-size // 64) for size in dst.shape], np.bool_)
    multiply = matmul_vectors.multiplier(at_once, wide)
    across, down = (0, dst.shape[1]), (0, in0.shape[1])
    tasks = -(-dst.shape[0] // height) * -(-dst.shape[1] * at_once // 64)
    multiply(in0, in1, dst, across, down, height, phases, cut(wide), defect, left, 0, tasks)
    return left


def check(in0, in1, phases, wide, at_once=1, dst=None, **options):
    """Every block is either that of the plain loops or untouched: which are left."""
    in0, in1 = (np.ascontiguousarray(x).view(np.int32) for x in (in0, in1))
    if dst is None:
        dst = np.zeros((len(in0), in1.shape[1]), np.int32)
    expected, found = plainly(in0, in1, dst.copy(), phases, wide, **options), dst.copy()
    left = in_vectors(in0, in1, found, phases, wide, at_once=at_once, **options)
    blocks = left.repeat(64, 0).repeat(64, 1)[: dst.shape[0], : dst.shape[1]]
    np.testing.assert_array_equal(found, np.where(blocks, dst, expected))
    return left


@settings(deadline=None, max_examples=100)
@given(
    st.data(),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from((1, 7, 16, 32, 33, 64)),
    st.integers(1, 4),
)
def test_adversarial_numbers(data, phases, wide, k, n):
    m = 3
    if data.draw(st.booleans()):
        check(*data.draw(cancelling(m, k, n, narrow=not wide)), phases, wide)
    else:
        operands = (data.draw(arrays(shape, not wide)) for shape in ((m, k), (k, n)))
        check(*operands, phases, wide)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("spread", [0, 3, 9, 14, 24, 60])
@pytest.mark.parametrize("centre", [-90, -30, 0, 30, 60])
def test_exponents(wide, spread, centre):
    """Of every size, until one operand reaches too far down or Dst would overflow."""
    generator = np.random.default_rng(spread)

    def draw(*shape):
        exponents = np.clip(generator.integers(-spread, spread + 1, shape) + centre, -140, 127)
        x = np.ldexp(generator.standard_normal(shape), exponents)
        return np.where(generator.random(shape) < 0.02, 0, x).astype(np.float32)

    with np.errstate(over="ignore"):
        a, b = draw(70, 70), draw(70, 80)
    for phases in (1, 2, 3, 4):
        left = check(a, b, phases, wide)
        if spread <= 3 and centre in (0, 30):
            assert not left.any()


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("pattern", ODD)
def test_odd_values_among_ordinary_ones(wide, pattern):
    generator = np.random.default_rng(pattern)
    a = generator.standard_normal((66, 40)).astype(np.float32)
    b = generator.standard_normal((40, 66)).astype(np.float32)
    for place in (a, b):
        x = place.copy()
        x.view(np.uint32)[generator.random(x.shape) < 0.01] = pattern
        check(*((x, b) if place is a else (a, x)), 4, wide)


@pytest.mark.parametrize("wide", [True, False])
def test_begins_with_what_dst_holds(wide):
    generator = np.random.default_rng(1)
    a = generator.standard_normal((64, 32)).astype(np.float32)
    b = generator.standard_normal((32, 64)).astype(np.float32)
    for scale in (2.0**-100, 2.0**-70, 2.0**-20, 1.0, 2.0**20, 2.0**90):
        dst = (generator.standard_normal((64, 64)) * scale).astype(np.float32).view(np.int32)
        left = check(a, b, 3, wide, dst=dst if wide else dst & -0x10000)
        assert not left.any() or scale not in (2.0**-20, 1.0, 2.0**20)
        check(a, b, 3, wide, dst=dst)
    for pattern in ODD:
        dst = np.full((64, 64), pattern, np.uint32).view(np.int32)
        check(a, b, 3, wide, dst=dst)
        check(0 * a, b, 3, wide, dst=dst)


@pytest.mark.parametrize("defect", [True, False])
def test_wormhole_defect(defect):
    one = np.ones((1, 1), np.float32).view(np.int32)
    dst = np.array([[0xBF800001, 0xBF800002, 0]], np.uint32).view(np.int32)
    assert not check(one, np.repeat(one, 3, 1), 1, True, dst=dst, defect=defect).any()


@pytest.mark.parametrize("at_once", [2, 4])
def test_few_columns(at_once):
    """Several rows at a time: rows and columns that fill no step, several tasks and tiles."""
    generator = np.random.default_rng(at_once)
    for m, k, n in ((1, 1, 1), (67, 70, 64 // at_once - 1), (131, 33, 64 // at_once)):
        a = generator.standard_normal((m, k)).astype(np.float32)
        b = generator.standard_normal((k, n)).astype(np.float32)
        a[m // 2] = 0
        for phases in (1, 4):
            assert not check(a, b, phases, True, at_once).any()
