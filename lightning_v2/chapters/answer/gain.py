"""What a plan gains: bytes, cycles, latency and streams."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.display.drawing import WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.chapters.time_and_money.cost_figures import PART_LOOKS, shown_if_known
from lightning_v2.chapters.time_and_money.purchase_question import PurchaseQuestion
from lightning_v2.chapters.time_and_money.time_changes import together
from lightning_v2.economics.resources.time import PARTS
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
            "cycles of products, Wormhole (thousand)": f"{figures.cycles / 1e3:.0f}",
            f"of {plans[0].name}'s": f"{figures.cycles / counted[0].cycles:.0%}",
        }
        for cost in asked.costs[asked.board][plan.name] if asked.costs else ():
            row[f"latency on {asked.board}, {together(cost)} (ms)"] = f"{cost.latency_s * 1e3:.2f}"
            row[f"streams on {asked.board}, {together(cost)}"] = (
                f"{cost.streams(asked.latency_s):,}"
            )
        rows.append(row)
    caption = (
        "Shares and bytes are counted from plan and voice; cycles, latency and streams are "
        "modelled. Cycles: matrix products of one pangram on 64 cores of Wormhole, whatever the "
        "board. Latency and streams: of the board that a column names; streams are each answered "
        f"within {asked.latency_s * 1e3:.0f} ms, also where it has just missed a batch. "
    )
    return Sheet(pd.DataFrame(rows), caption + (asked.reason or asked.provenance()))


@shown_if_known
def gain_figure(asked: PurchaseQuestion) -> Picture:
    """Where the time of a sentence goes, a bar a plan and batch."""
    bars = [
        (f"{plan}, {together(cost)}", cost)
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
    axes.set(xlabel=f"ms of a chip of {asked.board} for a sentence, modelled")
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
    return Picture(figure, f"{alt}.", f"A floor. {asked.provenance()}", {"times": table})
