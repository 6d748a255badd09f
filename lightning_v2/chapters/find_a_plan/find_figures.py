"""What a search and a bisection have found, as tables and a figure."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.chapters.find_a_plan.pareto_figures import pareto
from lightning_v2.search.plans.bisect import Bisection
from lightning_v2.search.plans.find import Search
from lightning_v2.search.plans.pareto import front

_WIDTH = 8.2


def quality_against_cost(found: Search, cost: str = "cycles") -> Picture | Note:
    """Every plan that a search has tried. cost: "cycles" (modelled) or "weight_bytes".

    Raises:
        ValueError: there is no such cost.
    """
    best = front(found.trials, cost)
    return pareto(found.trials, best, found.bench.metric, cost, found.provenance)


def loss_sheet(found: Search) -> Sheet:
    """What each group of sites loses alone, worst first."""
    losses = found.losses.sort_values("lost", ascending=False)
    metric = found.bench.metric
    frame = pd.DataFrame(
        {
            "sites": losses["group"],
            "turned low": losses["move"],
            f"lost ({metric})": losses["lost"].map(number),
            "PESQ-WB (MOS-LQO)": losses["pesq_wb_mos"].map(number),
            "LSD (dB)": losses["lsd_db"].map(number),
        }
    )
    return Sheet(frame, f"Each group alone over {found.base.name}. {found.provenance}")


def trial_sheet(found: Search) -> Sheet:
    """Every plan that was tried, in order of its score."""
    trials = found.trials.sort_values("score")
    marked = np.where(trials["trial"] == found.best.number, " (best)", "")
    frame = pd.DataFrame(
        {
            "plan": trials["trial"].astype(str) + marked,
            "strategy": trials["strategy"],
            found.bench.metric: trials["score"].map(number),
            "LoFi (% of sites)": [f"{100 * share:.1f}" for share in trials["lofi_share"]],
            "BFP8 or smaller (% of bytes)": [f"{100 * x:.1f}" for x in trials["bfp8_share"]],
            "constants (MB)": [f"{x / 1e6:.2f}" for x in trials["weight_bytes"]],
            "thousand cycles (modelled)": [f"{x / 1e3:.0f}" for x in trials["cycles"]],
            "meets what is asked": np.where(trials["meets"], "yes", "no"),
        }
    )
    caption = f"Asked for: {found.constraints}. Less {found.bench.metric} is better. "
    return Sheet(frame, caption + found.provenance)


def bisection(
    found: Bisection, good: str, bad: str, threshold: float, label: str, provenance: str
) -> Picture:
    """How a measure changes as more and more sites run as in the bad plan.

    Args:
        found: from `first_break`.
        good, bad: names of the plans.
        threshold: that was asked for.
        label: of the measure, with its unit.
        provenance: tier and sample.
    """
    steps = found.steps.sort_values("low_sites")
    metric = next(c for c in steps if c not in ("low_sites", "last_site", "breaks"))
    figure = Figure(figsize=(_WIDTH, 3.2), layout="constrained")
    axes = figure.subplots()
    for breaks, mark, name in ((False, "o", good), (True, "X", bad)):
        some = steps[steps["breaks"] == breaks]
        words = "breaks" if breaks else "keeps"
        axes.plot(some["low_sites"], some[metric], mark, color=colours.of_plan(name), label=words)
    axes.axhline(threshold, color=colours.REFERENCE, linestyle="--", linewidth=1)
    first = steps[steps["breaks"]].iloc[0]
    axes.annotate(
        found.site,
        (first["low_sites"], first[metric]),
        xytext=(-8, -14),
        textcoords="offset points",
        ha="right",
        size=9,
    )
    axes.set(
        xlabel=f"sites that run as in {bad}, the others as in {good} (number, in their order)",
        ylabel=label,
    )
    axes.legend(frameon=False, fontsize=8, loc="center right")
    axes.set_title(f"the first site that breaks, found in {len(steps)} steps", loc="left")
    alt = (
        f"{label} as sites change from {good} to {bad} one after the other: {found.site} takes it "
        f"from {found.before:.3g} to {found.after:.3g}, over the threshold of {threshold:g}."
    )
    caption = (
        f"{found.site} is the first, in the order in which sites run, that breaks the voice under "
        f"{bad}: with it and all before it as in {bad} the measure passes the dashed line. "
        f"{provenance}"
    )
    return Picture(figure, alt, caption, {"bisection": steps})
