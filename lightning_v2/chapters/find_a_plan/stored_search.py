"""A search that was made before, for a page that has no hours: what it tried and what it found."""

import html
from collections.abc import Callable
from dataclasses import dataclass

from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.chapters.find_a_plan import check_figures, find_figures
from lightning_v2.errors import MissingFileError
from lightning_v2.model import Voice
from lightning_v2.search.check_record import Check
from lightning_v2.search.check_words import CheckWords
from lightning_v2.search.plans.find import Search
from lightning_v2.search.plans.search_record import SearchRecord

_SHOWN_TRIALS = 8
_NOTHING = Note("")


@dataclass(frozen=True, eq=False)
class StoredSearch:
    """What data/searches/ keeps for a voice: in sentences as it displays itself, and as figures.

    Attributes:
        voice: at hand.
        record: None where there is none. Then its words say so, and figures and tables are empty.
    """

    voice: Voice
    record: SearchRecord | None

    @classmethod
    def of(cls, voice: Voice) -> "StoredSearch":
        """The record of a voice.

        Raises:
            SearchRecordError, RecordError: the file of this name is no record.
        """
        try:
            return cls(voice, SearchRecord.load(voice.name))
        except MissingFileError:
            return cls(voice, None)

    def lines(self) -> list[str]:
        """One sentence each, the most important first."""
        if self.record is None:
            return [f"No search is stored for voice {self.voice.name}."]
        search, tried = self.record.search, self.record.search.trials
        lines = [
            f"{len(tried)} plans were tried, and {int(tried['meets'].sum())} of them meet what was "
            f"asked ({search.constraints}); number {search.best.number} is what was found.",
        ]
        lines += _why_base_loses(search)
        if search.check is None:
            lines.append("The equivalence test was not asked.")
        else:
            lines = [CheckWords(search.check).verdict, *lines]
            lines += [f"Note: {note}." for note in search.check.notes]
        if self.record.voice_digest != self.voice.digest:
            lines.append("It was made with other weights than the voice has now.")
        return lines

    def __repr__(self) -> str:
        return "\n".join(f"- {line}" for line in self.lines())

    def _repr_html_(self) -> str:
        first, *others = map(html.escape, self.lines())
        items = "".join(f"<li>{line}</li>" for line in others)
        origin = f"<p><small>{html.escape(self._origin())}</small></p>" if self.record else ""
        return (
            f'<div class="findings"><p><strong>{first}</strong></p><ul>{items}</ul>{origin}</div>'
        )

    def _origin(self) -> str:
        origin = self.record.origin
        machine = origin.get("machine", {}).get("cpu", "unknown machine")
        return (
            f"{self.record.search.provenance}; made by benchmarks/search.py, {origin.get('time')}, "
            f"commit {origin.get('commit')}, {machine}"
        )

    def quality_against_cost(self) -> Picture | Note:
        """Every plan that was tried."""
        return self._drawn(find_figures.quality_against_cost)

    def trials(self) -> Sheet | Note:
        """The same as a table, the best first; most of it is folded away."""
        return self._drawn(_best_trials)

    def losses(self) -> Sheet | Note:
        """What each group of sites loses alone."""
        return self._drawn(find_figures.loss_sheet)

    def forest(self) -> Picture | Note:
        """The verdict on what was found, endpoint by endpoint."""
        return self._judged(check_figures.forest)

    def endpoints(self) -> Sheet | Note:
        """The same as a table."""
        return self._judged(check_figures.endpoint_sheet)

    def _drawn[T](self, draw: Callable[[Search], T]) -> T | Note:
        return draw(self.record.search) if self.record else _NOTHING

    def _judged[T](self, draw: Callable[[Check], T]) -> T | Note:
        check = self.record.search.check if self.record else None
        return draw(check) if check else _NOTHING


def _why_base_loses(search: Search) -> list[str]:
    """Why a plan that is lower than the base loses less, where it does."""
    trials = search.trials.set_index("trial")["score"]
    if not trials[search.best.number] < trials.iloc[0]:
        return []
    chance = (
        "durations and F0 that are predicted are part of the loss, where one rounding more or less "
        "may move the end of a phone"
    )
    first = search.trials["trial"].iloc[0]
    words = (
        f"It loses less than number {first} ({search.base.name}), where the search began and all "
        "is higher"
    )
    if not search.base.adapted:
        return [f"{words}: {chance}."]
    return [
        f"{words}: all plans here speak with the weights {search.base.adapted}, which have learned "
        f"what LoFi does to them and miss it in a higher fidelity; and {chance}."
    ]


def _best_trials(search: Search) -> Sheet:
    sheet = find_figures.trial_sheet(search)
    return Sheet(sheet.frame, sheet.caption, _SHOWN_TRIALS)
