"""Many units of work, each run once: what is there already is not computed again.

    @measurement("loudness")
    def loudness(voice, sentence, plan): return {"loudness_lufs": …}

    table = sweep([Unit("loudness", {"voice": "lark", …}), …], "build/sweep")

In a script, call `sweep` below `if __name__ == "__main__":`, because workers are new processes that
import the script.
"""

from __future__ import annotations

import functools
import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lightning_v2.errors import ArgumentError, LightningWarning
from lightning_v2.progress import bar
from lightning_v2.search.sweep.cluster import connected
from lightning_v2.search.sweep.store import COLUMNS, Results
from lightning_v2.search.sweep.voices import digest_of
from lightning_v2.search.sweep.worker import Measurement, Outcome, run_unit

if TYPE_CHECKING:
    from distributed import Client
    from tqdm import tqdm


class SweepWarning(LightningWarning):
    """Units failed; their rows say why."""


class UnitBug(RuntimeError):
    """A measurement raised what it never does on purpose; the message is the worker's traceback.

    A mistake in the code, and so no `LightningError`.
    """


_registered: dict[str, Measurement] = {}


def nothing(parameters: dict) -> tuple[Path, ...]:
    """What a measurement reads that lives by its arguments."""
    return ()


def measurement(
    name: str, reads: Callable[[dict], Iterable[Path]] = nothing
) -> Callable[[Callable], Callable]:
    """Decorator that registers a function of JSON arguments.

    It returns a dict, or a list of dicts, of numbers and words. An argument `voice` names a voice:
    its weights then belong to the identity of a unit. So do this library, the packages below it,
    and the file that defines the function; not what that imports from outside this library. What it
    raises on purpose is a `LightningError`; of an OSError, too, only its unit fails.

    Args:
        name: of the measurement.
        reads: at the top level of a module; arguments -> files and folders that belong to the
            identity as well.
    """

    def register(function: Callable) -> Callable:
        _registered[name] = Measurement(name, function, reads)
        return function

    return register


def _settings() -> dict[str, Any]:
    from lightning_v2.tensix.numbers.configuration import Settings, settings

    usual, found = Settings().decisive, settings().decisive
    return {name: value for name, value in found.items() if value != usual.get(name)}


