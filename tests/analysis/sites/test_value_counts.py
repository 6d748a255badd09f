import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.analysis.sites.value_counts import LARGEST, ValueCounts
from lightning_v2.tensix.numbers.formats import FORMATS, pack_host

INFINITY, NAN = float("inf"), float("nan")


def counts(values, dtype="bfloat16"):
    found = ValueCounts()
    found.add(torch.tensor(values), dtype)
    return found.nan, found.infinite, found.saturated


def test_each_kind_is_counted_by_itself():
    most = LARGEST["bfloat16"]
    assert counts([0.0, 1.0, -2.0]) == (0, 0, 0)
    assert counts([NAN, 1.0, INFINITY, -INFINITY, most, -most]) == (1, 2, 2)
    assert counts([NAN, NAN]) == (2, 0, 0)
    assert counts([]) == (0, 0, 0)


@pytest.mark.parametrize("dtype", FORMATS)
def test_the_largest_value_is_one_of_the_format_and_nothing_is_larger(dtype):
    largest = torch.full((16,), LARGEST[dtype])
    assert torch.equal(pack_host(largest, dtype), largest)
    above = pack_host(torch.full((16,), torch.finfo(torch.float32).max), dtype)
    assert above.isinf().all() or (above <= largest).all()
    assert counts(largest.tolist(), dtype) == (0, 0, 16)
    assert counts((largest * 0.4).tolist(), dtype) == (0, 0, 0)


def test_calls_add_up_and_integers_cannot_break():
    found = ValueCounts()
    found.add(torch.tensor([1.0, NAN]), "float32")
    found.add(torch.tensor([[INFINITY]]), "float32")
    found.add(torch.tensor([2**31 - 1], dtype=torch.int32), "uint32")
    assert found == ValueCounts(values=4, nan=1, infinite=1)


@given(st.lists(st.floats(width=32)))
def test_nothing_is_counted_twice(values):
    assert sum(counts(values)) == sum(not abs(v) < LARGEST["bfloat16"] for v in values)
