"""What plans gain, from costs of programs made by hand."""

from dataclasses import replace

import pytest

import lightning_v2 as lv2
from lightning_v2.chapters.answer.gain import gain_figure, gain_sheet
from lightning_v2.chapters.time_and_money.purchase_question import PurchaseQuestion
from lightning_v2.economics.board import board
from lightning_v2.economics.money.prices import prices
from lightning_v2.economics.sentence import Cost, Stage
from lightning_v2.precision import Plan
from tests.economics.programs import elementwise, product

PLANS = ("bf16", "naive")


def cost(plan, batch):
    stages = (Stage("speech", "frames 256", batch, (product(), elementwise()), 2, 4000),)
    return Cost("lark", plan, board("p150"), batch, 2.5, stages)


@pytest.fixture
def asked():
    costs = {"p150": {plan: (cost(plan, 1), cost(plan, 64)) for plan in PLANS}}
    return PurchaseQuestion("p150", PLANS, costs, prices(), 0.25, 1000)


def test_shares_cycles_and_streams_a_plan(asked):
    sheet = gain_sheet(lv2.load(), list(map(Plan.load, PLANS)), asked)
    high, low = sheet.frame.to_dict("records")
    assert (high["plan"], low["plan"]) == PLANS
    assert (high["LoFi (% of matrix sites)"], low["LoFi (% of matrix sites)"]) == ("0.0", "100.0")
    assert float(low["constants (MB)"]) < float(high["constants (MB)"])
    assert high["of bf16's"] == "100%" and int(low["of bf16's"][:-1]) < 100
    assert (
        high["latency on p150, a sentence alone (ms)"] == f"{cost('bf16', 1).latency_s * 1e3:.2f}"
    )
    assert "streams on p150, 64 sentences at once" in sheet.frame
    assert "64 cores of Wormhole" in sheet.caption
    assert "not run on silicon" in sheet.caption
    assert "plans bf16 and naive, p150 (blackhole, " in sheet.caption
    assert ", batches 1 and 64, " in sheet.caption


def test_a_voice_that_no_device_runs_has_shares_alone(asked):
    nothing = replace(asked, costs={}, reason="no device runs it")
    sheet = gain_sheet(lv2.load(), list(map(Plan.load, PLANS)), nothing)
    assert sheet.caption.endswith("no device runs it")
    assert "cycles of products, Wormhole (thousand)" in sheet.frame
    assert not [name for name in sheet.frame if name.startswith("latency")]


def test_the_figure_has_all_of_the_time(asked):
    picture = gain_figure(asked)
    table = picture.data["times"]
    names = ["bf16, a sentence alone", "naive, a sentence alone"]
    names += ["bf16, 64 sentences at once", "naive, 64 sentences at once"]
    assert table["bar"].tolist() == names
    parts = table.filter(like="_ms").sum(axis=1)
    assert parts[0] == pytest.approx(cost("bf16", 1).latency_s * 1e3)
    assert parts[2] == pytest.approx(cost("bf16", 64).latency_s * 1e3 / 64)
    assert len(picture.image()) > 5000
