"""Shares and cost of a plan, and what is asked of them."""

import pytest

from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.moves import precisions_of
from lightning_v2.search.plans.constraints import Constraints, Figures
from lightning_v2.search.sweep.voices import voice


def test_figures_of_the_voice():
    sites = tuple(voice_sites(voice("lark")))
    found = {
        name: Figures.of(precisions_of(Plan.load(name), sites), sites)
        for name in ("bf16", "bfp8-lofi", "bfp4-lofi")
    }
    low = found["bfp8-lofi"]
    products = sum(site.macs > 0 for site in sites)
    assert low.lofi_share == pytest.approx(1 - 1 / products)  # all but F0
    assert low.bfp4_share == 0
    assert 0.98 < low.bfp8_share < 1
    assert low.weight_bytes == Plan.load("bfp8-lofi").coverage(list(sites)).weight_bytes
    assert found["bfp4-lofi"].bfp8_share == found["bfp4-lofi"].bfp4_share > 0.98
    ordered = [found[name].cycles for name in ("bfp4-lofi", "bfp8-lofi", "bf16")]
    assert ordered == sorted(set(ordered))


def test_constraints():
    figures = Figures(0.9, 0.8, 0.1, 1e6, 1000)
    wanted = Constraints(lofi_share=0.95, bfp8_share=0.8, cycles=999)
    assert wanted.unmet(figures) == ("lofi_share", "cycles")
    assert Constraints(0.9, 0.8, 0.1, 1000).unmet(figures) == ()
    assert str(wanted) == "bfp8_share >= 0.8, lofi_share >= 0.95, cycles <= 999"
    formats = [next(iter(low.values())) for low in Constraints(0.5, 0.5).lows()]
    assert formats == ["LoFi", "bfloat8_b"]
    assert len(Constraints(cycles=1).lows()) == 3
    assert Constraints(bfp4_share=0.5).lows() == [{"weights": "bfloat4_b"}]


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"lofi_share": 98}, "lofi_share is 98; legal are 0 to 1"), ({}, "no constraint")],
)
def test_constraints_refuse(given, reason):
    with pytest.raises(ValueError, match=reason):
        Constraints(**given)
