import math

import pytest
import torch

from lightning_v2.analysis.sites.error_sums import ErrorSums


def sums(reference, candidate):
    result = ErrorSums()
    result.add(torch.tensor(reference), torch.tensor(candidate))
    return result


def test_identical():
    result = sums([1.0, -2.0, 3.0], [1.0, -2.0, 3.0])
    assert (result.pcc, result.sqnr_db, result.gain, result.max_abs) == (1.0, math.inf, 1.0, 0.0)


def test_gain_alone_leaves_the_correlation():
    result = sums([1.0, -2.0, 3.0], [0.9, -1.8, 2.7])
    assert result.pcc == pytest.approx(1.0)
    assert result.gain == pytest.approx(0.9)
    assert result.sqnr_db == pytest.approx(20.0)
    assert result.max_abs == pytest.approx(0.3)


def test_offset_alone_leaves_the_correlation():
    assert sums([1.0, 2.0, 4.0], [2.0, 3.0, 5.0]).pcc == pytest.approx(1.0)


def test_sum_over_calls_is_that_of_one_long_call():
    torch.manual_seed(0)
    a, b = torch.randn(2, 100), torch.randn(2, 100)
    parts, whole = ErrorSums(), ErrorSums()
    for row in range(2):
        parts.add(a[row], b[row])
    whole.add(a, b)
    for name in ("pcc", "sqnr_db", "gain", "max_abs"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))
    stacked = torch.stack([a.flatten(), b.flatten()])
    assert whole.pcc == pytest.approx(torch.corrcoef(stacked)[0, 1].item(), abs=1e-6)


def test_constant_and_empty():
    assert math.isnan(sums([1.0, 1.0], [1.0, 2.0]).pcc)
    assert math.isnan(sums([0.0, 0.0], [1.0, 2.0]).gain)
    assert sums([], []).max_abs == 0.0


@pytest.fixture
def noise():
    generator = torch.Generator().manual_seed(0)
    return lambda: torch.randn(4000, generator=generator)


def shares(reference, candidate):
    found = sums(reference.tolist(), candidate.tolist())
    return found.gain_share, found.offset_share, found.rest_share


@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_a_shrink_is_all_gain(noise, mean):
    reference = noise() + mean
    assert shares(reference, reference * 0.985) == pytest.approx((1, 0, 0), abs=1e-6)


def test_an_offset_is_all_offset(noise):
    reference = noise()
    reference -= reference.mean()
    assert shares(reference, reference + 0.5) == pytest.approx((0, 1, 0), abs=1e-6)


def test_noise_is_neither(noise):
    gain, offset, rest = shares(reference := noise(), reference + 0.1 * noise())
    assert rest > 0.99 and gain + offset + rest == pytest.approx(1)


def test_a_mixture_is_told_apart(noise):
    reference, random = noise(), noise()
    reference -= reference.mean()
    # energies 4, 4 and 1 of 9
    candidate = 1.2 * reference + 0.2 * reference.std() + 0.1 * random
    assert shares(reference, candidate) == pytest.approx((4 / 9, 4 / 9, 1 / 9), abs=0.02)


def test_without_error_there_is_nothing_to_share():
    result = sums([1.0, -2.0], [1.0, -2.0])
    assert all(math.isnan(x) for x in (result.gain_share, result.offset_share, result.rest_share))
    assert (result.relative_rms, result.relative_max) == (0.0, 0.0)


def test_shares_of_a_constant_or_silent_reference():
    assert shares(torch.full((4,), 2.0), torch.full((4,), 3.0)) == (1.0, 0.0, 0.0)
    silent = shares(torch.zeros(4), torch.full((4,), 3.0))
    assert silent == (0.0, 1.0, 0.0)
    assert sums([0.0], [1.0]).relative_rms == math.inf


def test_relative_errors_are_over_the_rms_of_the_reference():
    result = sums([3.0, -3.0, 3.0, -3.0], [3.0, -3.0, 3.0, -2.4])
    assert result.relative_max == pytest.approx(0.2)
    assert result.relative_rms == pytest.approx(0.1)


def test_values_that_are_not_numbers_are_no_small_error():
    result = sums([1.0, 2.0, 3.0], [1.0, math.nan, 3.0])
    assert all(math.isnan(x) for x in (result.max_abs, result.sqnr_db, result.rest_share))
    result = sums([1.0, 2.0, 3.0], [1.0, math.inf, 3.0])
    assert (result.max_abs, result.sqnr_db) == (math.inf, -math.inf)
    assert math.isnan(result.pcc)
