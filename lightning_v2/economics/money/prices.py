"""data/prices.yaml: what cards and electricity cost, with dates; each of it may be edited."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from lightning_v2.errors import ArgumentError
from lightning_v2.resources import data_path

_HOURS = 24 * 365


@dataclass(frozen=True, slots=True)
class Card:
    """A card to buy.

    Attributes:
        name: of the card.
        model: the board or GPU that the model of time knows it as.
        price_usd, low, high: what it costs, and the range that was seen.
        watts: at most.
        date, source: of the price.
    """

    name: str
    model: str
    price_usd: float
    low: float
    high: float
    watts: float
    date: str = ""
    source: str = ""


@dataclass(frozen=True)
class Prices:
    """All that money needs.

    Attributes:
        cards: by name.
        usd_per_kwh, low, high: electricity, and the range.
        overhead: watts of a machine room for each watt of a card.
        years: that a card is kept.
        busy: share of the time that it draws its power.
    """

    cards: dict[str, Card]
    usd_per_kwh: float
    low: float
    high: float
    overhead: float
    years: float
    busy: float
    sources: dict[str, str] = field(default_factory=dict)

    def card(self, name: str) -> Card:
        """A card by its name.

        Raises:
            ArgumentError: there is none.
        """
        if name not in self.cards:
            raise ArgumentError(f"no card {name!r}; there are {', '.join(self.cards)}")
        return self.cards[name]

    def energy_usd(self, card: Card) -> float:
        """Electricity of one card for as long as it is kept."""
        kwh = card.watts / 1000 * self.overhead * self.busy * self.years * _HOURS
        return kwh * self.usd_per_kwh

    def with_prices(self, **usd: float) -> "Prices":
        """The same with other prices of cards.

        Raises:
            ArgumentError: there is no such card, or a price is not above 0.
        """
        for name, price in usd.items():
            if self.card(name) and price <= 0:
                raise ArgumentError(f"the price of {name} is {price}; legal is above 0")
        changed = {name: replace(self.cards[name], price_usd=price) for name, price in usd.items()}
        return replace(self, cards=self.cards | changed)


def prices(path: str | Path | None = None) -> Prices:
    """What the file says; that of the library if none is given.

    Raises:
        ArgumentError: something is missing, or is no number.
        OSError: it cannot be read.
    """
    path = Path(path) if path else data_path("prices.yaml")
    found = yaml.safe_load(path.read_text())
    try:
        cards = {
            name: Card(name, str(card["as"]), *(float(card[x]) for x in _AMOUNTS),
                       str(card["date"]), card["source"])
            for name, card in found["cards"].items()
        }  # fmt: skip
        power, running = found["electricity"], found["running"]
        return Prices(
            cards,
            *(float(power[x]) for x in ("usd_per_kwh", "low", "high")),
            *(float(running[x]) for x in ("overhead", "years", "busy")),
            {"electricity": f"{power['source']}, {power['date']}"},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArgumentError(f"{path}: not a table of prices ({error!r})") from None


_AMOUNTS = ("price_usd", "low", "high", "watts")
