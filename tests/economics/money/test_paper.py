import pytest

from lightning_v2.economics.money.paper import Claim


def test_the_papers_figures_follow_from_its_inputs():
    claim = Claim()
    assert claim.l40s_cards == 11
    assert claim.p150_throughput == pytest.approx(0.404, abs=5e-4)
    assert claim.cards == 27
    assert claim.p100_per_dollar == pytest.approx(3.6, abs=0.05)
    table = claim.table().set_index("card")
    assert table.loc["P150", "usd"] == 37_800
    assert table.loc["P100", "usd"] == 27_000
    assert table["times_cheaper"].tolist() == pytest.approx([1.0, 2.6, 3.64])


def test_the_headline_stands_on_a_card_that_was_not_measured():
    table = Claim().table().set_index("card")
    assert "not measured" in table.loc["P100", "kind"]
    assert table["times_cheaper"].idxmax() == "P100"
