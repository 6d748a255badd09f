import os
import threading

import pytest

from lightning_v2 import tensix
from lightning_v2.tensix.threads import spread


def parts(tasks, threads):
    """What `spread` runs: (first, last) of each part, and the threads that ran them."""
    found, lock = [], threading.Lock()

    def run(first, last):
        with lock:
            found.append((first, last, threading.get_ident()))

    with tensix.use(threads=threads):
        spread(run, tasks)
    return sorted(found)


@pytest.mark.parametrize(("tasks", "threads"), [(1, 1), (7, 3), (2, 5), (64, 4)])
def test_every_task_runs_once(tasks, threads):
    found = parts(tasks, threads)
    assert len(found) == min(tasks, threads)
    covered = [task for first, last, _ in found for task in range(first, last)]
    assert covered == list(range(tasks))


def test_one_thread_is_this_one():
    assert [ident for *_, ident in parts(9, 1)] == [threading.get_ident()]


def test_nothing_to_do_is_no_error():
    assert [(first, last) for first, last, _ in parts(0, 2)] == [(0, 0)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    parts(4, 3)
    child = os.fork()
    if child == 0:
        os._exit(0 if len(parts(4, 3)) == 3 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
