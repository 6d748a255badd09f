"""Which part breaks first: each alone, each with all before it, and what of it is heard."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.analysis.sites.site_values import broken_sites
from lightning_v2.chapters.your_own_voice.alone import Alone

Groups = Mapping[str, Sequence[str]]

_HEARD = {
    "PESQ-WB (MOS-LQO)": "pesq_wb_mos",
    "LSD (dB)": "lsd_db",
    "hiss (dB)": "hiss_rise_db",
    "onsets lose (dB)": "onset_loss_db",
    "F0, median (cents)": "f0_median_cents",
    "length (%)": "length_change_percent",
    "drift (cycles)": "fundamental_drift_p95_cycles",
}
"""Column -> measure."""


def part_sheet(comparison: Comparison, groups: Groups) -> Sheet:
    """A row a part: its sites, the worst of them, what reaches its end, and what breaks in it.

    Args:
        comparison: with layers.
        groups: part -> sites.
    """
    layers = comparison.layers.set_index("site")
    broken = {site.site: site for site in broken_sites(comparison.layers)}
    rows = []
    for part, sites in groups.items():
        here = layers.loc[[site for site in sites if site in layers.index]]
        if not len(here):
            continue
        alone = here["isolated_sqnr_db"]
        worst = alone.idxmin() if alone.notna().any() else None
        bad = [site for site in here.index if site in broken]
        crushed = here["activations_crushed_percent"]
        rows.append(
            {
                "part": part,
                "sites": len(here),
                "worst site alone": f"{worst} ({here['op'][worst]})" if worst else "–",
                "its SQNR (dB)": number(alone.min()),
                "median SQNR alone (dB)": number(alone.median()),
                "at its end, accumulated (dB)": number(_last(here["accumulated_sqnr_db"])),
                "crushed in blocks, at most (%)": number(crushed.max()),
                "first value that breaks": f"{bad[0]}: {broken[bad[0]].counts}" if bad else "none",
            }
        )
    caption = (
        "Parts in the order of the sound, sites in the order in which they run. Crushed: operands "
        "that a far larger neighbour in their block of 16 takes to zero, although a block of the "
        "tensor's median size would have kept them; – where nothing is a block float. "
        f"{comparison.provenance}."
    )
    return Sheet(pd.DataFrame(rows), caption)


def _last(values: pd.Series) -> float:
    known = values.dropna()
    return float(known.iloc[-1]) if len(known) else float("nan")


def alone_sheet(found: Sequence[Alone], voice: str = "") -> Sheet:
    """A row a group, the one that is heard most first.

    voice: its name, where several stand on a page.
    """
    rows = [
        {
            "low": one.group,
            "sites": len(one.sites),
            **{column: number(one.values[name]) for column, name in _HEARD.items()},
            "given": "nothing" if one.free else "durations and F0",
        }
        for one in sorted(found, key=_heard, reverse=True)
    ]
    head = f"{voice}: " if voice else ""
    return Sheet(pd.DataFrame(rows), head + _provenance(found))


def alone_figure(found: Sequence[Alone]) -> Picture:
    """How far the spectrum of a sentence moves when one group alone runs low."""
    figure = Figure(figsize=(WIDTH, 1.0 + 0.34 * len(found)), layout="constrained")
    axes = figure.subplots()
    ordered = sorted(found, key=_heard)
    lengths = [_heard(one) for one in ordered]
    tone = colours.of_plan(found[0].plan)
    axes.barh([f"{one.group} ({len(one.sites)})" for one in ordered], lengths, color=tone)
    axes.set_xlabel("log-spectral distance from float32, mean (dB)")
    axes.axvline(1, color=colours.REFERENCE, linestyle="--", linewidth=1)
    axes.set_title(f"one group at a time as in {found[0].plan} (dashed: limit)", loc="left")
    words = ", ".join(f"{one.group} {number(_heard(one))}" for one in reversed(ordered))
    alt = f"Log-spectral distance in dB with one group low at a time: {words}."
    table = pd.DataFrame(
        {"group": one.group, "sites": len(one.sites), "free": one.free, **one.values}
        for one in found
    )
    return Picture(figure, alt, _provenance(found), {"alone": table})


def _heard(one: Alone) -> float:
    value = one.values["lsd_db"]
    return 0.0 if np.isnan(value) else float(value)


def _provenance(found: Sequence[Alone]) -> str:
    first = found[0]
    return (
        f"one group at a time as in plan {first.plan}, emulated, {first.tier} tier; all others and "
        "the reference: PyTorch float32. Groups that decide about time or pitch spoke freely"
    )
