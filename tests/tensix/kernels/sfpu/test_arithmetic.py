import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2.tensix.kernels.sfpu import arithmetic as sfpu
from tests.tensix import reference_sfpu

ARCHITECTURES = (False, True)
EXTREMES = (0, 0x80000000, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x7F800000, 0xFF800000)
NANS = (0x7F800001, 0x7FC00000, 0xFFC12345)


def _number(exponent):
    return st.builds(
        lambda sign, e, fraction: sign << 31 | e << 23 | fraction,
        st.integers(0, 1),
        exponent,
        st.one_of(st.integers(0, 0x7FFFFF), st.sampled_from((0, 1, 0x7FFFFF, 0x400000))),
    )


anything = st.one_of(st.integers(0, 0xFFFFFFFF), st.sampled_from(EXTREMES + NANS))
close = _number(st.integers(120, 134))
finite = _number(st.integers(0, 254))


def _bits(value):
    return int(np.float32(value).view(np.uint32))


def _float(pattern):
    return np.uint32(pattern).view(np.float32)


def _multiply_add(x, y, z, blackhole):
    return int(sfpu.multiply_add(np.uint32(x), np.uint32(y), np.uint32(z), blackhole))


def _check(x, y, z, blackhole):
    result = _multiply_add(x, y, z, blackhole)
    expected = reference_sfpu.multiply_add(x, y, z, blackhole)
    if expected is None:
        assert (result & 0x7FFFFFFF) > 0x7F800000
        assert result == 0x7FC00000 if blackhole else result & 1
    else:
        assert result == expected


@pytest.mark.parametrize("blackhole", ARCHITECTURES)
@settings(deadline=None)
@given(x=anything, y=anything, z=anything)
def test_multiply_add_of_anything(blackhole, x, y, z):
    _check(x, y, z, blackhole)


@pytest.mark.parametrize("blackhole", ARCHITECTURES)
@settings(deadline=None, max_examples=300)
@given(x=close, y=close, z=_number(st.integers(90, 160)))
def test_multiply_add_of_similar_magnitudes(blackhole, x, y, z):
    _check(x, y, z, blackhole)


@pytest.mark.parametrize("blackhole", ARCHITECTURES)
@settings(deadline=None)
@given(x=finite, y=finite, step=st.integers(-2, 2))
def test_multiply_add_that_cancels(blackhole, x, y, step):
    with np.errstate(all="ignore"):
        z = (_bits(-(_float(x) * _float(y))) + step) & 0xFFFFFFFF
    _check(x, y, z, blackhole)


@pytest.mark.parametrize("blackhole", ARCHITECTURES)
@settings(deadline=None)
@given(x=close, y=close)
def test_plain_sums_and_products_of_normal_numbers_are_those_of_ieee(blackhole, x, y):
    total, product = _float(x) + _float(y), _float(x) * _float(y)
    if total:
        assert int(sfpu.add(np.uint32(x), np.uint32(y), blackhole)) == _bits(total)
    assert int(sfpu.multiply(np.uint32(x), np.uint32(y), blackhole)) == _bits(product)


def test_sign_of_zero_and_results_below_the_normal_range():
    minus, small = _bits(-0.0), 0x00800000
    assert _multiply_add(minus, _bits(1), minus, False) == 0
    assert _multiply_add(minus, _bits(1), minus, True) == minus
    assert _multiply_add(small, _bits(1 - 2**-24), 0, False) == 0
    assert _multiply_add(small, _bits(1 - 2**-24), 0, True) == small
    assert _multiply_add(small, _bits(-0.5), 0, False) == 0
    assert _multiply_add(small, _bits(-0.5), 0, True) == minus


@settings(deadline=None)
@given(anything)
def test_roundings_to_bfloat16(x):
    away, even = (int(f(np.uint32(x))) for f in (sfpu.round_bfloat16, sfpu.round_bfloat16_even))
    magnitude = x & 0x7FFFFFFF
    if magnitude < 0x00800000:
        assert away == 0
    elif magnitude >= 0x7F800000:
        assert away == x & 0xFF800000
    else:
        assert away == (x + 0x8000) & 0xFFFF0000
        assert even == (away - 0x10000 if x & 0x1FFFF == 0x08000 else away)


@settings(deadline=None)
@given(st.floats(-70000, 70000, width=32), st.sampled_from((127, 255, 32767, 65535)))
def test_roundings_to_integers(value, largest):
    expected = min(int(np.floor(np.float64(abs(value)) + 0.5)), largest)
    pattern = np.uint32(_bits(value))
    assert sfpu.round_magnitude(pattern, largest) == expected
    assert sfpu.round_integer(pattern, largest) == (expected if value >= 0 else -expected)
    assert _float(sfpu.from_integer(expected)) == expected


def test_order_of_the_swap():
    line = [0xFFC00000, 0xFF800000, 0xBF800000, 0x80000000, 0, 0x3F800000, 0x7F800000, 0x7FC00000]
    for i, low in enumerate(line):
        for high in line[i:]:
            pair = np.uint32(low), np.uint32(high)
            assert {int(sfpu.minimum(*pair)), int(sfpu.minimum(*pair[::-1]))} == {low}
            assert {int(sfpu.maximum(*pair)), int(sfpu.maximum(*pair[::-1]))} == {high}


def test_store_flushes_denormals_and_truncates():
    assert [int(sfpu.stored(np.uint32(x), True)) for x in (0x80000001, 0x3F80FFFF)] == [
        0x80000000,
        0x3F80FFFF,
    ]
    assert int(sfpu.stored(np.uint32(0x3F80FFFF), False)) == 0x3F800000
