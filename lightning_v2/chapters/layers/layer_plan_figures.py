"""The error of every site under several plans, on one scale: heat map, gain and offset, tables."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH, plans, rooms
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.analysis.sites.site_values import FLUSHED_WORDS
from lightning_v2.chapters.error_location.plan_figures import provenance
from lightning_v2.errors import ArgumentError

SQNR_RANGE_DB = (0.0, 60.0)
KINDS = {"isolated": "this site alone", "accumulated": "this site and all before it"}
PARTS = {"gain": "", "offset": "/////", "rest": ""}
"""Parts of an error, as `LayerErrors.table` splits it, and how they are hatched."""


def heat_map(*comparisons: Comparison) -> Picture:
    """Signal to error of every site, a row a plan, alone and accumulated.

    Args:
        comparisons: with layers, of one voice.
    """
    sites = _sites(comparisons)
    height = 1.6 + 0.42 * len(KINDS) * len(comparisons)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = figure.subplots(len(KINDS), 1, sharex=True)
    names = [comparison.plan.name for comparison in comparisons]
    words = []
    for axes, (kind, title) in zip(panels, KINDS.items(), strict=True):
        values = np.array([c.layers[f"{kind}_sqnr_db"] for c in comparisons], dtype=float)
        low, high = SQNR_RANGE_DB
        # Not `inf`, which a map leaves as blank as a missing value.
        shown = axes.imshow(
            np.minimum(values, 10 * high),
            aspect="auto",
            interpolation="none",
            cmap=colours.LEVEL_MAP,
            vmin=low,
            vmax=high,
        )
        for row, (name, line) in enumerate(zip(names, values, strict=True)):
            if np.isnan(line).all():
                words.append(f"{name} {kind}: nothing is left to compare")
                continue
            worst = int(np.nanargmin(line))
            axes.plot(worst, row, "x", color="#ffffff", markersize=7, markeredgewidth=3.2)
            axes.plot(worst, row, "x", color="#d55e00", markersize=6, markeredgewidth=1.6)
            words.append(f"{name} {kind} {line[worst]:.1f} dB at {sites[worst]}")
        axes.set_yticks(range(len(names)), labels=names)
        axes.set_title(f"{kind}: {title}", loc="left")
        axes.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
        axes.grid(axis="y", which="minor", color="#ffffff", linewidth=1.5)
        axes.tick_params(axis="y", which="minor", length=0)
        _name_rooms_below(axes, sites, {"color": "#ffffff", "linewidth": 0.9})
    panels[-1].set_xlabel("sites in the order in which they run (cross: worst of the row)")
    figure.colorbar(shown, ax=panels, label="SQNR (dB)", extend="both", pad=0.01)
    alt = (
        f"Heat map of the signal to error of {len(sites)} sites under {plans(names)}. Worst: "
        f"{'; '.join(words)}."
    )
    caption = f"blank: does not run or has another shape there · {provenance(comparisons)}"
    return Picture(figure, alt, caption, {"layer_errors": layer_table(*comparisons)})


def error_parts(*comparisons: Comparison) -> Picture:
    """How much of the isolated error of every site is a gain, how much an offset; a row a plan."""
    sites = _sites(comparisons)
    figure = Figure(figsize=(WIDTH, 1.3 + 1.25 * len(comparisons)), layout="constrained")
    rows = figure.subplots(len(comparisons), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    words = []
    for axes, comparison in zip(rows, comparisons, strict=True):
        base = np.zeros(len(sites))
        for part, hatch in PARTS.items():
            share = 100 * comparison.layers[f"isolated_{part}_share"].fillna(0).to_numpy(float)
            axes.bar(
                range(len(sites)), share, 1.0, bottom=base, label=part, hatch=hatch,
                facecolor=colours.PARTS_OF_ERROR[part], edgecolor="#ffffff", linewidth=0,
            )  # fmt: skip
            base += share
        axes.set(ylim=(0, 100), xlim=(-0.5, len(sites) - 0.5), ylabel="share (%)")
        axes.set_title(f"{comparison.plan.name}, every site alone", loc="left")
        gain = 100 * comparison.layers["isolated_gain_share"].median()
        words.append(f"{comparison.plan.name} {gain:.0f} %")
        _name_rooms_below(axes, sites, {"color": colours.REFERENCE, "linestyle": ":"})
    rows[-1].set_xlabel("sites in the order in which they run")
    handles, labels = rows[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, fontsize=8, frameon=False)
    alt = (
        f"Bars that split the error energy of {len(sites)} sites into gain, offset and rest, for "
        f"{plans(comparisons)}. Median share of gain: {', '.join(words)}."
    )
    names = ["plan", "site", "op", "isolated_gain", *(f"isolated_{part}_share" for part in PARTS)]
    data = {"error_parts": layer_table(*comparisons)[names]}
    return Picture(figure, alt, f"no bar: no error · {provenance(comparisons)}", data)


def layer_table(*comparisons: Comparison) -> pd.DataFrame:
    """`Comparison.layers` of all, one below the other, with a column `plan` before the others."""
    frames = [c.layers.assign(plan=c.plan.name) for c in comparisons]
    table = pd.concat(frames, ignore_index=True)
    return table[["plan", *table.columns.drop("plan")]]


def site_sheet(*comparisons: Comparison, worst: int = 12) -> Sheet:
    """A row a site: SQNR alone and accumulated, and shares of operands flushed, in each plan.

    Args:
        comparisons: with layers, of one voice.
        worst: rows that are not folded away. A site counts as bad as it is, among all sites of a
            plan, in the plan where it ranks worst.
    """
    sites = _sites(comparisons)
    layers = [comparison.layers for comparison in comparisons]
    ranks = np.array([frame["isolated_sqnr_db"].rank() for frame in layers]).min(axis=0)
    table = pd.DataFrame({"site": sites, "op": layers[0]["op"].to_numpy()})
    for comparison, frame in zip(comparisons, layers, strict=True):
        name = comparison.plan.name
        table[f"{name}: alone (dB)"] = _numbers(frame["isolated_sqnr_db"])
        table[f"{name}: accum. (dB)"] = _numbers(frame["accumulated_sqnr_db"])
        for kind, words in (("activations", "act."), ("weights", "weights")):
            flushed = frame[f"{kind}_flushed_percent"]
            if flushed.notna().any():
                table[f"{name}: {words} flushed (%)"] = _numbers(flushed)
    table = table.iloc[np.argsort(ranks, kind="stable")]
    caption = (
        f"SQNR of {len(sites)} sites, alone and accumulated. The worst come first. {FLUSHED_WORDS} "
    )
    return Sheet(table, caption + provenance(comparisons), shown=worst)


def value_sheet(*comparisons: Comparison) -> Sheet:
    """A row a plan: where its values break first, and where blocks flush most.

    Args:
        comparisons: with layers.
    """
    rows = [(comparison.plan.name, comparison.values_words) for comparison in comparisons]
    return Sheet(pd.DataFrame(rows, columns=["plan", "values"]), provenance(comparisons))


def operation_sheet(*comparisons: Comparison) -> Sheet:
    """A row a kind of operation: medians over its sites, each site alone, in each plan."""
    layers = [comparison.layers for comparison in comparisons]
    grouped = layers[0].groupby("op", sort=False)
    table = pd.DataFrame({"op": list(grouped.groups), "sites": grouped.size().tolist()})
    for comparison, frame in zip(comparisons, layers, strict=True):
        name, medians = comparison.plan.name, frame.groupby("op", sort=False)
        table[f"{name}: SQNR (dB)"] = _numbers(medians["isolated_sqnr_db"].median())
        table[f"{name}: gain − 1 (%)"] = _numbers(100 * (medians["isolated_gain"].median() - 1))
        share = 100 * medians["isolated_gain_share"].median()
        table[f"{name}: of it gain (%)"] = _numbers(share)
    caption = "Each site alone; medians over all sites of an operation. "
    return Sheet(table, caption + provenance(comparisons))


def _sites(comparisons: tuple[Comparison, ...]) -> list[str]:
    """Names of the sites, the same for all.

    Raises:
        ArgumentError: layers were not measured, or those of another voice.
    """
    for comparison in comparisons:
        if not len(comparison.layers):
            raise ArgumentError(
                f"plan {comparison.plan.name} was compared without its sites: use layers=True"
            )
    names = [comparison.layers["site"].tolist() for comparison in comparisons]
    if any(other != names[0] for other in names):
        raise ArgumentError("the comparisons have different sites: compare one voice on one text")
    return names[0]


def _name_rooms_below(axes: Axes, sites: list[str], line: dict) -> None:
    """Names of rooms as ticks, and lines that look like `line` between them."""
    spans = rooms(sites)
    places = [(start + stop - 1) / 2 for _, start, stop in spans]
    axes.set_xticks(places, labels=[room for room, _, _ in spans], size=9)
    for _, start, _ in spans[1:]:
        axes.axvline(start - 0.5, **line)


def _numbers(values: pd.Series) -> list[str]:
    return [number(value) for value in values]
