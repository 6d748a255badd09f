import pytest
import yaml

from lightning_v2.economics.board import ARCHITECTURES
from lightning_v2.economics.gpu import GPUS
from lightning_v2.economics.money.prices import prices
from lightning_v2.errors import ArgumentError
from lightning_v2.resources import data_path


def test_cards_have_prices_with_dates_and_models():
    for card in prices().cards.values():
        assert 0 < card.low <= card.price_usd <= card.high
        assert card.date[:2] == "20" and card.source
        assert card.model in ARCHITECTURES or card.model in GPUS


def test_energy_is_watts_for_as_long_as_a_card_is_kept():
    found = prices()
    card = found.card("p150")
    hours = 24 * 365 * found.years
    expected = card.watts / 1000 * hours * found.overhead * found.busy * found.usd_per_kwh
    assert found.energy_usd(card) == pytest.approx(expected)


def test_prices_can_be_changed():
    changed = prices().with_prices(p150=1000)
    assert changed.card("p150").price_usd == 1000
    assert prices().card("p150").price_usd != 1000
    with pytest.raises(ArgumentError, match="p151"):
        prices().with_prices(p151=1)
    with pytest.raises(ArgumentError, match="above 0"):
        prices().with_prices(p150=0)


def test_a_table_that_lacks_something_is_refused(tmp_path):
    content = yaml.safe_load(data_path("prices.yaml").read_text())
    del content["cards"]["p150"]["watts"]
    path = tmp_path / "prices.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ArgumentError, match="watts"):
        prices(path)
