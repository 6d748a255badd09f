"""Every plan that a search has tried, and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from lightning_v2.files import written_whole
from lightning_v2.precision import Plan
from lightning_v2.precision.moves import Move, Precisions, applied, plan_of
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.constraints import Constraints, Figures
from lightning_v2.tensix.numbers.sites import Site

Choice = frozenset[int]
"""Which moves of a space are made, by their places."""


@dataclass(frozen=True, eq=False)
class Space:
    """What a search chooses from.

    Attributes:
        start: how sites run that no move turns low.
        moves: of one site with several the later one wins.
        sites: of the voice.
        constraints: of the plans that are wanted.
        adapted: weights that the voice speaks with, see `Plan`.
    """

    start: Precisions
    moves: tuple[Move, ...]
    sites: tuple[Site, ...]
    constraints: Constraints
    adapted: str = ""
    _figures: dict[Choice, Figures] = field(default_factory=dict, init=False)

    @property
    def everything(self) -> Choice:
        """All moves."""
        return frozenset(range(len(self.moves)))

    def precisions(self, choice: Choice) -> Precisions:
        return applied(self.start, [self.moves[index] for index in sorted(choice)])

    def plan(self, choice: Choice) -> Plan:
        return plan_of(self.precisions(choice), adapted=self.adapted)

    def figures(self, choice: Choice) -> Figures:
        if choice not in self._figures:
            self._figures[choice] = Figures.of(self.precisions(choice), self.sites)
        return self._figures[choice]

    def unmet(self, choice: Choice) -> tuple[str, ...]:
        """Names of constraints that do not hold."""
        return self.constraints.unmet(self.figures(choice))


@dataclass(frozen=True, eq=False)
class Trial:
    """One plan.

    Attributes:
        number: in the order of the search, from 0.
        strategy: that proposed it.
        choice: moves that it makes.
        plan: what was measured.
        figures: shares and modelled cost.
        unmet: constraints that do not hold.
        score: less is better, in units of the metric of the search.
        metrics: means over the sentences.
    """

    number: int
    strategy: str
    choice: Choice
    plan: Plan
    figures: Figures
    unmet: tuple[str, ...]
    score: float
    metrics: dict[str, float]


class Trials:
    """Measures plans and keeps what came of them, in `path` too if there is one."""

    def __init__(self, bench: Bench, space: Space, path: Path | None = None):
        self.space, self.all = space, []
        self._bench, self._path = bench, path
        self.verdicts: dict[int, str] = {}

    def run(self, strategy: str, choices: Iterable[Choice]) -> None:
        """Try plans that have not been tried yet, together.

        Raises:
            SearchError: see `Bench.measure`.
        """
        tried = {trial.choice for trial in self.all}
        new = [choice for choice in dict.fromkeys(choices) if choice not in tried]
        if not new:
            return
        plans = [self.space.plan(choice) for choice in new]
        found = self._bench.measure(plans)
        for choice, plan, row in zip(new, plans, found.to_dict("records"), strict=True):
            score = row.pop("score")
            figures, unmet = self.space.figures(choice), self.space.unmet(choice)
            number = len(self.all)
            self.all.append(Trial(number, strategy, choice, plan, figures, unmet, score, row))
        self.save()

    def best(self) -> Sequence[Trial]:
        """Those that meet all constraints, the best first; of equal ones the cheapest."""
        met = [trial for trial in self.all if not trial.unmet]
        return sorted(met, key=lambda trial: (trial.score, trial.figures.cycles, trial.number))

    def table(self) -> pd.DataFrame:
        """A row a trial.

        Columns: trial, strategy, meets (all constraints), verdict (of the equivalence test,
        "" where it was not asked), score, those of `Figures`, the means of all metrics, plan_digest
        and plan (YAML).
        """
        return pd.DataFrame(
            {
                "trial": trial.number,
                "strategy": trial.strategy,
                "meets": not trial.unmet,
                "verdict": self.verdicts.get(trial.number, ""),
                "score": trial.score,
                **vars(trial.figures),
                **trial.metrics,
                "plan_digest": trial.plan.digest,
                "plan": trial.plan.to_yaml(),
            }
            for trial in self.all
        )

    def save(self) -> None:
        """Write the table as Parquet, whole or not at all."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(self._path) as part:
            self.table().to_parquet(part, index=False)
