import pytest
import torch

from lightning_v2.tensix.numbers import stored


@pytest.fixture(autouse=True)
def nothing_known():
    stored.forget()
    yield
    stored.forget()


@pytest.mark.parametrize("inference", [False, True])
def test_views_show_memory_that_was_kept(inference):
    with torch.inference_mode(inference):
        x = torch.zeros(4, 6)
        stored.keep(x)
        assert stored.is_bfloat16(x) and stored.is_bfloat16(x.T[2:])
        assert not stored.is_bfloat16(x.clone())


def test_who_writes_makes_it_unknown():
    x = torch.zeros(4)
    stored.keep(x)
    x[0] = 0.1
    assert not stored.is_bfloat16(x)


def test_a_part_of_a_memory_says_nothing_of_the_rest():
    x = torch.zeros(4, 6)
    stored.keep(x[1:])
    assert not stored.is_bfloat16(x[1:])


def test_memory_that_is_gone_is_not_taken_for_other_memory():
    for _ in range(300):
        stored.keep(torch.zeros(1000))
        assert not stored.is_bfloat16(torch.zeros(1000))


def test_nothing_is_known_after_forgetting():
    x = torch.zeros(4)
    stored.keep(x)
    stored.forget()
    assert not stored.is_bfloat16(x)
