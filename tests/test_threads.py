"""What one thread computes with, whatever others do meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from lightning_v2.threads import subnormals_as_zero, torch_threads

USUAL = 3


def counted(pool):
    return pool.submit(torch.get_num_threads).result()


def in_a_new_thread(function, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


@pytest.fixture(autouse=True)
def usual():
    """A process that computes with `USUAL` threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(USUAL)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def pools():
    """Two threads, of which only the first has called torch."""
    with ThreadPoolExecutor(1) as old, ThreadPoolExecutor(1) as new:
        assert counted(old) == USUAL
        yield old, new


def test_nested():
    with torch_threads(1):
        with torch_threads(2):
            assert torch.get_num_threads() == 2
            with torch_threads(2):
                assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 1
        with torch_threads(1):
            pass
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == USUAL


def test_an_error_ends_it():
    with pytest.raises(KeyError), torch_threads(1):
        raise KeyError
    assert torch.get_num_threads() == USUAL


def test_nobody_else_sees_it(pools):
    old, new = pools
    with torch_threads(1):
        assert counted(old) == USUAL
        assert counted(new) == USUAL
        assert in_a_new_thread(torch.get_num_threads) == USUAL
    assert counted(new) == USUAL


@pytest.mark.parametrize("first_out", [0, 1])
@pytest.mark.parametrize("first_in", [0, 1])
def test_two_threads_in_any_order(pools, first_in, first_out):
    """Each computes with one thread as long as it is inside, and is afterwards as it was."""
    contexts = [torch_threads(1), torch_threads(1)]
    for i in (first_in, 1 - first_in):
        pools[i].submit(contexts[i].__enter__).result()
    assert [counted(pool) for pool in pools] == [1, 1]
    pools[first_out].submit(contexts[first_out].__exit__, None, None, None).result()
    assert counted(pools[first_out]) == USUAL
    assert counted(pools[1 - first_out]) == 1
    last = 1 - first_out
    pools[last].submit(contexts[last].__exit__, None, None, None).result()
    assert [counted(pool) for pool in pools] == [USUAL, USUAL]
    assert in_a_new_thread(torch.get_num_threads) == USUAL


def test_a_number_that_a_thread_chose_meanwhile_stays(pools):
    old, _ = pools
    with torch_threads(1):
        old.submit(torch.set_num_threads, 5).result()
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == USUAL
    assert counted(old) == 5
    assert in_a_new_thread(torch.get_num_threads) == 5


def test_the_smallest_numbers_are_zero_for_as_long_as_it_is_asked():
    def smallest() -> float:
        return float(np.float32(1e-40) * np.float32(1))

    with ThreadPoolExecutor(1) as other:
        assert smallest() > 0
        assert other.submit(smallest).result() > 0
        with subnormals_as_zero():
            assert smallest() == 0
            with subnormals_as_zero():
                assert smallest() == 0
            assert smallest() == 0
            assert other.submit(smallest).result() > 0
    assert smallest() > 0
