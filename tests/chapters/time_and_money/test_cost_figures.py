"""Figures and tables of notebook 10, from costs of programs made by hand."""

from dataclasses import replace

import pytest

from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.chapters.time_and_money import cost_figures, cost_tables, purchase_question
from lightning_v2.chapters.time_and_money.purchase_question import PurchaseQuestion
from lightning_v2.economics.board import board
from lightning_v2.economics.constants import constants
from lightning_v2.economics.money.prices import prices
from lightning_v2.economics.sentence import Cost, Stage
from lightning_v2.errors import ArgumentError
from tests.economics.programs import elementwise, product

BATCHES = (1, 8)
FIGURES = (cost_figures.sentence_time, cost_figures.batches, cost_figures.dram)
SHEETS = (cost_tables.programs, cost_tables.what_a_plan_buys, cost_tables.purchase_sheet)


def cost(on="p150", plan="lightning-v2", batch=1):
    stages = (
        Stage("encode", "phones 64", batch, (product(),), 2, 4000, 1, 1000, (5000,)),
        Stage("speech", "frames 256, phones 64", batch, (product(), elementwise())),
    )
    return Cost("lark", plan, board(on), batch, 2.5, stages)


def several(on, plan):
    return {plan: tuple(cost(on, plan, batch) for batch in BATCHES)}


@pytest.fixture
def asked():
    costs = {
        "p150": several("p150", "lightning-v2") | several("p150", "bf16"),
        "n150": several("n150", "lightning-v2"),
    }
    return PurchaseQuestion("p150", ("lightning-v2", "bf16"), costs, prices(), 0.25, 20_000)


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_figures_say_that_they_are_modelled(asked, draw):
    picture = draw(asked)
    assert isinstance(picture, Picture)
    assert "not run on silicon" in picture.caption
    assert picture.image()


def test_the_time_of_a_sentence_is_all_there(asked):
    picture = cost_figures.sentence_time(asked)
    assert "3 programs" in picture.figure.axes[0].get_title(loc="left")
    rows = picture.data["programs"]
    assert rows["us"].sum() == pytest.approx(asked.alone.latency_s * 1e6)


def test_the_answer_and_what_it_hangs_on(asked):
    picture = cost_figures.hangs(asked, "L40S")
    rows = picture.data["hangs_on"]
    assert rows["swing"].iloc[0] == rows["swing"].max() > 0
    assert rows["input"].iloc[0] in picture.alt
    assert "neither ran" in picture.caption


@pytest.mark.parametrize("make", SHEETS, ids=lambda make: make.__name__)
def test_sheets_say_where_their_figures_come_from(asked, make):
    assert "not run on silicon" in make(asked)._repr_html_()


def test_a_plan_stands_beside_the_last_one(asked):
    frame = cost_tables.what_a_plan_buys(asked).frame
    assert frame["plan"].tolist() == ["lightning-v2"] * 2 + ["bf16"] * 2
    assert frame["of bf16's"].tolist() == ["100%"] * 4
    caption = cost_tables.what_a_plan_buys(asked).caption
    assert "plans lightning-v2 and bf16, p150 (" in caption and "batches 1 and 8" in caption


def test_a_caption_names_the_plans_and_batches_that_it_stands_under(asked):
    assert "plan lightning-v2, p150" in cost_figures.dram(asked).caption
    assert "batches 1 and 8" in cost_figures.dram(asked).caption
    assert "batch 1, " in cost_figures.sentence_time(asked).caption


def test_the_purchase_has_boards_and_gpus(asked):
    frame = cost_tables.purchase_sheet(asked).frame.set_index("card")
    assert list(frame.index) == ["p150", "n150", "L40S", "H100"]
    assert (frame["cards"] > 0).all()
    cheaper = replace(asked, prices=prices().with_prices(p150=1))
    assert cost_tables.purchase_sheet(cheaper).frame.set_index("card").loc["p150", "$ each"] == "1"


def test_the_paper_says_what_was_not_measured():
    assert "not measured" in repr(cost_tables.paper())


def test_every_constant_is_listed():
    assert len(cost_tables.constants().frame) == len(constants())


@pytest.mark.parametrize("make", FIGURES + SHEETS, ids=lambda make: make.__name__)
def test_a_voice_without_a_lowering_has_a_reason(asked, make):
    note = make(replace(asked, costs={}, reason="lark is not deployed"))
    assert isinstance(note, Note)
    assert "lark" in note.text


def test_boards_of_one_grid_share_what_was_planned(monkeypatch):
    planned = []

    def rehearsed(plan, name, voice, buckets):
        planned.append((plan, name, buckets.batch))
        if plan == "naive":
            raise ArgumentError("no device can run it")
        return name

    def made(plan, name, voice, *, frames, batch, rehearsal):
        return cost(name, plan, batch)

    monkeypatch.setattr(purchase_question, "cached", lambda function: rehearsed)
    monkeypatch.setattr(purchase_question, "costs", made)
    found = PurchaseQuestion.of("lark", ["lightning-v2", "bf16"], "p150", [1, 8], others=["p100"])
    assert {name for _, name, _ in planned} == {"p150"}
    assert list(found.cards()) == ["p150", "p100", "L40S", "H100"]
    assert [x.batch for x in found.costs["p150"]["bf16"]] == [1, 8]
    assert list(found.costs["p100"]) == ["lightning-v2"]
    refused = PurchaseQuestion.of("lark", ["naive"], "p150", [1])
    assert "no device can run it" in refused.reason and not refused.costs


def test_no_other_board_is_known():
    with pytest.raises(ArgumentError, match="n300"):
        PurchaseQuestion.of("lark", ["bf16"], "n100", [1])


def test_products_are_checked_for_the_board_that_is_looked_at():
    sheet = cost_tables.checked("n300")
    assert "n150" in sheet.caption and "measured by others" in sheet.caption
    assert sheet.frame["modelled over published"].between(0.5, 1.5).all()
