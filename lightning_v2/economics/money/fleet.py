"""How many cards a number of streams needs within a bound on latency, and what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from lightning_v2.economics.money.prices import Prices


class Speaks(Protocol):
    """What a card takes for a batch: a `Cost`, or a `GpuCost`."""

    batch: int

    @property
    def latency_s(self) -> float:
        """Of a batch."""
        ...

    @property
    def speech_s_per_s(self) -> float:
        """Seconds of speech in one second."""
        ...

    def streams(self, latency_s: float) -> int:
        """Streams within a bound on latency."""
        ...


@dataclass(frozen=True, slots=True)
class Fleet:
    """Cards of one kind for a number of streams.

    Attributes:
        card: its name.
        batch: that is best; 0 where no batch keeps the bound.
        streams_each: of one card.
        cards: that are needed; 0 where no batch keeps the bound.
        cards_usd, energy_usd: to buy them, and electricity for as long as they are kept.
    """

    card: str
    batch: int
    streams_each: int
    cards: int
    cards_usd: float
    energy_usd: float

    @property
    def usd(self) -> float:
        return self.cards_usd + self.energy_usd


def best(costs: Sequence[Speaks], latency_s: float) -> Speaks | None:
    """The batch with most streams within a bound; None where none keeps it."""
    found = max(costs, key=lambda cost: cost.streams(latency_s))
    return found if found.streams(latency_s) else None


def fleet(
    name: str, costs: Sequence[Speaks], streams: int, latency_s: float, prices: Prices
) -> Fleet:
    """Cards called `name` for so many streams, each answered within `latency_s`.

    costs: of one card, by batches.

    Raises:
        ArgumentError: prices knows no such card.
    """
    card = prices.card(name)
    chosen = best(costs, latency_s)
    if chosen is None:
        return Fleet(name, 0, 0, 0, 0.0, 0.0)
    each = chosen.streams(latency_s)
    cards = -(-streams // each)
    return Fleet(
        name, chosen.batch, each, cards, cards * card.price_usd, cards * prices.energy_usd(card)
    )


def purchase(
    costs: Mapping[str, Sequence[Speaks]], streams: int, latency_s: float, prices: Prices
) -> pd.DataFrame:
    """A row a card: batch, streams_each, cards, cards_usd, energy_usd, usd, usd_a_stream and
    price_from, price_to of a card. Cards of which no batch keeps the bound have zeros."""
    rows = []
    for name, several in costs.items():
        made = fleet(name, several, streams, latency_s, prices)
        card = prices.card(name)
        rows.append({
            "card": name, "batch": made.batch, "streams_each": made.streams_each,
            "cards": made.cards, "cards_usd": made.cards_usd,
            "energy_usd": round(made.energy_usd), "usd": round(made.usd),
            "usd_a_stream": round(made.usd / streams, 2),
            "price_from": card.low, "price_to": card.high,
        })  # fmt: skip
    return pd.DataFrame(rows)
