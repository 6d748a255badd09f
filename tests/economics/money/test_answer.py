from dataclasses import replace

import pytest

from lightning_v2.economics.board import board
from lightning_v2.economics.money.answer import Question, hangs_on
from lightning_v2.economics.money.prices import prices
from lightning_v2.economics.sentence import Cost, Stage
from tests.economics.programs import elementwise, product


def cost(batch, plan="lightning-v2"):
    stages = (Stage("speech", "frames 256", batch, (product(), elementwise())),)
    return Cost("lark", plan, board("p150"), batch, 2.5, stages)


ASKED = Question((cost(1), cost(8)), "L40S", prices(), 0.25)


def test_a_stream_costs_its_share_of_card_and_electricity():
    ours, theirs = ASKED.stream_usd()
    card = prices().card("p150")
    streams = max(x.streams(0.25) for x in ASKED.costs)
    assert ours == pytest.approx((card.price_usd + prices().energy_usd(card)) / streams)
    assert ASKED.times_cheaper() == pytest.approx(theirs / ours)


def test_a_bound_that_nobody_keeps_has_no_answer():
    assert replace(ASKED, latency_s=1e-9).times_cheaper() != pytest.approx(1.0, nan_ok=False)
    assert str(replace(ASKED, latency_s=1e-9).times_cheaper()) == "nan"


def test_what_the_answer_hangs_on():
    found = hangs_on(ASKED, [cost(1, "bf16"), cost(8, "bf16")]).set_index("input")
    answer = ASKED.times_cheaper()
    assert found["swing"].is_monotonic_decreasing
    assert found.loc["price of p150, $", "at_high"] < found.loc["price of p150, $", "at_low"]
    assert found.loc["dispatch of a program, us", "at_high"] < answer
    # Whatever the GPU's kernels take more makes ours cheaper beside it.
    kernel = found.loc["a kernel of the GPU, us"]
    assert kernel["at_low"] < kernel["at_high"]
    slow = found.loc["all of the chip, times its floor"]
    assert slow["at_low"] == answer > slow["at_high"]
    assert found.loc["plan", ["low", "high"]].tolist() == ["lightning-v2", "bf16"]
