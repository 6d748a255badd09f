"""A search that was written is read again, and what is no record is refused."""

import json

import pytest

from lightning_v2.chapters.find_a_plan.find_figures import quality_against_cost, trial_sheet
from lightning_v2.search.plans.search_record import SearchRecord, SearchRecordError, to_dict
from tests.search.searches import made_search


@pytest.fixture
def search():
    return made_search()


@pytest.fixture
def stored(search, tmp_path):
    path = tmp_path / "lark.json"
    path.write_text(json.dumps(to_dict(search, "abc") | {"time": "now", "commit": "c"}))
    return path


def test_what_was_written_is_read(search, stored):
    record = SearchRecord.load(stored)
    found = record.search
    assert (record.voice, record.voice_digest) == ("lark", "abc")
    assert record.origin == {"time": "now", "commit": "c"}
    assert found.best.plan.digest == search.best.plan.digest
    assert found.best.figures == search.best.figures
    assert found.check == search.check and found.verdict == search.verdict
    assert found.constraints == search.constraints and found.provenance == search.provenance


def test_figures_of_a_record_are_those_of_the_search(search, stored):
    found = SearchRecord.load(stored).search
    assert trial_sheet(found).frame.equals(trial_sheet(search).frame)
    assert quality_against_cost(found).alt == quality_against_cost(search).alt


def test_what_is_no_record(tmp_path):
    path = tmp_path / "other.json"
    for content in ("{}", "[]", "nothing"):
        path.write_text(content)
        with pytest.raises(SearchRecordError, match="no record of a search"):
            SearchRecord.load(path)
    with pytest.raises(FileNotFoundError):
        SearchRecord.load("nobody")
