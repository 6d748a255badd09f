"""Claims of shares, counted in every way."""

from lightning_v2.chapters.find_a_plan.claims import claim_sheet
from lightning_v2.precision import Plan
from lightning_v2.tensix.numbers.sites import Site


def linear(name, m, k, n):
    return Site(name, "linear", m * k * n, k * n, n, 1, ((1, m, k), (n, k), (n,), (1, m, n)))


def test_the_same_plan_may_keep_a_claim_by_sites_and_not_by_weight():
    sites = [*(linear(f"small.{i}", 64, 32, 32) for i in range(39)), linear("large", 64, 512, 512)]
    plan = Plan.parse(
        "default: {math_fidelity: LoFi, weights: bfloat8_b}\n"
        "rules: [{sites: large, math_fidelity: HiFi4, weights: bfloat4_b}]"
    )
    frame = claim_sheet(plan.coverage(sites)).frame
    lofi = frame[frame["claim"] == "> 95 % of the layers in LoFi"]
    assert lofi["of what"].iloc[0] == "40 sites of the matrix engine"
    assert lofi["this plan (%)"].iloc[0] == "97.5"
    assert lofi["above the claim"].tolist() == ["yes", "no", "no"]
    alone = frame[frame["claim"] == "> 80 % in BFP8"]
    assert alone["above the claim"].tolist() == ["yes", "no", "no"]
    smaller = frame[frame["claim"] == "> 80 % in BFP8 or smaller"]
    assert smaller["above the claim"].tolist() == ["yes", "yes", "yes"]


def test_a_share_that_is_just_the_claim_is_not_above_it():
    sites = [linear(f"site.{i}", 64, 64, 64) for i in range(20)]
    plan = Plan.parse(
        "default: {math_fidelity: LoFi}\nrules: [{sites: site.7, math_fidelity: HiFi4}]"
    )
    lofi = claim_sheet(plan.coverage(sites)).frame.iloc[0]
    assert (lofi["this plan (%)"], lofi["above the claim"]) == ("95.0", "no")


def test_a_plan_without_bfloat4_has_no_two_rows_that_say_the_same():
    sites = [linear(f"site.{i}", 64, 64, 64) for i in range(5)]
    sheet = claim_sheet(
        Plan.parse("default: {math_fidelity: LoFi, weights: bfloat8_b}").coverage(sites)
    )
    assert not sheet.frame.duplicated(["of what", "this plan (%)", "above the claim"]).any()
    assert set(sheet.frame["claim"]) == {"> 95 % of the layers in LoFi", "> 80 % in BFP8"}
    assert "Nothing is in bfloat4_b" in sheet.caption
