"""Which site, alone in low precision, costs the waveform most; and what all of them cost together.

A ranking by the waveform holds for what durations and F0 do not change: the sites that predict them
do not run when they are given. `search.sensitivity` ranks those, too, and by what is heard.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import MARKS, WIDTH, for_all, plans, whole_frames
from lightning_v2.analysis.display.figures import LEVEL_RANGE_DB
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.analysis.sites.localisation import Localisation
from lightning_v2.errors import ArgumentError

BEST_SNR_DB = 100.0
"""Higher ratios are drawn here."""


def costs(*localisations: Localisation) -> pd.DataFrame:
    """What every site alone costs, a row a plan and site.

    Columns: plan, site, op, snr_db (of the waveform), share_percent (of the error energy of all
    sites of the plan, each alone; NaN where no site has an error).
    """
    frames = []
    for localisation in localisations:
        energy = 10 ** (-localisation.snr_db / 10)
        total = energy.sum() or np.nan
        columns = {
            "plan": localisation.plan.name,
            "site": localisation.sites,
            "op": localisation.ops,
        }
        columns |= {"snr_db": localisation.snr_db, "share_percent": 100 * energy / total}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def ranking(*localisations: Localisation, worst: int = 12) -> Picture:
    """Signal to error of the waveform with one site alone low, for the sites that cost most.

    Sites are in the order of their mean share of the error of a plan.
    """
    table = costs(*localisations)
    order = table.groupby("site", sort=False)["share_percent"].mean()
    order = order.sort_values(ascending=False, kind="stable").head(worst).index
    figure = Figure(figsize=(WIDTH, 1.5 + 0.27 * len(order)), layout="constrained")
    axes = figure.subplots()
    words = []
    for at, localisation in enumerate(localisations):
        name = localisation.plan.name
        own = table[table["plan"] == name].set_index("site")["snr_db"]
        places = np.arange(len(order)) + 0.2 * (at - (len(localisations) - 1) / 2)
        axes.plot(
            own.reindex(order).clip(upper=BEST_SNR_DB), places, linestyle="none",
            marker=MARKS[at % len(MARKS)], markersize=7, color=colours.of_plan(name), label=name,
        )  # fmt: skip
        words.append(f"{name} {own.idxmin()} with {own.min():.1f} dB")
    axes.set_yticks(range(len(order)), labels=order, size=8)
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    axes.set(xlabel="signal to error of the waveform (dB, at most 100); further left costs more")
    axes.set_title("one site alone in low precision", loc="left")
    figure.legend(loc="outside upper right", ncols=4, fontsize=8, frameon=False)
    alt = (
        f"The {len(order)} sites that cost the waveform most, one alone in low precision at a "
        f"time, under {plans(localisations)}. Worst: {', '.join(words)}."
    )
    return Picture(figure, alt, provenance(localisations), {"sites_alone": table})


def worst_sheet(*localisations: Localisation) -> Sheet:
    """The site of each plan that costs the waveform most when it alone is low, and the next one."""
    table = costs(*localisations)
    worst = table.loc[table.groupby("plan", sort=False)["snr_db"].idxmin()]
    nexts = [
        _next(table[table["plan"] == plan], site)
        for plan, site in zip(worst["plan"], worst["site"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "plan": worst["plan"],
            "largest share of the error": worst["site"],
            "op": worst["op"],
            "waveform with it alone low: SNR (dB)": worst["snr_db"].map(number),
            "its share of the error of all sites (%)": worst["share_percent"].map(number),
            "the next one": nexts,
        }
    )
    caption = (
        "Shares of error energy in the waveform. Durations and F0 are given: sites that predict "
        "them take no part. It is not what breaks a plan first, nor what a limit is reached by. "
    )
    return Sheet(frame, caption + provenance(localisations))


def reach(localisations: Sequence[Localisation], comparisons: Sequence[Comparison]) -> Picture:
    """Error of a site at its output against what arrives of it in the waveform; a panel a plan.

    Args:
        localisations, comparisons: of the same plans in the same order, on one text; the
            comparisons with layers.

    Raises:
        ArgumentError: the plans differ.
    """
    check_same_plans(localisations, comparisons)
    table = pd.concat(map(_reached, localisations, comparisons), ignore_index=True)
    drawn = table[np.isfinite(table[["site_sqnr_db", "waveform_snr_db"]]).all(axis=1)]
    rooms = drawn["site"].str.split(".").str[0]
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    columns = figure.subplots(1, len(localisations), sharex=True, sharey=True, squeeze=False)[0]
    words = []
    for axes, localisation in zip(columns, localisations, strict=True):
        name = localisation.plan.name
        own = drawn[drawn["plan"] == name]
        for at, room in enumerate(rooms.unique()):
            points = own[own["site"].str.startswith(f"{room}.")]
            axes.plot(
                points["site_sqnr_db"], points["waveform_snr_db"], linestyle="none", label=room,
                marker=MARKS[at % len(MARKS)], markersize=5, color=_ROOMS[at % len(_ROOMS)],
            )  # fmt: skip
        ends = drawn["site_sqnr_db"].min(), drawn["site_sqnr_db"].max()
        axes.plot(ends, ends, color=colours.REFERENCE, linewidth=1.0)
        gained = own["waveform_snr_db"] - own["site_sqnr_db"]
        words.append(f"{name} {gained.median():.1f} dB")
        axes.set_title(name, loc="left")
        axes.set_xlabel("at its output (dB)")
    columns[0].set_ylabel("in the waveform (dB)")
    figure.suptitle("signal to error of one site alone (line: both the same)", size=11, x=0.5)
    handles, labels = columns[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=8, frameon=False)
    alt = (
        f"Signal to error of every site, alone in low precision, at its output and in the "
        f"waveform, under {plans(localisations)}. Gained on the way, median over sites: "
        f"{', '.join(words)}."
    )
    caption = f"sites without error are not drawn · {provenance(localisations)}"
    return Picture(figure, alt, caption, {"reach": table})


def worst_over_time(*localisations: Localisation) -> Picture:
    """Level of the reference, and of what the worst site of each plan adds alone; a row each."""
    first = localisations[0]
    sites = [
        localisation.sites[int(localisation.snr_db.argmin())] for localisation in localisations
    ]
    maps = {"reference": first.reference_dbfs}
    for localisation, site in zip(localisations, sites, strict=True):
        maps[f"{localisation.plan.name}: error of {site} alone"] = localisation.error_of(site)
    figure = Figure(figsize=(WIDTH, 1.0 + 1.6 * len(maps)), layout="constrained")
    rows = figure.subplots(len(maps), 1, sharex=True, sharey=True)
    low, high = LEVEL_RANGE_DB
    for axes, (title, levels) in zip(rows, maps.items(), strict=True):
        shown = axes.imshow(
            levels, aspect="auto", origin="lower", interpolation="none", cmap=colours.LEVEL_MAP,
            vmin=low, vmax=high,
            extent=(*whole_frames(first.times_s), 0, first.band_edges_hz[-1] / 1000),
        )  # fmt: skip
        axes.set_title(title, loc="left")
        axes.set_ylabel("frequency (kHz)")
    rows[-1].set_xlabel("time (s)")
    figure.colorbar(shown, ax=rows, label="level in 500 Hz (dBFS)", extend="both", pad=0.01)
    words = [
        f"{localisation.plan.name} {site}, {localisation.snr_db.min():.1f} dB"
        for localisation, site in zip(localisations, sites, strict=True)
    ]
    alt = (
        "Level of the reference over time and frequency, and of the error of the site that alone "
        f"costs most in each plan: {'; '.join(words)} (signal to error)."
    )
    data = {"times_s": first.times_s, "band_edges_hz": first.band_edges_hz}
    data |= {
        f"{localisation.plan.name}_error_dbfs": localisation.error_of(site)
        for localisation, site in zip(localisations, sites, strict=True)
    }
    data["reference_dbfs"] = first.reference_dbfs
    return Picture(figure, alt, provenance(localisations), {"worst_over_time": data})


def cost_sheet(*localisations: Localisation, worst: int = 12) -> Sheet:
    """What every site alone costs in each plan, in the order of `ranking`."""
    table = costs(*localisations)
    order = table.groupby("site", sort=False)["share_percent"].mean()
    order = order.sort_values(ascending=False, kind="stable").index
    shown = pd.DataFrame({"site": order})
    shown["op"] = table.drop_duplicates("site").set_index("site")["op"].reindex(order).to_numpy()
    for localisation in localisations:
        own = table[table["plan"] == localisation.plan.name].set_index("site").reindex(order)
        shown[f"{localisation.plan.name}: SNR (dB)"] = [number(x) for x in own["snr_db"]]
        shown[f"{localisation.plan.name}: share (%)"] = [number(x) for x in own["share_percent"]]
    caption = (
        f"{len(order)} sites, each alone in low precision: SNR of the waveform, and share of the "
        "error energy of all of them. "
    )
    return Sheet(shown, caption + provenance(localisations), shown=worst)


def together(localisations: Sequence[Localisation], comparisons: Sequence[Comparison]) -> Sheet:
    """Do the errors of single sites add up to the error of the whole plan? A row a plan.

    Args:
        localisations, comparisons: of the same plans in the same order, on one text.

    Raises:
        ArgumentError: the plans differ.
    """
    rows = []
    check_same_plans(localisations, comparisons)
    for localisation, whole in zip(localisations, comparisons, strict=True):
        energy = np.sort(10 ** (-localisation.snr_db / 10))[::-1]
        total = energy.sum()
        half = int(np.searchsorted(np.cumsum(energy), total / 2)) + 1 if total else 0
        rows.append(
            {
                "plan": localisation.plan.name,
                "sites": len(energy),
                "energies of single sites, added up: SNR (dB)": number(
                    float(-10 * np.log10(total)) if total else np.inf
                ),
                "whole plan: SNR (dB)": number(whole.metrics["snr_db"]),
                "sites that make half of the error": half,
                "worst site": localisation.sites[int(localisation.snr_db.argmin())],
                "its share (%)": number(100 * energy[0] / total if total else np.nan),
            }
        )
    return Sheet(pd.DataFrame(rows), provenance(localisations))


def check_same_plans(
    localisations: Sequence[Localisation], comparisons: Sequence[Comparison]
) -> None:
    """Whether both are of the same plans in the same order.

    Raises:
        ArgumentError: they are not.
    """
    names = [[one.plan.name for one in several] for several in (localisations, comparisons)]
    if names[0] != names[1]:
        raise ArgumentError(f"plans differ: {names[0]} were localised, {names[1]} compared")


def provenance(localisations: Sequence[Localisation]) -> str:
    """One line for several plans that were localised in the same way."""
    return for_all(
        localisations[0].provenance, [localisation.plan.name for localisation in localisations]
    )


def _next(own: pd.DataFrame, first: str) -> str:
    """The site of a plan that comes second, with its share; "–" where there is none."""
    others = own[own["site"] != first]
    if others.empty:
        return "–"
    second = others.loc[others["snr_db"].idxmin()]
    return f"{second['site']}, {number(second['share_percent'])} %"


def _reached(localisation: Localisation, whole: Comparison) -> pd.DataFrame:
    """A row a site: plan, site, op, site_sqnr_db at its output, waveform_snr_db."""
    here = whole.layers.set_index("site")["isolated_sqnr_db"].reindex(localisation.sites)
    table = pd.DataFrame(
        {"plan": localisation.plan.name, "site": localisation.sites, "op": localisation.ops}
    )
    return table.assign(site_sqnr_db=here.to_numpy(float), waveform_snr_db=localisation.snr_db)


_ROOMS = ("#0072b2", "#e69f00", "#cc79a7", "#009e73")
