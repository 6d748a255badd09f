"""What runs on a worker: one unit."""

from __future__ import annotations

import functools
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import perf_counter

from lightning_v2.errors import ArgumentError
from lightning_v2.search.store import COLUMNS
from lightning_v2.search.voices import digest_of

_VALUES = (float, int, str, type(None))


@dataclass(frozen=True)
class Outcome:
    """What came of a unit.

    Attributes:
        rows: of the result.
        error: one line; None if all went well.
        seconds: wall time.
        code: version of the library, with its commit where it runs from a checkout.
    """

    rows: list[dict]
    error: str | None
    seconds: float = 0.0
    code: str = ""


def run_unit(function: Callable, parameters: dict, voice_digest: str) -> Outcome:
    """Run a measurement. What it raises becomes the error of the outcome.

    Args:
        function: the measurement.
        parameters: its arguments.
        voice_digest: of the voice that `parameters["voice"]` has to name on this machine, too.
    """
    start = perf_counter()
    rows, error = [], None
    try:
        if (there := digest_of(parameters)) != voice_digest:
            raise ArgumentError(
                f"voice {parameters['voice']!r} has weights {there[:12]} on this worker, the sweep "
                f"is about {voice_digest[:12]}: install the same voice"
            )
        rows = _rows(function(**parameters))
    except Exception as caught:
        place = traceback.extract_tb(caught.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        error = " ".join(f"{type(caught).__name__}: {caught} ({where})".split())
    return Outcome(rows, error, perf_counter() - start, _code())


def dask_setup(_worker: object) -> None:
    """Called by Dask when a worker of the embedded cluster starts.

    Ctrl-C reaches every process of a terminal; the workers are to be ended by the cluster.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _rows(result: dict | list[dict]) -> list[dict]:
    rows = [result] if isinstance(result, dict) else result
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise TypeError(f"a measurement returns a dict or a list of dicts, not {result!r:.60}")
    for name, value in (item for row in rows for item in row.items()):
        if name in COLUMNS:
            raise ArgumentError(
                f"a measurement cannot return {name!r}: every result has such a column"
            )
        if not isinstance(value, _VALUES):
            kind = type(value).__name__
            raise TypeError(f"{name} is a {kind}; legal are numbers, words and None")
    return rows


@functools.cache
def _code() -> str:
    from lightning_v2.report.provenance import commit

    version = metadata.version("lightning-v2")
    found = commit(Path(__file__).parent)
    return f"{version} {found}" if found else version
