"""What runs on a worker: one unit."""

import hashlib
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.identity import code_digest, code_label, files_digest, function_digest
from lightning_v2.search.sweep.store import COLUMNS
from lightning_v2.search.sweep.voices import digest_here

_VALUES = (float, int, str, type(None))


@dataclass(frozen=True)
class Outcome:
    """What came of a unit.

    Attributes:
        rows: of the result.
        error: one line; None if all went well.
        bug: traceback of what only a mistake in the code can raise; None if there was none.
        seconds: wall time.
        code: `identity.code_label`.
    """

    rows: list[dict]
    error: str | None
    bug: str | None = None
    seconds: float = 0.0
    code: str = ""


@dataclass(frozen=True)
class Measurement:
    """A function that measures.

    Attributes:
        name: of its units.
        function: of JSON arguments.
        reads: arguments -> files and folders that it reads besides; they have to be the same
            wherever it runs.
    """

    name: str
    function: Callable[..., dict | list[dict]]
    reads: Callable[[dict], Iterable[Path]]

    def surroundings(self, parameters: dict) -> str:
        """Digest of what a result depends on besides arguments, voice and settings."""
        code = code_digest(), function_digest(self.function)
        parts = [*code, *map(files_digest, self.reads(parameters))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def run_unit(
    measurement: Measurement,
    parameters: dict,
    voice_digest: str,
    surroundings: str,
    settings: dict,
) -> Outcome:
    """Run a measurement. What it raises becomes the error of the outcome, or its bug.

    Args:
        measurement: which.
        parameters: its arguments.
        voice_digest: of the voice that `parameters["voice"]` has to name on this machine, too.
        surroundings: that this machine has to have, too.
        settings: for `tensix.use`, where they are not its defaults.
    """
    start = perf_counter()
    rows, error, bug = [], None, None
    try:
        if (there := digest_here(parameters)) != voice_digest:
            raise ArgumentError(
                f"voice {parameters['voice']!r} has weights {there[:12]} on this worker, the sweep "
                f"is about {voice_digest[:12]}: install the same voice"
            )
        if measurement.surroundings(parameters) != surroundings:
            raise ArgumentError(
                f"this worker has other code, packages or data than the sweep ({code_label()} "
                "here): install the same; where code was edited meanwhile, start Python again"
            )
        with _used(settings):
            rows = _rows(measurement.function(**parameters))
    except (LightningError, OSError) as caught:
        place = traceback.extract_tb(caught.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        error = " ".join(f"{type(caught).__name__}: {caught} ({where})".split())
    except Exception:
        bug = traceback.format_exc()
    return Outcome(rows, error, bug, perf_counter() - start, code_label())


@contextmanager
def _used(settings: dict) -> Iterator[None]:
    if not settings:  # a unit that needs no torch need not wait for it
        yield
        return
    from lightning_v2 import tensix

    with tensix.use(**settings):
        yield


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
