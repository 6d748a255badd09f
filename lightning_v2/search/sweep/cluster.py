"""Where units run: processes of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import joblib

from lightning_v2.errors import ArgumentError, LightningError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE_S = 30
"""How long a scheduler and its first worker may take to answer."""

_KEPT = {"MALLOC_TRIM_THRESHOLD_": 2**28, "MALLOC_MMAP_THRESHOLD_": 2**25}
"""Bytes of memory that a worker keeps for its next tensors. Dask has it give back all but 64 kB at
once: a fifth of a search's time went into getting the same pages again."""

_LOADED = [
    "distributed", "librosa", "numba", "onnx", "pandas", "pyarrow.parquet", "scipy.signal",
    "scipy.stats", "soundfile", "torch", "yaml",
]  # fmt: skip
"""What takes long to import, nothing of this library: workers are forked from a process that has
loaded it once."""


class ClusterError(LightningError, RuntimeError):
    """Units cannot run: no scheduler, or no worker, answers."""


@contextmanager
def connected(scheduler: str | None, workers: int | None, units: int) -> Iterator[Client]:
    """A client of a scheduler, or of an embedded cluster that lives as long as the context.

    The embedded cluster listens on the loopback interface only. Its workers are processes with one
    thread each; one that dies is replaced.

    Args:
        scheduler: address of a running one, "tcp://host:port"; None for the embedded cluster.
        workers: of the embedded cluster; one a core if not given.
        units: to be run; no more workers than these are started.

    Raises:
        ClusterError: nobody answers at the address, or no worker has come.
        ArgumentError: workers are asked for that a running scheduler already has.
    """
    if scheduler is not None and workers is not None:
        raise ArgumentError(
            f"workers is {workers} and the scheduler {scheduler}: it has workers of its own"
        )
    if workers is not None and workers < 1:
        raise ArgumentError(f"workers is {workers}; legal are 1 and more")
    if scheduler is None:
        with _embedded(min(workers or joblib.cpu_count(), units)) as client:
            yield client
        return
    from distributed import Client

    try:
        client = Client(scheduler, timeout=PATIENCE_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(f"no scheduler answers at {scheduler}: {error}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError as error:
            raise ClusterError(
                f"the scheduler at {scheduler} has no worker: start some with "
                f"'dask worker {scheduler} --nthreads 1'"
            ) from error
        yield client


@contextmanager
def _embedded(workers: int) -> Iterator[Client]:
    import dask
    from distributed import Client, LocalCluster
    from distributed.utils import get_mp_context

    settings = {
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.worker.preload": ["lightning_v2.search.sweep.worker"],
        # A worker that dies is started again; one that dies twice within this time is given up,
        # and with the last of them the sweep would wait for ever.
        "distributed.deploy.lost-worker-timeout": "1000 days",
        **{f"distributed.nanny.pre-spawn-environ.{name}": n for name, n in _KEPT.items()},
    }
    with dask.config.set(settings):
        get_mp_context()  # chooses what is loaded, once
    multiprocessing.get_context("forkserver").set_forkserver_preload(_LOADED)
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
            env=dict(os.environ),  # as it is now, not as it was when that process began
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
