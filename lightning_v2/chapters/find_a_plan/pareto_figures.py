"""Quality of many plans against what they cost."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import plain_log_ticks
from lightning_v2.analysis.display.picture import Note, Picture

_WIDTH = 8.2
_COSTS = {"cycles": ("thousand cycles (modelled)", 1e3), "weight_bytes": ("constants (MB)", 1e6)}
_VERDICTS = {"equivalent": "#009e73", "not equivalent": "#d55e00"}
_MARKS = {"greedy": ("o", "#0072b2"), "evolve": ("^", "#e69f00")}


def pareto(
    trials: pd.DataFrame, best: pd.DataFrame, metric: str, cost: str, provenance: str
) -> Picture | Note:
    """Every trial, those that nothing beats joined by a line.

    Args:
        trials: with columns trial, strategy, meets, verdict, score and the cost.
        best: those rows of it that belong to the line, by rising cost.
        metric: what `score` is, in words and with its unit.
        cost: "cycles" or "weight_bytes".
        provenance: tier and sample size.

    Returns:
        A note if no trial has a score that can be drawn.
    """
    label, scale = _COSTS[cost]
    drawn = trials[np.isfinite(trials["score"])]
    if drawn.empty:
        return Note(f"None of {len(trials)} plans has a finite {metric}.")
    line = best[np.isfinite(best["score"])]
    figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.step(
        line[cost] / scale,
        line["score"],
        where="post",
        color=colours.REFERENCE,
        linewidth=1.2,
        label="nothing tried is better and cheaper",
    )
    for strategy, rows in drawn.groupby("strategy", sort=False):
        mark, colour = _MARKS.get(strategy, ("s", colours.of_plan(strategy)))
        for meets, words in ((True, strategy), (False, f"{strategy}, constraints not met")):
            some = rows[rows["meets"] == meets]
            face = colour if meets else "none"
            if len(some):
                axes.scatter(
                    some[cost] / scale,
                    some["score"],
                    marker=mark,
                    facecolors=face,
                    edgecolors=colour,
                    s=28,
                    label=words,
                )
    for verdict, colour in _VERDICTS.items():
        some = drawn[drawn["verdict"] == verdict]
        if len(some):
            axes.scatter(
                some[cost] / scale,
                some["score"],
                s=130,
                facecolors="none",
                edgecolors=colour,
                linewidths=1.8,
                label=f"judged: {verdict}",
            )
    _draw_line(axes, drawn)
    axes.set(xlabel=label, ylabel=f"{metric}, less is better")
    if (drawn["score"] > 0).all():
        axes.set_yscale("log")
        plain_log_ticks(axes.yaxis)
    axes.legend(fontsize=8, frameon=False)
    axes.set_title(f"{len(drawn)} plans, quality against cost", loc="left")
    low, high = line.iloc[-1], line.iloc[0]
    alt = (
        f"{metric} of {len(drawn)} plans against {label}: from {high['score']:.3g} at "
        f"{high[cost] / scale:.4g} to {low['score']:.3g} at {low[cost] / scale:.4g}."
    )
    return Picture(figure, alt, provenance, {"plans": trials})


def _draw_line(axes: Axes, drawn: pd.DataFrame) -> None:
    """Up to which score plans were judged equivalent; where none was, from which on they were
    not."""
    for verdict, end, words in (
        ("equivalent", "max", "judged equivalent up to here"),
        ("not equivalent", "min", "judged not equivalent from here on"),
    ):
        scores = drawn.loc[drawn["verdict"] == verdict, "score"]
        if len(scores):
            look = {"color": _VERDICTS[verdict], "linestyle": "--", "linewidth": 1}
            axes.axhline(getattr(scores, end)(), label=words, **look)
            return
