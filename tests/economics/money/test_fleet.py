from dataclasses import dataclass

import pytest

from lightning_v2.economics.money.fleet import best, fleet, purchase
from lightning_v2.economics.money.prices import prices


@dataclass
class Made:
    """A card that says a batch of sentences of 1 s."""

    batch: int
    latency_s: float

    @property
    def speech_s_per_s(self):
        return self.batch / self.latency_s

    def streams(self, latency_s):
        return int(self.speech_s_per_s) if 2 * self.latency_s <= latency_s else 0


ALONE, MANY = Made(1, 0.1), Made(8, 0.4)


def test_larger_batches_are_better_where_the_bound_allows():
    assert best([ALONE, MANY], 1.0) is MANY
    assert best([ALONE, MANY], 0.5) is ALONE
    assert best([ALONE, MANY], 0.1) is None


def test_cards_are_whole():
    found = prices()
    made = fleet("p150", [ALONE, MANY], 50, 1.0, found)
    assert (made.batch, made.streams_each, made.cards) == (8, 20, 3)
    assert made.cards_usd == 3 * found.card("p150").price_usd
    assert made.usd == pytest.approx(made.cards_usd + 3 * found.energy_usd(found.card("p150")))


def test_a_card_that_is_too_slow_is_not_bought():
    sheet = purchase({"p150": [ALONE], "L40S": [MANY]}, 10, 0.3, prices()).set_index("card")
    assert sheet.loc["p150", "cards"] == 1
    assert sheet.loc["L40S", "cards"] == sheet.loc["L40S", "usd"] == 0
