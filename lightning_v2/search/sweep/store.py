"""Finished units in a folder of Parquet files.

    units/KEY.parquet                 one unit, written whole as soon as it has finished
    parts/MEASUREMENT-DIGEST.parquet  many units of one measurement, made of the former

A row is one row of a result, with its key, its place in the result, the parameters as JSON and what
is known of how it came about. Several processes may use a folder at the same time.
"""

import fcntl
import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import parquet as pq

from lightning_v2.errors import ArgumentError, LightningWarning
from lightning_v2.files import written_whole

_SCHEMA = pa.schema(
    {
        "key": pa.string(),
        "measurement": pa.string(),
        "parameters": pa.string(),
        "row": pa.int64(),
        "error": pa.string(),
        "seconds": pa.float64(),
        "code": pa.string(),
    }
)
COLUMNS = tuple(_SCHEMA.names)
"""Those of every result; a measurement cannot return others of these names. `row` is -1 where a
unit has no rows: one that failed (its `error` says why), or one whose result is an empty list.
`seconds` is wall time on the worker, `code` the `identity.code_label` that computed it."""

_MOST_PARTS = 8
"""So many parts of a measurement lie side by side before they are made one."""


class DamagedWarning(LightningWarning):
    """A file of results cannot be read; its units run again."""


class Results:
    """The results in one folder, which is made if need be."""

    def __init__(self, folder: Path):
        self._units, self._parts = folder / "units", folder / "parts"
        for path in (self._units, self._parts):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = folder / ".lock"

    def write(
        self,
        key: str,
        measurement: str,
        parameters: dict,
        rows: list[dict],
        error: str | None,
        seconds: float,
        code: str,
    ) -> None:
        """Keep what came of one unit."""
        count = max(1, len(rows))
        common = {
            "key": [key] * count,
            "measurement": [measurement] * count,
            "parameters": [json.dumps(parameters, sort_keys=True)] * count,
            "row": list(range(count)) if rows else [-1],
            "error": [error] * count,
            "seconds": [seconds] * count,
            "code": [code] * count,
        }
        table = pa.table(common, schema=_SCHEMA)
        for name in dict.fromkeys(name for row in rows for name in row):
            table = table.append_column(name, pa.array([row.get(name) for row in rows]))
        _write(self._units / f"{key}.parquet", table)

    def finished(self, keys: Iterable[str]) -> set[str]:
        """Which of the units have a result; those that failed have none."""
        best = self._best(set(keys), columns=["key", "error"])
        return {key for key, table in best.items() if not table["error"][0].is_valid}

    def load(self, keys: Iterable[str]) -> pd.DataFrame:
        """All rows of these units, the units in the order of `keys`; failed ones among them."""
        keys = list(dict.fromkeys(keys))
        best = self._best(set(keys))
        frames = [best[key].to_pandas() for key in keys if key in best]
        if not frames:
            return _SCHEMA.empty_table().to_pandas()
        return pd.concat(frames, ignore_index=True)

    def of_other_code(self, code: str) -> int:
        """How many units have a result by other code than `code`; `load` gives none of them away,
        because their keys are others, too."""
        return sum(
            table["code"][0].as_py() != code and not table["error"][0].is_valid
            for table in self._best(None, columns=["key", "error", "code"]).values()
        )

    def compact(self) -> None:
        """Make parts of the units that lie alone, and one part of too many."""
        with self._locked(fcntl.LOCK_EX):
            loose: dict[str, list[Path]] = {}
            for path in sorted(self._units.glob("*.parquet")):
                table = _read(path, ["measurement"], None)
                if table is not None:
                    loose.setdefault(table["measurement"][0].as_py(), []).append(path)
            for measurement, paths in loose.items():
                parts = sorted(self._parts.glob(f"{measurement}-*.parquet"))
                self._merge(measurement, [*(parts if len(parts) >= _MOST_PARTS else ()), *paths])

    def _merge(self, measurement: str, paths: list[Path]) -> None:
        tables = [table for path in paths if (table := _read(path, None, None)) is not None]
        best = _best(tables)
        name = hashlib.sha256("".join(sorted(best)).encode()).hexdigest()[:16]
        target = self._parts / f"{measurement}-{name}.parquet"
        if target.exists() and (older := _read(target, None, None)) is not None:
            best = _best([older, *tables])
        # One measurement may return a number here and a word there: such units stay alone.
        with suppress(pa.ArrowTypeError, pa.ArrowInvalid):
            _write(target, pa.concat_tables(best.values(), promote_options="permissive"))
            for path in paths:
                if path != target:
                    path.unlink(missing_ok=True)

    def _best(self, keys: set[str] | None, columns: list[str] | None = None) -> dict[str, pa.Table]:
        """The rows of each of the keys, of all there are if None."""
        with self._locked(fcntl.LOCK_SH):
            loose = sorted(self._units.glob("*.parquet"))
            if keys is not None:
                loose = [path for path in loose if path.stem in keys]
            paths = [*sorted(self._parts.glob("*.parquet")), *loose]
            tables = (_read(path, columns, keys) for path in paths)
            return _best(table for table in tables if table is not None)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with open(self._lock, "a") as file:
            fcntl.flock(file, how)
            yield


def _best(tables: Iterable[pa.Table]) -> dict[str, pa.Table]:
    """The rows of each key: those of the last table, but no failure in place of a result."""
    best: dict[str, pa.Table] = {}
    for table in tables:
        for key, piece in _by_key(table):
            if key not in best or not piece["error"][0].is_valid or best[key]["error"][0].is_valid:
                best[key] = piece
    return best


def _by_key(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Rows of one key always lie side by side."""
    keys = table["key"].to_pylist()
    start = 0
    for stop in range(1, len(keys) + 1):
        if stop == len(keys) or keys[stop] != keys[start]:
            yield keys[start], table.slice(start, stop - start)
            start = stop


def _write(path: Path, table: pa.Table) -> None:
    with written_whole(path) as part:
        pq.write_table(table, part, compression="zstd", write_page_checksum=True)


def _read(path: Path, columns: list[str] | None, keys: set[str] | None) -> pa.Table | None:
    """The rows of `keys` (None: all) in a file; None if it is damaged, and then it is moved aside.

    Whole pages are read and verified before rows are chosen: a reader that filters would skip
    those it does not need.
    """
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read(columns)
        if columns is None and table.schema.names[: len(COLUMNS)] != list(COLUMNS):
            raise ArgumentError("its columns are not those of results")
    except (OSError, ArgumentError, pa.ArrowException) as error:
        aside = path.with_name(f"{path.name}.damaged")
        with suppress(FileNotFoundError):
            path.replace(aside)
        what = str(error).partition("\n")[0]
        message = f"{path} is damaged ({what}): moved to {aside.name}, its units run again"
        warnings.warn(message, DamagedWarning, stacklevel=2)
        return None
    if keys is None:
        return table
    return table.filter(pc.is_in(table["key"], pa.array(sorted(keys), pa.string())))
