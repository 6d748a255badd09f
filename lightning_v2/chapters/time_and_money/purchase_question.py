"""What is asked: a voice, plans and batches on cards, and all costs that the notebook shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning_v2.cache import cached
from lightning_v2.deployment.rehearsal import one_process, rehearse
from lightning_v2.economics.board import board as described
from lightning_v2.economics.gpu import GPUS, GpuCost, gpu_cost
from lightning_v2.economics.money.answer import Question
from lightning_v2.economics.money.prices import Prices, prices
from lightning_v2.economics.sentence import NOT_ON_SILICON, PLANNED_ON, Cost, buckets_of, costs
from lightning_v2.errors import LightningError
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.voices import load


@dataclass(frozen=True, eq=False)
class PurchaseQuestion:
    """All costs that are shown.

    Attributes:
        board: that is looked at closely.
        plans: names, the first one is the one that is deployed.
        costs: board -> plan -> by batches; boards beside `board` have the first plan alone.
        prices: of cards and electricity.
        latency_s: bound on the answer to a request.
        streams: to buy cards for.
        reason: why there is nothing to show, "" where there is.
    """

    board: str
    plans: tuple[str, ...]
    costs: Mapping[str, Mapping[str, tuple[Cost, ...]]]
    prices: Prices
    latency_s: float
    streams: int
    reason: str = ""

    @classmethod
    def of(
        cls,
        voice: str | Path,
        plans: Sequence[str],
        board: str,
        batches: Sequence[int],
        frames: int = 256,
        others: Sequence[str] = (),
        *,
        usd: Mapping[str, float] | None = None,
        latency_ms: float = 250,
        streams: int = 10_000,
    ) -> "PurchaseQuestion":
        """Everything planned on mock devices and modelled; what was planned before is kept.

        A voice that no device can run has a reason and no costs.

        Args:
            others: boards beside `board`, for the purchase alone.
            usd: card -> price in the place of that of data/prices.yaml.

        Raises:
            ArgumentError: there is no such board or card. PlanError: a plan does not parse.
        """
        asked, spoken = prices().with_prices(**usd or {}), load(voice)
        boards = [described(name).name for name in (board, *others)]
        # Voices of others run one sentence after the other.
        alone = isinstance(spoken, OnnxVoice)
        found: dict[str, dict[str, tuple[Cost, ...]]] = {}
        try:
            with one_process():
                for name in dict.fromkeys(boards):
                    wanted = plans if name == board else plans[:1]
                    found[name] = {
                        plan: tuple(_cost(voice, plan, name, frames, n, alone) for n in batches)
                        for plan in wanted
                    }
        except LightningError as error:
            reason = f"{voice} is not deployed, and so has no cost: {error}"
            return cls(board, tuple(plans), {}, asked, latency_ms / 1e3, streams, reason)
        named = tuple(several[0].plan for several in found[board].values())
        made = {
            name: {several[0].plan: several for several in by_plan.values()}
            for name, by_plan in found.items()
        }
        return cls(board, named, made, asked, latency_ms / 1e3, streams)

    @property
    def alone(self) -> Cost:
        """The smallest batch of the first plan on the board."""
        return self.mine[0]

    @property
    def mine(self) -> tuple[Cost, ...]:
        """All batches of the first plan on the board."""
        return self.costs[self.board][self.plans[0]]

    def provenance(self, plans: Sequence[str] = ()) -> str:
        """One line for what several plans and all batches take on the board.

        plans: names; all if not given.
        """
        alone = self.alone
        chip, how = alone.board, "replayed from traces" if alone.traced else "issued call by call"
        batches = [str(cost.batch) for cost in self.mine]
        return (
            f"{NOT_ON_SILICON} Voice {alone.voice}, {_several('plan', plans or self.plans)}, "
            f"{chip.name} ({chip.arch}, {chip.grid[0]} x {chip.grid[1]} cores a chip), "
            f"{_several('batch', batches)}, programs captured on a mock device and {how}; "
            "data/economics/constants.yaml."
        )

    def gpus(self) -> dict[str, list[GpuCost]]:
        """GPU -> the same batches there."""
        return {gpu: [gpu_cost(cost, gpu) for cost in self.mine] for gpu in GPUS}

    def cards(self) -> dict[str, Sequence[Cost | GpuCost]]:
        """Card -> its batches, boards first."""
        ours = {name: by_plan[self.plans[0]] for name, by_plan in self.costs.items()}
        return {**ours, **self.gpus()}

    def beside(self, gpu: str) -> Question:
        """The board beside a GPU."""
        return Question(self.mine, gpu, self.prices, self.latency_s)


def _several(what: str, names: Sequence[str]) -> str:
    """As "batch 1", or "batches 1 and 64"."""
    if len(names) == 1:
        return f"{what} {names[0]}"
    ending = "es" if what.endswith("h") else "s"
    return f"{what}{ending} {', '.join(names[:-1])} and {names[-1]}"


def _cost(voice: str | Path, plan: str, name: str, frames: int, batch: int, alone: bool) -> Cost:
    planned, buckets = PLANNED_ON.get(name, name), buckets_of(frames, 1 if alone else batch)
    rehearsal = cached(rehearse)(plan, planned, voice, buckets)
    return costs(plan, name, voice, frames=frames, batch=batch, rehearsal=rehearsal)
