"""The plan that ships is the one that the stored search found and the stored check judged."""

import pytest

import lightning_v2 as lv2
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import fitted
from lightning_v2.precision.moves import precisions_of
from lightning_v2.resources import held_out_texts
from lightning_v2.search.plans.search_record import SearchRecord


@pytest.fixture(scope="module")
def lark():
    return lv2.load("lark")


@pytest.fixture(scope="module")
def shipped(lark):
    return fitted(Plan.load("lightning-v2"), voice_sites(lark))


def test_the_search_found_what_ships(lark, shipped):
    record = SearchRecord.load("lark")
    assert record.search.verdict == "equivalent"
    assert record.voice_digest == lark.digest
    found, sites = record.search.best.plan, voice_sites(lark)
    assert found.adapted == shipped.adapted
    ours, theirs = precisions_of(shipped, sites), precisions_of(found, sites)
    for site in sites:
        if site.macs:
            assert theirs[site.name].math_fidelity == ours[site.name].math_fidelity, site.name
        if site.weights:
            assert theirs[site.name].weights == ours[site.name].weights, site.name


def test_sentences_of_the_verdict_chose_nothing():
    record = SearchRecord.load("lark")
    assert len(record.search.check.sentences) >= 100
    texts = held_out_texts()
    judged = {texts[name] for name in record.search.check.sentences}
    assert not judged & set(record.search.bench.sentences)
