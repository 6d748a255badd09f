"""The errors of all sums of a layer: a figure and a table, with the one that was taken apart."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import LINES, MARKS, WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.chapters.number_formats.output_errors import OutputErrors

_SHARES = np.linspace(0, 1, 401)
"""Of all sums, at which errors are drawn."""
_SMALLEST_PERCENT = 0.01
"""Smaller errors are drawn here."""


def output_errors(*depths: Mapping[str, OutputErrors], row: int, column: int) -> Picture:
    """How large the errors are, a panel a number of operands; a mark for one of the sums.

    depths: name of the plan -> its errors, all of one layer.
    """
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    panels = figure.subplots(1, len(depths), sharex=True, sharey=True, squeeze=False)[0]
    drawn = {}
    for axes, plans in zip(panels, depths, strict=True):
        for at, (name, errors) in enumerate(plans.items()):
            drawn[f"errors_{errors.depth}_{name}"] = _draw(axes, at, errors, row, column)
        depth, count = _size(plans)
        axes.set_title(f"{count} sums of {depth} products", loc="left")
        axes.set(xscale="log", xlabel="size of the error (% of the RMS of the sums)")
        axes.xaxis.set_major_formatter("{x:g}")
    panels[0].set(ylabel="sums whose error is smaller (%)", ylim=(-3, 103))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4,
                  frameon=False, fontsize=8)  # fmt: skip
    words = [
        f"{errors.depth} products, {name}: {errors.rms_percent:.2g} % RMS"
        for plans in depths
        for name, errors in plans.items()
    ]
    alt = f"Sizes of the errors of all sums of a layer, under each plan. {'; '.join(words)}."
    first = next(iter(depths[0].values()))
    caption = (
        f"Marks: the sum of row {row} and column {column}. Emulated, exact tier, without bias and "
        f"activation; smaller errors are drawn at {_SMALLEST_PERCENT:g} %. {first.operands.source}."
    )
    return Picture(figure, alt, caption, drawn)


def output_error_sheet(*depths: Mapping[str, OutputErrors], row: int, column: int) -> Sheet:
    """A row a plan and number of operands: errors of all sums, and where one of them stands."""
    rows = [
        {
            "plan": name,
            "products in a sum": errors.depth,
            "half of the errors below (%)": number(errors.at_most_percent(0.5)),
            "95 % of them below (%)": number(errors.at_most_percent(0.95)),
            "RMS (%)": number(errors.rms_percent),
            "gain − 1 (%)": number(100 * (errors.gain - 1)),
            "this sum is off by (%)": number(float(errors.error_percent[row, column])),
            "more than that of so many sums (%)": f"{100 * errors.share_below(row, column):.0f}",
        }
        for plans in depths
        for name, errors in plans.items()
    ]
    caption = (
        f"Percent of the RMS of all sums. “This sum” is that of row {row} and column {column}, "
        "packed together with its neighbours. Emulated, exact tier."
    )
    return Sheet(pd.DataFrame(rows), caption)


def _draw(axes: Axes, at: int, errors: OutputErrors, row: int, column: int) -> pd.DataFrame:
    sizes = np.quantile(np.abs(errors.error_percent), _SHARES)
    look = {"color": colours.of_plan(errors.plan), "linestyle": LINES[at % len(LINES)]}
    axes.plot(np.maximum(sizes, _SMALLEST_PERCENT), 100 * _SHARES, label=errors.plan, **look)
    one = max(abs(float(errors.error_percent[row, column])), _SMALLEST_PERCENT)
    axes.plot(
        one, 100 * errors.share_below(row, column), MARKS[at % len(MARKS)],
        color=look["color"], markersize=7, markeredgecolor=colours.REFERENCE,
    )  # fmt: skip
    return pd.DataFrame({"sums_percent": 100 * _SHARES, "error_at_most_percent": sizes})


def _size(plans: Mapping[str, OutputErrors]) -> tuple[int, int]:
    """Operands in each sum, and how many sums there are."""
    errors = next(iter(plans.values()))
    return errors.depth, errors.exact.size
