import os

from lightning_v2.report import defaults


def test_no_more_notebooks_than_cores_that_may_be_used():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert defaults.jobs() == 1
    finally:
        os.sched_setaffinity(0, before)
