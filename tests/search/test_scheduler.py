"""A sweep on a real scheduler with two workers, one of which is killed in the middle."""

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import sweep_measures  # noqa: F401, registers measurements
from dask_processes import scheduler, wait_until

from lightning_v2.search.sweep.cluster import ClusterError
from lightning_v2.search.sweep.sweep import Unit, sweep


def test_a_killed_worker_costs_its_unit_only(tmp_path):
    log, folder = tmp_path / "log", tmp_path / "sweep"
    units = [Unit("slow", {"number": n, "pause": 0.4, "log": str(log)}) for n in range(16)]
    with scheduler(tmp_path) as (address, start_worker):
        workers = {process.pid: process for process in (start_worker(), start_worker())}
        with ThreadPoolExecutor(1) as thread:
            victim = thread.submit(_kill_one, log, workers)
            table = sweep(units, folder, scheduler=address)
            victim = victim.result()
    assert table["square"].tolist() == [n**2 for n in range(16)]
    assert table["error"].isna().all()
    ran = [tuple(map(int, line.split())) for line in log.read_text().splitlines()]
    assert victim in {pid for _, pid in ran}
    times = Counter(number for number, _ in ran)
    twice = [number for number, count in times.items() if count > 1]
    assert 1 <= len(twice) <= 2  # the one that ran, and one whose result was not yet fetched
    last = dict(ran)
    assert all(last[number] != victim for number in twice)


def _kill_one(log, workers):
    """Kill whoever started the fifth unit while it is at it."""
    wait_until(lambda: log.exists() and len(log.read_text().splitlines()) >= 5)
    victim = int(log.read_text().splitlines()[4].split()[1])
    workers[victim].send_signal(signal.SIGKILL)
    return victim


def test_a_scheduler_without_workers(tmp_path, monkeypatch):
    monkeypatch.setattr("lightning_v2.search.sweep.cluster.PATIENCE_S", 2)
    with (
        scheduler(tmp_path) as (address, _),
        pytest.raises(ClusterError, match="has no worker: start some with 'dask worker tcp"),
    ):
        sweep([Unit("square", {"number": 1})], tmp_path / "sweep", scheduler=address)
