"""How much cheaper a card is than a GPU for each stream, and what that hangs on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from lightning_v2.economics.constants import constants_of
from lightning_v2.economics.gpu import gpu_cost
from lightning_v2.economics.money.fleet import Speaks, best
from lightning_v2.economics.money.prices import Prices
from lightning_v2.economics.money.tornado import Swing, tornado
from lightning_v2.economics.sentence import Cost

DISPATCH_US = (1.28, 8.1)
"""Least and most that tt-metal has published of dispatching one traced program."""

LATENCY_S = (0.05, 1.0)
GPU_KERNEL_US = (1.0, 3.0)
GPU_SHARE = (0.3, 0.8)
SLOWER = 3.0
"""How much longer than its floor a program of the chip may take."""


@dataclass(frozen=True)
class Question:
    """A card of ours beside a GPU.

    Attributes:
        costs: of the card, by batches.
        gpu: the name of the GPU.
        prices: of both.
        latency_s: the bound.
        gpu_values: constants of the GPU that shall be others.
    """

    costs: tuple[Cost, ...]
    gpu: str
    prices: Prices
    latency_s: float
    gpu_values: dict[str, float] = field(default_factory=dict)

    @property
    def card(self) -> str:
        """The name of the card."""
        return self.costs[0].board.name

    def gpu_costs(self) -> list[Speaks]:
        """Of the GPU, by the same batches."""
        return [gpu_cost(cost, self.gpu, **self.gpu_values) for cost in self.costs]

    def stream_usd(self) -> tuple[float, float]:
        """Dollars a stream of the card and of the GPU: cards, and electricity for as long as they
        are kept; NaN where no batch keeps the bound."""
        return self._usd(self.card, self.costs), self._usd(self.gpu, self.gpu_costs())

    def times_cheaper(self) -> float:
        """Of the card: dollars a stream of the GPU over its own."""
        ours, theirs = self.stream_usd()
        return theirs / ours

    def _usd(self, name: str, costs: Sequence[Speaks]) -> float:
        chosen, card = best(costs, self.latency_s), self.prices.card(name)
        if chosen is None:
            return float("nan")
        whole = card.price_usd + self.prices.energy_usd(card)
        return whole / chosen.streams(self.latency_s)

    def with_board(self, **values: float) -> "Question":
        """The same with other constants of the board."""
        changed = (replace(cost, board=cost.board.changed(**values)) for cost in self.costs)
        return replace(self, costs=tuple(changed))


def hangs_on(asked: Question, other_plan: Sequence[Cost] = ()) -> pd.DataFrame:
    """What `times_cheaper` hangs on, as `tornado` says it.

    other_plan: the same batches under a plan of other precision, for what fidelity is worth.
    """
    ours, theirs = asked.prices.card(asked.card), asked.prices.card(asked.gpu)
    wide = constants_of(asked.costs[0].board.arch, asked.card)

    def times(**changed: object) -> float:
        return replace(asked, **changed).times_cheaper()

    def priced(name: str, usd: float) -> float:
        return times(prices=asked.prices.with_prices(**{name: usd}))

    def slower(factor: float) -> float:
        values = {x: wide[x].value / factor for x in ("clock", "dram")}
        waits = {x: wide[x].value * factor for x in ("op_to_op", "dispatch")}
        return asked.with_board(**values, **waits).times_cheaper()

    batches = sorted(asked.costs, key=lambda cost: cost.batch)
    swings = [
        Swing(
            f"price of {name}, $", f"{card.low:.0f}", f"{card.high:.0f}",
            lambda name=name, card=card: priced(name, card.low),
            lambda name=name, card=card: priced(name, card.high),
        )
        for name, card in ((asked.card, ours), (asked.gpu, theirs))
    ]  # fmt: skip
    swings += [
        Swing(
            "electricity, $ a kWh", f"{asked.prices.low:.2f}", f"{asked.prices.high:.2f}",
            *(
                lambda usd=usd: times(prices=replace(asked.prices, usd_per_kwh=usd))
                for usd in (asked.prices.low, asked.prices.high)
            ),
        ),
        Swing(
            "bound on latency, ms", *(f"{x * 1e3:.0f}" for x in LATENCY_S),
            *(lambda bound=bound: times(latency_s=bound) for bound in LATENCY_S),
        ),
        Swing(
            "batch", str(batches[0].batch), str(batches[-1].batch),
            *(lambda cost=cost: times(costs=(cost,)) for cost in (batches[0], batches[-1])),
        ),
        Swing(
            "dispatch of a program, us", *(f"{x}" for x in DISPATCH_US),
            *(lambda us=us: asked.with_board(dispatch=us).times_cheaper() for us in DISPATCH_US),
        ),
        Swing(
            "all of the chip, times its floor", "1", f"{SLOWER:.0f}",
            asked.times_cheaper, lambda: slower(SLOWER),
        ),
        Swing(
            "a kernel of the GPU, us", *(f"{x}" for x in GPU_KERNEL_US),
            *(lambda us=us: times(gpu_values={"gpu_kernel": us}) for us in GPU_KERNEL_US),
        ),
        Swing(
            "share of the GPU's data sheet", *(f"{x}" for x in GPU_SHARE),
            *(
                lambda x=x: times(gpu_values={"gpu_share_of_flops": x, "gpu_share_of_dram": x})
                for x in GPU_SHARE
            ),
        ),
    ]  # fmt: skip
    if other_plan:
        swings.append(
            Swing(
                "plan", asked.costs[0].plan, other_plan[0].plan,
                asked.times_cheaper, lambda: times(costs=tuple(other_plan)),
            )
        )  # fmt: skip
    return tornado(swings, asked.times_cheaper())
