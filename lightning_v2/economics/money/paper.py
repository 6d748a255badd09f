"""The paper's arithmetic, from the inputs that it states.

arXiv 2604.03279 gives prices, throughput per dollar of a P150 (measured there) and of a P100
(inferred there), and what 550 requests at once cost. All that follows is arithmetic on that.
"""

from dataclasses import dataclass

import pandas as pd

SOURCE = "arXiv 2604.03279, as a summary of it has it; the full text was not at hand"


@dataclass(frozen=True, slots=True)
class Claim:
    """What the paper states.

    Attributes:
        l40s_usd, p150_usd, p100_usd: prices.
        p150_per_dollar: throughput of a dollar of P150 over that of one of L40S.
        l40s_fleet_usd: what L40S for all requests cost.
        requests: at once, of 5 s.
    """

    l40s_usd: float = 9000
    p150_usd: float = 1400
    p100_usd: float = 1000
    p150_per_dollar: float = 2.6
    l40s_fleet_usd: float = 100_000
    requests: int = 550

    @property
    def l40s_cards(self) -> int:
        """Whole cards that the fleet of L40S has."""
        return int(self.l40s_fleet_usd // self.l40s_usd)

    @property
    def p150_throughput(self) -> float:
        """Of one P150, in L40S."""
        return self.p150_per_dollar * self.p150_usd / self.l40s_usd

    @property
    def cards(self) -> int:
        """P150 that do the work of the fleet."""
        return round(self.l40s_cards / self.p150_throughput)

    @property
    def p100_per_dollar(self) -> float:
        """Throughput of a dollar of P100, were a P100 as fast as a P150: nobody measured one."""
        return self.p150_throughput * self.l40s_usd / self.p100_usd

    def table(self) -> pd.DataFrame:
        """A row a card: cards, price of all, times cheaper than L40S, and whether it was
        measured there."""
        fleet = self.l40s_cards * self.l40s_usd
        rows = [("L40S", self.l40s_cards, fleet, 1.0, "measured there")]
        for name, price, per_dollar, kind in (
            ("P150", self.p150_usd, self.p150_per_dollar, "measured there"),
            ("P100", self.p100_usd, self.p100_per_dollar, "inferred there, not measured"),
        ):
            rows.append((name, self.cards, self.cards * price, per_dollar, kind))
        return pd.DataFrame(rows, columns=["card", "cards", "usd", "times_cheaper", "kind"])
