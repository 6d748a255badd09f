"""Groups of sites that a search turns low together."""

import pytest

from lightning_v2.precision import voice_sites
from lightning_v2.precision.moves import groups
from lightning_v2.search.plans import find
from lightning_v2.voices import load
from tests.search.stubs import linear

DEEP = [f"dec.blocks.{i}.convs.{j}" for i in range(20) for j in range(6)]
SITES = [linear(name) for name in ["enc.proj", "linear1", "linear1_4", "head", *DEEP]]


def test_rooms_are_modules_and_together_all_products():
    globs = find.rooms(SITES)
    assert globs == ["enc.*", *(f"dec.blocks.{i}.*" for i in range(20)), "linear*", "head"]
    members = groups(SITES, {"math_fidelity": "LoFi"}, globs)
    assert sum(map(len, members.values())) == len(SITES)


def test_globs_that_a_voice_has_are_taken():
    assert find.rooms(SITES, preferred=["dec.*", "head"]) == ["dec.*", "head"]
    assert find.rooms(SITES, preferred=["dec.*", "decoder.*"])[0] == "enc.*"


def test_large_voices_are_searched_by_rooms(monkeypatch):
    for count, expected in ((find.MOST_ALONE, None), (find.MOST_ALONE + 1, ["a.*"])):
        many = [linear(f"a.b.{i}") for i in range(count)]
        monkeypatch.setattr(find, "voice_of", lambda name: name)
        monkeypatch.setattr(find, "voice_sites", lambda voice, many=many: many)
        monkeypatch.setattr(find, "ROOMS", 1)
        assert find.usual_globs("a voice") == expected


@pytest.mark.parametrize("name", ["lark", "hibari"])
def test_rooms_of_voices(name):
    sites = voice_sites(load(name))
    globs = find.rooms(sites)
    assert 3 < len(globs) < 40
    members = groups(sites, {"math_fidelity": "LoFi"}, globs)
    assert {s.name for s in sites if s.macs} <= {s.name for m in members.values() for s in m}
