import os

import pytest

from lightning_v2.training.spread import spread


def where(piece):
    return piece, os.getpid()


@pytest.mark.parametrize(("jobs", "count", "processes"), [(1, 4, 0), (2, 1, 0), (2, 4, 2)])
def test_results_come_in_order_and_little_work_stays_here(jobs, count, processes):
    pieces, workers = zip(*spread(where, range(count), jobs), strict=True)
    assert pieces == tuple(range(count))
    assert (os.getpid() in workers) == (processes == 0)
    assert len(set(workers)) <= max(1, processes)


def test_nothing_is_no_work():
    assert list(spread(where, [], 2)) == []


def test_an_error_ends_the_work():
    with pytest.raises(ZeroDivisionError):
        list(spread(lambda piece: 1 // piece, [1, 0], 2))
