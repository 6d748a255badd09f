"""What a page says of a search that is stored, and of one that is not."""

from dataclasses import dataclass, replace

import pytest

from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.chapters.find_a_plan.stored_search import StoredSearch
from lightning_v2.search.plans.search_record import SearchRecord
from tests.search.searches import made_search


@dataclass(frozen=True)
class Named:
    """As much of a voice as a record is held against."""

    name: str
    digest: str = "abc"


@pytest.fixture
def record():
    return SearchRecord(made_search(), "lark", "abc", {"time": "now", "commit": "c"})


def test_the_verdict_comes_first(record):
    stored = StoredSearch(Named("lark"), record)
    first, second, *_ = stored.lines()
    assert first.startswith("bf16 for lark: ")
    assert "2 plans were tried, and 1 of them meet what was asked (lofi_share >= 0.95)" in second
    assert "commit c" in stored._repr_html_() and "benchmarks/search.py" in stored._repr_html_()
    assert not any("other weights" in line for line in stored.lines())


def scored(record, adapted, *scores):
    search = record.search
    base = replace(search.base, adapted=adapted)
    trials = search.trials.assign(score=scores)
    return replace(record, search=replace(search, base=base, trials=trials))


def test_why_a_lower_plan_loses_less_than_the_base(record):
    learned = repr(StoredSearch(Named("lark"), scored(record, "low", 5.0, 3.0)))
    assert "speak with the weights low, which have learned what LoFi does to them" in learned
    chance = repr(StoredSearch(Named("lark"), scored(record, "", 5.0, 3.0)))
    assert "all is higher: durations and F0 that are predicted" in chance
    assert "loses less" not in repr(StoredSearch(Named("lark"), scored(record, "low", 1.0, 3.0)))


def test_other_weights_are_told(record):
    stored = StoredSearch(Named("lark", "another"), record)
    assert stored.lines()[-1] == "It was made with other weights than the voice has now."


def test_figures(record):
    stored = StoredSearch(Named("lark"), record)
    assert isinstance(stored.quality_against_cost(), Picture)
    forest = stored.forest()
    assert isinstance(forest, Picture)
    (axes,) = forest.figure.axes
    assert [text.get_text() for text in axes.texts] == ["teacher-forced"]
    assert stored.trials().frame["plan"].tolist() == ["0", "1 (best)"]
    assert "limit" in stored.endpoints().frame
    assert stored.losses().frame["sites"].tolist() == ["a.*"]


def test_nothing_stored():
    stored = StoredSearch.of(Named("nobody"))
    assert stored.lines() == ["No search is stored for voice nobody."]
    shown = (stored.quality_against_cost(), stored.trials(), stored.losses(), stored.forest())
    assert all(isinstance(one, Note) for one in (*shown, stored.endpoints()))
    assert "No search is stored" in stored._repr_html_()
