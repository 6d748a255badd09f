import os
from multiprocessing import forkserver

from lightning_v2.search.sweep.cluster import connected


def test_workers_have_the_environment_of_now(monkeypatch):
    """Not that of the process from which they are forked, which has begun before."""
    forkserver.ensure_running()
    monkeypatch.setenv("SAID_SINCE", "yes")
    with connected(None, 1, 1) as client:
        assert client.submit(os.getenv, "SAID_SINCE").result() == "yes"
