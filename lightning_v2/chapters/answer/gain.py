"""What a plan gains: bytes, cycles, latency and streams, and what bounds them."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.display.drawing import WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.chapters.time_and_money.cost_figures import PART_LOOKS, shown_if_known
from lightning_v2.chapters.time_and_money.purchase_question import PurchaseQuestion
from lightning_v2.economics.resources.time import PARTS
from lightning_v2.economics.sentence import Cost
from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.moves import precisions_of
from lightning_v2.search.plans.constraints import Figures


def gain_sheet(voice: Voice, plans: Sequence[Plan], asked: PurchaseQuestion) -> Sheet:
    """A row a plan: what it does to how much, and what that takes.

    Args:
        voice: for shares, bytes and cycles of its products.
        plans: those of `asked`, as they fit the voice; the first one is the measure.
        asked: their costs, or the reason why there are none.
    """
    sites = tuple(voice_sites(voice))
    counted = [Figures.of(precisions_of(plan, sites), sites) for plan in plans]
    rows = []
    for plan, figures in zip(plans, counted, strict=True):
        row = {
            "plan": plan.name,
            "LoFi (% of matrix sites)": f"{100 * figures.lofi_share:.1f}",
            "constants (MB)": f"{figures.weight_bytes / 1e6:.2f}",
            "cycles of products (thousand)": f"{figures.cycles / 1e3:.0f}",
            f"of {plans[0].name}'s": f"{figures.cycles / counted[0].cycles:.0%}",
        }
        for cost in asked.costs[asked.board][plan.name] if asked.costs else ():
            row[f"latency, {_together(cost)} (ms)"] = f"{cost.latency_s * 1e3:.2f}"
            row[f"streams, {_together(cost)}"] = f"{cost.streams(asked.latency_s):,}"
        rows.append(row)
    caption = (
        "Shares and bytes are counted from plan and voice; cycles, latency and streams are "
        f"modelled. Cycles: matrix products of one pangram on 64 cores of Wormhole. Streams: each "
        f"answered within {asked.latency_s * 1e3:.0f} ms, also where it has just missed a batch. "
    )
    return Sheet(pd.DataFrame(rows), caption + (asked.reason or asked.alone.provenance))


@dataclass(frozen=True, eq=False)
class Bound:
    """Why no plan gains more, in sentences that are counted from the costs.

    Attributes:
        asked: costs of plans, which are held against the first.
    """

    asked: PurchaseQuestion

    def lines(self) -> list[str]:
        """One sentence a plan and batch, but for the first plan."""
        asked = self.asked
        if asked.reason:
            return [asked.reason]
        others = [asked.costs[asked.board][plan] for plan in asked.plans[1:]]
        return [_bound_line(base, [x[at] for x in others]) for at, base in enumerate(asked.mine)]

    def __repr__(self) -> str:
        return "\n".join(f"- {line}" for line in self.lines())

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        head = "<p><strong>Why it is not more</strong></p>"
        return f'<div class="findings">{head}<ul>{items}</ul></div>'


def _bound_line(base: Cost, others: Sequence[Cost]) -> str:
    shares = {part: getattr(base.time, part) / base.latency_s for part in PARTS}
    most = max(shares, key=shares.get)
    fixed = 1 - shares["engine"]
    taken = ", ".join(f"{x.plan} takes {x.latency_s / base.latency_s:.0%} of it" for x in others)
    return (
        f"{_together(base).capitalize()}: of the time of {base.plan} {shares['engine']:.0%} goes "
        f"to products, where fidelity counts, and most ({shares[most]:.0%}) to "
        f"{PART_LOOKS[most][0]}. With products that took no time at all {fixed:.0%} would be left, "
        f"less what smaller formats save in memory and network. In fact {taken}."
    )


@shown_if_known
def gain_figure(asked: PurchaseQuestion) -> Picture:
    """Where the time of a sentence goes, a bar a plan and batch."""
    bars = [
        (f"{plan}, {_together(cost)}", cost)
        for at in range(len(asked.mine))
        for plan, several in asked.costs[asked.board].items()
        for cost in several[at : at + 1]
    ]
    figure = Figure(figsize=(WIDTH, 0.36 * len(bars) + 1.5), layout="constrained")
    axes = figure.subplots()
    left = [0.0] * len(bars)
    for part in PARTS:
        words, colour = PART_LOOKS[part]
        widths = [1e3 * getattr(cost.time, part) / cost.batch for _, cost in bars]
        axes.barh(range(len(bars)), widths, left=left, color=colour, label=words)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(bars)), labels=[name for name, _ in bars])
    axes.invert_yaxis()
    axes.set(xlabel="ms of the chip for a sentence, modelled")
    axes.set_title("where the time of a sentence goes", loc="left")
    figure.legend(loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    table = pd.DataFrame(
        {
            "bar": name,
            "batch": cost.batch,
            **{f"{part}_ms": 1e3 * getattr(cost.time, part) / cost.batch for part in PARTS},
        }
        for name, cost in bars
    )
    alt = "Time of a sentence on a chip: " + "; ".join(
        f"{name} {total:.2f} ms" for (name, _), total in zip(bars, left, strict=True)
    )
    return Picture(figure, f"{alt}.", f"A floor. {asked.alone.provenance}", {"times": table})


def _together(cost: Cost) -> str:
    return "a sentence alone" if cost.batch == 1 else f"{cost.batch} sentences at once"
