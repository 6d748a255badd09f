"""Where plans are tried: some sentences of a voice, measured through the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
import pandas as pd

from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.model import Speech
from lightning_v2.precision import Plan
from lightning_v2.search.plans.own_loss import OWN, column_of, is_own, metric_name
from lightning_v2.search.plans.quality import METRIC_NAMES, PROSODY, badness, loss
from lightning_v2.search.sweep.cluster import connected
from lightning_v2.search.sweep.measurements import plan_text
from lightning_v2.search.sweep.settings import Settings
from lightning_v2.search.sweep.sweep import Unit, sweep


class SearchError(LightningError, RuntimeError):
    """A search that cannot go on: plans could not be measured."""


@dataclass(frozen=True)
class Bench(Settings):
    """How plans are measured, besides the settings.

    Attributes:
        sentences: texts.
        folder: of results. What is there is not computed again.
        metric: one of `quality.METRIC_NAMES`, or a loss of one's own: a function of two `Speech`,
            that of float32 and that of a plan with its durations and F0, that returns a number of
            which less is better, or FILE.py:FUNCTION. It becomes the column `score`.

    Raises:
        ArgumentError: there is no such metric, or there are no sentences.
    """

    sentences: tuple[str, ...]
    folder: Path | str
    metric: str | Callable[[Speech, Speech], float] = "loss"

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "folder", Path(self.folder))
        object.__setattr__(self, "metric", metric_name(self.metric))
        badness(self.metric, 0.0)
        if not self.sentences:
            raise ArgumentError("no sentences: a plan is measured on at least one")

    @contextmanager
    def open(self) -> Iterator[Bench]:
        """A bench with workers that stay for as long as the context: rounds need not start them.

        Raises:
            ClusterError: no scheduler, or no worker, answers.
        """
        with connected(self.scheduler, self.workers, self.workers or joblib.cpu_count()) as client:
            yield replace(self, scheduler=client.scheduler.address, workers=None)

    def measure(self, plans: Sequence[Plan]) -> pd.DataFrame:
        """Means over the sentences: a row a plan, in order.

        Returns:
            A column for each of `METRIC_NAMES`, `own` for a loss of one's own, and `score`: of the
            metric, less is better.

        Raises:
            SearchError: some could not be measured.
        """
        texts = [plan_text(plan) for plan in plans]
        rows = sweep(
            [unit for text in dict.fromkeys(texts) for unit in self._units(text)],
            self.folder,
            scheduler=self.scheduler,
            workers=self.workers,
            progress=self.progress,
        )
        failed = rows[rows["error"].notna()]
        if len(failed):
            first = failed.iloc[0]
            raise SearchError(
                f"{len(failed)} of {len(rows)} units failed, for example {first['measurement']} "
                f"of {first['sentence']!r}: {first['error']}"
            )
        forced = _records(rows, "teacher_forced", [metric.name for metric in METRICS])
        records = forced.join(_records(rows, "prosody", list(PROSODY)))
        records["loss"] = loss(records)
        records = records[list(METRIC_NAMES)]
        if is_own(self.metric):
            records = records.join(_records(rows, "own_loss", [OWN]))
        bad = badness(self.metric, records[column_of(self.metric)])
        means = records.assign(score=bad).groupby(level="plan").mean()
        return means.loc[texts].reset_index(drop=True)

    def _units(self, plan: str) -> list[Unit]:
        given = {"plan": plan, "voice": self.voice, "tier": self.tier, "seed": self.seed}
        asked = {"teacher_forced": given, "prosody": given}
        if is_own(self.metric):
            asked["own_loss"] = {**given, "loss": self.metric}
        return [
            Unit(name, {"sentence": sentence, **parameters})
            for sentence in self.sentences
            for name, parameters in asked.items()
        ]


def _records(rows: pd.DataFrame, name: str, columns: list[str]) -> pd.DataFrame:
    chosen = rows[rows["measurement"] == name].set_index(["plan", "sentence"])
    return chosen.reindex(columns=columns).astype(float)
