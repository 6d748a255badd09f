"""What the equivalence test has said of a plan that is shipped, and what it has least left of."""

import html
from dataclasses import dataclass
from pathlib import Path

from lightning_v2.analysis.metrics.endpoints import SIGNS
from lightning_v2.chapters.find_a_plan.check_figures import used_share
from lightning_v2.errors import MissingFileError
from lightning_v2.model import Voice
from lightning_v2.precision import Plan
from lightning_v2.search.check_record import Check
from lightning_v2.search.check_words import CheckWords


@dataclass(frozen=True, eq=False)
class Shipped:
    """A plan, whether it may be shipped with a voice, and why, in sentences.

    Attributes:
        plan, voice: at hand.
        record: None where nothing was ever stored.
    """

    plan: Plan
    voice: Voice
    record: Check | None

    @classmethod
    def of(cls, plan: str | Path, voice: Voice) -> "Shipped":
        """With the record in data/checks/ of a plan.

        Raises:
            PlanError: the plan does not parse. RecordError: the file of its name is no record.
        """
        try:
            return cls(Plan.of(plan), voice, Check.load(plan))
        except MissingFileError:
            return cls(Plan.of(plan), voice, None)

    def lines(self) -> list[str]:
        """One sentence each, the verdict first."""
        what = f"What it is: {self.plan.description}"
        if self.record is None:
            name, voice = self.plan.name, self.voice.name
            return [
                f"{name}: not tested with voice {voice}.",
                what,
                f"To test it: lightning-v2 check {name} --voice {voice}",
            ]
        if foreign := self.record.differences(self.plan, self.voice):
            return [self._words.verdict, what, *foreign]
        return [self._words.verdict, what, *self._nearest(), self._reach()]

    def details(self) -> list[str]:
        """All else that the record says of itself."""
        if self.record is None:
            return []
        said = set(self.lines())
        others = [line for line in self._words.lines() if line not in said]
        return [*others, self.record.provenance]

    @property
    def _words(self) -> CheckWords:
        return CheckWords(self.record, self.plan, self.voice)

    def _nearest(self) -> list[str]:
        judged = [one for one in self.record.verdict.judged if one.bound == one.bound]
        if not judged:
            return []
        one = max(judged, key=lambda one: used_share(one.endpoint, one.bound))
        endpoint = one.endpoint
        return [
            f"Nearest to its limit: {endpoint.label} ({endpoint.run}), bound {one.bound:.4g} where "
            f"{SIGNS[endpoint.relation]} {endpoint.limit:g} {endpoint.unit} is asked.".replace(
                "  ", " "
            )
        ]

    def _reach(self) -> str:
        return (
            f"It is a verdict on {self.voice.name} alone: another voice needs a check of its own "
            "(see Your own voice, and Voices side by side)."
        )

    def __repr__(self) -> str:
        first, *others = [*self.lines(), *self.details()]
        return "\n".join([first, *(f"- {line}" for line in others)])

    def _repr_html_(self) -> str:
        first, *others = self.lines()
        more = self.details()
        folded = f"<details><summary>the record</summary>{_items(more)}</details>" if more else ""
        head = f"<p><strong>{html.escape(first)}</strong></p>"
        return f'<div class="findings">{head}{_items(others)}{folded}</div>'


def _items(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"