@dataclass(frozen=True)
class Unit:
    """One call of a measurement.

    Attributes:
        measurement: its name.
        parameters: its arguments, all JSON.
        settings: of `tensix.use` that it runs under, where they are not the defaults; those around
            this call if not given.
    """

    measurement: str
    parameters: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=_settings)

    @functools.cached_property
    def key(self) -> str:
        """Digest of everything that decides the result: measurement, parameters, settings, voice
        and code.

        Raises:
            ArgumentError: there is no such measurement.
            TypeError: a parameter is no JSON, or has the name of a column of every result.
        """
        if taken := sorted(set(self.parameters) & set(COLUMNS)):
            raise TypeError(f"a parameter cannot be named {taken[0]!r}: a column of every result")
        given = self.voice_digest, self.parameters, self.settings
        what = [self.entry.name, self.surroundings, *given]
        try:
            text = json.dumps(what, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(f"parameters of {self.measurement} are no JSON: {error}") from error
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    @property
    def entry(self) -> Measurement:
        if self.measurement not in _registered:
            known = ", ".join(sorted(_registered)) or "none"
            raise ArgumentError(f"no measurement {self.measurement!r}; known are {known}")
        return _registered[self.measurement]

    @functools.cached_property
    def voice_digest(self) -> str:
        """SHA-256 of the weights of the voice among the parameters, "" if there is none."""
        return digest_of(self.parameters)

    @functools.cached_property
    def surroundings(self) -> str:
        """See `Measurement.surroundings`."""
        return self.entry.surroundings(self.parameters)


def sweep(
    units: Iterable[Unit],
    folder: str | Path,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Run the units that `folder` has no result of, and return the rows of all of them.

    Results of other code stay where they are and are not used: see `Results.of_other_code`.

    A unit that fails is a row with an `error`, is reported by a `SweepWarning`, and is run again by
    the next sweep. A worker that dies costs its unit, which runs again on another one. Every
    result is kept as soon as it is there: an interrupted sweep goes on where it was.

    Args:
        units: each is run once, however often it occurs.
        folder: of results, as Parquet files; made if need be. Sweeps may share it.
        scheduler: address of a Dask scheduler, "tcp://host:port", whose workers have this library
            installed; None for processes of this machine.
        workers: how many of the latter, each with one thread; one a core if not given.
        progress: show a bar.

    Returns:
        In the order of the units: `key`, `measurement`, a column for each parameter, those of the
        results, `error` (missing where all went well), `seconds` and `code`.

    Raises:
        ArgumentError, TypeError: a unit that cannot run, or a result named like a parameter.
        ClusterError: no scheduler or no worker answers.
        UnitBug: a mistake in a measurement; what had finished before is kept.
    """
    (rows,) = sweep_in_parts(
        [units], folder, scheduler=scheduler, workers=workers, progress=progress
    )
    return rows


def sweep_in_parts(
    parts: Sequence[Iterable[Unit]],
    folder: str | Path,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Iterator[pd.DataFrame]:
    """Like `sweep`, the rows of each part as soon as it has run.

    Whoever has seen enough asks for no more: what comes after it does not run.
    """
    wanted = [{unit.key: unit for unit in part} for part in parts]
    results = Results(Path(folder))
    with ExitStack() as stack:
        client = None
        for place, units in enumerate(wanted):
            done = results.finished(units)
            missing = [unit for key, unit in units.items() if key not in done]
            try:
                if missing:
                    if client is None:
                        left = {key for part in wanted[place:] for key in part}
                        most = len(left.difference(results.finished(left)))
                        client = stack.enter_context(connected(scheduler, workers, most))
                    with bar(len(units), "unit", done=len(done), shown=progress) as shown:
                        _run(missing, results, client, shown)
            finally:
                results.compact()
            yield _table(units, results)


def _run(units: list[Unit], results: Results, client: Client, shown: tqdm) -> None:
    failed = []
    for unit, outcome in _outcomes(client, units):
        if outcome.bug:
            raise UnitBug(f"{unit.measurement} of {unit.parameters}:\n{outcome.bug}")
        results.write(
            unit.key,
            unit.measurement,
            unit.parameters,
            outcome.rows,
            outcome.error,
            outcome.seconds,
            outcome.code,
        )
        if outcome.error:
            failed.append(f"{unit.measurement}: {outcome.error}")
            shown.set_postfix_str(f"{len(failed)} failed", refresh=False)
        shown.update()
    if failed:
        message = f"{len(failed)} of {len(units)} units failed, for example {failed[0]}"
        warnings.warn(message, SweepWarning, stacklevel=4)


def _outcomes(client: Client, units: list[Unit]) -> Iterator[tuple[Unit, Outcome]]:
    """Each unit with what came of it, as they finish."""
    from distributed import as_completed

    waiting = {}
    for unit in units:
        future = client.submit(
            run_unit,
            unit.entry,
            unit.parameters,
            unit.voice_digest,
            unit.surroundings,
            unit.settings,
            key=f"{unit.measurement}-{unit.key}",
        )
        waiting[future] = unit
    for future in as_completed(list(waiting)):
        unit = waiting.pop(future)
        # What a measurement raises is in its outcome: this is a worker that died again and again,
        # or one that cannot import the library.
        error = future.exception()
        outcome = Outcome([], _in_words(error)) if error else future.result()
        future.release()
        yield unit, outcome


def _in_words(error: BaseException) -> str:
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return f"KilledWorker: each of {error.allowed_failures + 1} workers that ran it died"
    return " ".join(f"{type(error).__name__}: {error}".split())


def _table(units: dict[str, Unit], results: Results) -> pd.DataFrame:
    rows = results.load(units)
    names = list(dict.fromkeys(name for unit in units.values() for name in unit.parameters))
    measured = [name for name in rows.columns if name not in COLUMNS]
    if both := sorted(set(names) & set(measured)):
        raise ArgumentError(f"{both[0]!r} is the name of a parameter and of a result")
    given = {
        name: pd.Series([units[key].parameters.get(name) for key in rows["key"]], dtype=object)
        for name in names
    }
    head = rows[["key", "measurement"]]
    tail = rows[[*measured, "row", "error", "seconds", "code"]]
    # An empty list of rows is a result, but it has none.
    return pd.concat([head, pd.DataFrame(given), tail], axis=1)[
        (rows["row"] >= 0) | rows["error"].notna()
    ].reset_index(drop=True)
