"""A planted site, found in as few steps as halving takes."""

import math
from dataclasses import replace

import pytest
from stubs import StubBench

from lightning_v2.precision import Plan, voice_sites
from lightning_v2.search.plans.bisect import first_break
from lightning_v2.search.sweep.voices import voice

GOOD = Plan.parse("{name: good, default: {math_fidelity: HiFi4}}")
BAD = Plan.parse("{name: bad, default: {math_fidelity: LoFi}}")


@pytest.fixture(scope="module")
def sites():
    return tuple(voice_sites(voice("lark")))


@pytest.mark.parametrize("place", [0, 1, 84, -1])
def test_the_planted_site_is_found(sites, place):
    planted = sites[place].name
    bench = StubBench(
        sites, {(planted, "LoFi"): 2.0, ("encoder.layers.2.attention.add", "LoFi"): 0.5}
    )
    found = first_break(bench, GOOD, BAD, 1.0)
    assert found.site == planted
    assert found.before < 1 < found.after
    halvings = bench.calls[1:]
    assert bench.calls[0] == 2 and set(halvings) == {1}
    assert len(halvings) <= math.ceil(math.log2(len(sites)))
    steps = found.steps
    assert steps.columns.tolist() == ["low_sites", "last_site", "loss", "breaks"]
    assert len(steps) == 2 + len(halvings)
    assert steps[steps.breaks].low_sites.min() == steps[~steps.breaks].low_sites.max() + 1


@pytest.mark.parametrize("good", [GOOD, replace(GOOD, adapted="theirs")])
def test_the_voice_speaks_with_the_weights_of_the_bad_plan(sites, good):
    bench = StubBench(sites, {(sites[5].name, "LoFi"): 2.0})
    first_break(bench, good, replace(BAD, adapted="mine"), 1.0)
    assert bench.adapted == {"mine"}


def test_sites_that_do_not_differ_are_no_steps(sites):
    names = [site.name for site in sites]
    bad = Plan.parse(
        "{name: bad, default: {math_fidelity: HiFi4}, rules: "
        "[{sites: [vocoder.cosines, vocoder.inverse_sines], math_fidelity: LoFi}]}"
    )
    bench = StubBench(sites, {(name, "LoFi"): 1.0 for name in names})
    found = first_break(bench, GOOD, bad, 1.5)
    assert found.site == "vocoder.inverse_sines"
    assert found.steps.low_sites.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("good", "bad", "threshold", "reason"),
    [
        (GOOD, GOOD, 1.0, "good and good say the same of every site"),
        (GOOD, BAD, -1.0, "good breaks already: loss is 0, not -1"),
        (GOOD, BAD, 3.0, "bad does not break: loss is 2, not 3"),
    ],
)
def test_nothing_to_find(sites, good, bad, threshold, reason):
    bench = StubBench(sites, {("vocoder.cosines", "LoFi"): 2.0})
    with pytest.raises(ValueError, match=reason):
        first_break(bench, good, bad, threshold)


def test_a_value_that_is_not_a_number_breaks(sites):
    bench = StubBench(sites, {("vocoder.cosines", "LoFi"): float("nan")})
    assert first_break(bench, GOOD, BAD, 1.0).site == "vocoder.cosines"
