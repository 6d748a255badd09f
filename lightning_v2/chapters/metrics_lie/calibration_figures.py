"""Figures and tables of a calibration: which measure hears which change."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.analysis.metrics.metric import METRICS, Metric
from lightning_v2.chapters.metrics_lie.calibration import (
    GROUPS,
    Calibration,
    blind_spots,
    keeps_all,
    yardsticks,
)

SHOWN = {
    "waveform_pcc": ("waveform\ncorrelation", 1.0, 3),
    "snr_db": ("SNR\n(dB)", 1.0, 0),
    "stoi": ("STOI", 1.0, 3),
    "pesq_wb_mos": ("PESQ-WB\n(MOS)", 1.0, 2),
    "zimtohrli": ("zimtohrli\n(1e-4)", 1e4, 1),
    "mel_rmse_db": ("mel RMS\n(dB)", 1.0, 2),
    "lsd_db": ("LSD\n(dB)", 1.0, 2),
    "f0_median_cents": ("F0 med.\n(cents)", 1.0, 1),
    "f0_p95_cents": ("F0 p95\n(cents)", 1.0, 1),
    "pause_rise_db": ("pause rise\n(dB)", 1.0, 1),
    "gain_db": ("gain\n(dB)", 1.0, 2),
    "group_delay_p95_ms": ("group del.\n(ms)", 1.0, 2),
    "dnsmos_ovrl_change_mos": ("DNSMOS\nchange", 1.0, 2),
    "words_agree_percent": ("words\nkept (%)", 1.0, 0),
}
"""Columns of the matrix: metric -> its heading, what its values are multiplied by, decimals."""

LEAST_DISTANCE = 1e-9
"""1 - correlation of waveforms is drawn as at least this: beyond it lies the rounding of sums."""
LEAST_ZIMTOHRLI = 1e-7

_KEPT, _BROKEN = "#009e73", "#d55e00"
_MARKS = {"must pass": "o", "must fail": "X", "listen": "s", "plan": "D"}
_WIDTH = 8.2
_ROW_IN = 0.235
_MOST_DIGITS = 8


def matrix(calibration: Calibration, pcc_gate: float) -> Picture:
    """Every change (rows) as every measure has it (columns), with a mark where there is a bound."""
    means = calibration.means
    metrics = {metric.name: metric for metric in yardsticks(pcc_gate)}
    groups = [name for name in GROUPS if (means["group"] == name).any()]
    lines = len(means) + len(groups)
    figure = Figure(figsize=(_WIDTH, 1.1 + _ROW_IN * lines), layout="constrained")
    axes = figure.subplots()
    y = 0
    for group in groups:
        axes.text(-2.45, y, GROUPS[group], size=7.5, weight="bold", va="center")
        for _, row in means[means["group"] == group].iterrows():
            y += 1
            axes.text(-0.6, y, row["change"], size=7.5, ha="right", va="center")
            for x, (name, (_, scale, digits)) in enumerate(SHOWN.items()):
                shown = _beside_bound(row[name], scale, digits, metrics[name])
                _cell(axes, x, y, shown, metrics[name].holds(row[name]))
            _cell(axes, len(SHOWN), y, "", keeps_all(row))
        y += 1
    headings = [
        f"{heading}\n{_limit(metrics[name], scale)}" for name, (heading, scale, _) in SHOWN.items()
    ]
    axes.set_xticks(range(len(SHOWN) + 1), labels=[*headings, "all\nbounds\n"], size=6.8)
    axes.xaxis.tick_top()
    axes.set(xlim=(-2.5, len(SHOWN) + 0.5), ylim=(lines - 0.4, -0.6), yticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    alone = blind_spots(calibration, pcc_gate).set_index("measure")
    gate, deaf = alone.loc[metrics["waveform_pcc"].label], (alone["misses"] != "").sum()
    alt = (
        f"{len(means)} changes against {len(SHOWN)} measures, each cell with its value and whether "
        f"it keeps its bound. Of {len(alone) - 1} measures {deaf} keep their bound on something "
        f"that must fail. Waveform correlation keeps it on {gate.misses or 'nothing'} and breaks "
        f"it on {gate.alarms or 'nothing'} that must pass. All bounds together miss "
        f"{alone.iloc[-1].misses or 'nothing'}."
    )
    caption = (
        f"✓ keeps the bound of the equivalence test, which stands below each name, ✗ breaks it, "
        f"unmarked: no bound; waveform "
        f"correlation: the gate of {pcc_gate:g}; all bounds: without that gate. "
        f"{calibration.provenance}"
    )
    return Picture(figure, alt, caption, {"calibration": calibration.table})


def against_ears(calibration: Calibration, pcc_gate: float) -> Picture:
    """What counts samples (across) against what models a listener (up), a mark a change."""
    means = calibration.means
    distance = np.maximum(1 - means["waveform_pcc"], LEAST_DISTANCE)
    heard = np.maximum(means["zimtohrli"], LEAST_ZIMTOHRLI)
    bounds = {metric.name: metric.bound for metric in METRICS}
    figure = Figure(figsize=(_WIDTH, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    panels = (
        (left, distance, means["pesq_wb_mos"], "pesq_wb_mos"),
        (right, means["snr_db"], heard, "zimtohrli"),
    )
    for axes, across, up, name in panels:
        points = zip(means.itertuples(), across, up, strict=True)
        for index, (row, x, y) in enumerate(points, 1):
            plan = row.group == "plan"
            axes.plot(
                x,
                y,
                marker=_MARKS[row.group],
                color=colours.of_plan(row.change) if plan else colours.REFERENCE,
                markersize=7,
                linestyle="none",
                label=f"{index}  {row.change}" if axes is left else None,
            )
            # Numbers of plans on the other side: they often lie where a change lies.
            beside = (-13, -9) if plan else (5, 4)
            axes.annotate(str(index), (x, y), xytext=beside, textcoords="offset points", size=7.5)
        axes.axhline(bounds[name], color=colours.REFERENCE, linewidth=1, linestyle="--")
    left.axvline(1 - pcc_gate, color=colours.REFERENCE, linewidth=1, linestyle=":")
    left.set(xlabel="1 − waveform correlation, less is better", ylabel="PESQ-WB (MOS-LQO)")
    left.set_xscale("log")
    right.set(xlabel="waveform SNR (dB), more is better", ylabel="zimtohrli distance")
    right.set_yscale("log")
    right.invert_xaxis()
    left.set_title("left of the dots: passes by correlation", loc="left", size=9)
    right.set_title("above the dashes: breaks its bound", loc="left", size=9)
    figure.legend(loc="outside lower center", ncols=4, fontsize=7, frameon=False)
    ranks = means[["waveform_pcc", "pesq_wb_mos", "snr_db", "zimtohrli"]].corr("spearman")
    alt = (
        f"{len(means)} changes: PESQ-WB against waveform correlation (rank correlation "
        f"{ranks.loc['waveform_pcc', 'pesq_wb_mos']:.2f}), and zimtohrli against SNR (rank "
        f"correlation {ranks.loc['snr_db', 'zimtohrli']:.2f}, −1 would be agreement)."
    )
    caption = (
        f"○ must pass, ✕ must fail, □ nothing claimed, ◇ plans; dashes: bounds of the equivalence "
        f"test, dots: a correlation of {pcc_gate:g}; nothing is drawn below {LEAST_DISTANCE:g} and "
        f"{LEAST_ZIMTOHRLI:g}. {calibration.provenance}"
    )
    return Picture(figure, alt, caption, {"calibration_means": means})


def blind_spot_sheet(calibration: Calibration, pcc_gate: float) -> Sheet:
    """`calibration.blind_spots` as a table."""
    found = blind_spots(calibration, pcc_gate)
    frame = found.set_axis(
        ["measure", "bound", "misses, though it must fail", "alarms, though it must pass"], axis=1
    ).replace("", "–")
    return Sheet(frame, f"Verdicts of each measure alone. {calibration.provenance}")


def change_sheet(calibration: Calibration) -> Sheet:
    """All measures of all changes."""
    means = calibration.means
    columns = {"change": means["change"], "what it does": means["what"]}
    for metric in METRICS:
        if means[metric.name].nunique() > 1:  # some change moves it
            columns[f"{metric.label} ({metric.unit})"] = [
                number(value, metric.bound) for value in means[metric.name]
            ]
    return Sheet(pd.DataFrame(columns), calibration.provenance, shown=0)


def _cell(axes: Axes, x: int, y: int, shown: str, holds: bool | None) -> None:
    mark = {True: "✓", False: "✗", None: ""}[holds]
    if holds is not None:
        tone = _KEPT if holds else _BROKEN
        # Transparent, so that the colour of the ink suits it on light and on dark paper.
        alpha = 0.22 if holds else 0.5
        axes.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, color=tone, alpha=alpha, lw=0))
    axes.text(x, y, f"{shown} {mark}".strip(), size=7, ha="center", va="center")


def _limit(metric: Metric, scale: float) -> str:
    """A bound as its column has values; empty where there is none."""
    if metric.bound is None:
        return ""
    sign, _, _ = metric.bound_words.partition(" ")
    return f"{sign} {scale * metric.bound:g}"


def _beside_bound(value: float, scale: float, digits: int, metric: Metric) -> str:
    """A value, with as many digits as tell on which side of its bound it lies."""
    if math.isfinite(value):
        while digits < _MOST_DIGITS and metric.holds(
            round(scale * value, digits) / scale
        ) != metric.holds(value):
            digits += 1
    return _digits(scale * value, digits)


def _digits(value: float, digits: int) -> str:
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    shown = f"{value:.{digits}f}"
    return shown.replace("-", "−") if float(shown) else f"{0:.{digits}f}"
