"""A search on disk: every plan that it tried, what it found, and the verdict on that.

Files in data/searches/ are made by benchmarks/search.py, so that a page can show a search that
took hours.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lightning_v2.errors import LightningError
from lightning_v2.precision import Plan
from lightning_v2.resources import data_path
from lightning_v2.search.check_record import Check
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.constraints import Constraints, Figures
from lightning_v2.search.plans.find import Search
from lightning_v2.search.plans.trials import Trial

_KEPT = ("trial", "strategy", "meets", "verdict", "score", *Figures.__dataclass_fields__)
"""Columns of the trials that are kept; the plans of all would fill megabytes."""

_LOSSES = ("group", "move", "lost", "pesq_wb_mos", "lsd_db")


class SearchRecordError(LightningError, ValueError):
    """A file that is no record of a search."""


@dataclass(frozen=True, eq=False)
class SearchRecord:
    """A search that was made before.

    Attributes:
        search: as `find.search` returned it. Its trials have no metrics and plans but the best one,
            its path is that of the record.
        voice: its name.
        voice_digest: SHA-256 of its weights then.
        origin: time, commit and machine.
    """

    search: Search
    voice: str
    voice_digest: str
    origin: Mapping[str, Any]

    @classmethod
    def load(cls, voice: str | Path) -> "SearchRecord":
        """That of a voice in data/searches/ by its name, or a JSON file by its path.

        Raises:
            MissingFileError: there is none.
            SearchRecordError: the file holds no search. RecordError: nor a check.
        """
        path = Path(voice)
        if path.suffix != ".json":
            path = data_path("searches", f"{str(voice).replace(':', '-')}.json")
        try:
            return _read(json.loads(path.read_text(encoding="utf-8")), path)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, LightningError):
                raise
            raise SearchRecordError(f"{path}: no record of a search: {error}") from error


def to_dict(search: Search, digest: str) -> dict[str, Any]:
    """A search as JSON; what `SearchRecord.load` reads. digest: of the voice's weights."""
    best, bench = search.best, search.bench
    return {
        "kind": "emulated",
        "voice": {"name": bench.voice, "digest": digest},
        "tier": bench.tier,
        "seed": bench.seed,
        "sentences": list(bench.sentences),
        "metric": bench.metric,
        "strategy": search.strategy,
        "constraints": asdict(search.constraints),
        "base": search.base.to_yaml(),
        "best": {"trial": best.number, "plan": best.plan.to_yaml()},
        "trials": _rows(search.trials, _KEPT),
        "losses": _rows(search.losses, _LOSSES),
        "check": None if search.check is None else search.check.to_dict(),
    }


def _rows(table: pd.DataFrame, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    return json.loads(table[list(columns)].to_json(orient="records", double_precision=6))


def _read(content: Mapping[str, Any], path: Path) -> SearchRecord:
    voice, stated = content["voice"], content["best"]
    trials, losses = (pd.DataFrame(content[name]) for name in ("trials", "losses"))
    row = trials.set_index("trial").loc[stated["trial"]]
    figures = Figures(**{name: row[name] for name in Figures.__dataclass_fields__})
    best = Trial(
        number=stated["trial"],
        strategy=row["strategy"],
        choice=frozenset(),
        plan=Plan.parse(stated["plan"]),
        figures=figures,
        unmet=() if row["meets"] else ("",),
        score=float(row["score"]),
        metrics={},
    )
    bench = Bench(
        tuple(content["sentences"]),
        path.parent,
        content["metric"],
        voice=voice["name"],
        tier=content["tier"],
        seed=content["seed"],
        progress=False,
    )
    search = Search(
        best=best,
        check=Check.from_dict(content["check"]) if content["check"] else None,
        trials=trials,
        losses=losses,
        bench=bench,
        base=Plan.parse(content["base"]),
        constraints=Constraints(**content["constraints"]),
        strategy=content["strategy"],
        path=path,
    )
    origin = {name: content[name] for name in ("time", "commit", "machine") if name in content}
    return SearchRecord(search, voice["name"], voice["digest"], origin)
