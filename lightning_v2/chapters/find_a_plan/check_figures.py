"""The verdict of a check as a figure: how much of each allowance a plan uses."""

import math
from collections.abc import Sequence
from itertools import groupby

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.analysis.metrics.endpoints import SIGNS, Endpoint
from lightning_v2.analysis.verdict.control_verdict import control_table
from lightning_v2.analysis.verdict.equivalence import Verdict
from lightning_v2.search.check_record import Check
from lightning_v2.search.plans.quality import TERMS

REACH = 300.0
"""Shares are drawn up to this; what uses more, an infinite one among them, stands at the edge."""

_IDENTICAL = {term.column: term.best for term in TERMS} | {"words_agree_percent": 100.0}
_TICKS = (0, 0.5, 1, 3, 10, 30, 100, 300)
_WIDTH = 8.2


def used_share(endpoint: Endpoint, value: float) -> float:
    """How much of what an endpoint allows a value uses: 0 as float32 itself, 1 at the limit.

    Below 0 is better than float32 (against recordings it can be). Where nothing at all is allowed
    it is 0 or infinite.
    """
    best = _IDENTICAL.get(endpoint.column, 0.0)
    allowed, used = endpoint.limit - best, value - best
    if allowed == 0:
        return math.inf if used > 0 else 0.0
    return used / allowed


def forest(record: Check) -> Picture:
    """Estimate and confidence bound of every endpoint, the limit of each at 1; controls beside."""
    judged = record.verdict.judged
    figure = Figure(figsize=(_WIDTH, 1.5 + 0.34 * len(judged)), layout="constrained")
    axes = figure.subplots()
    colour = colours.of_plan(record.plan.name)
    rows = []
    for y, judgement in enumerate(judged):
        endpoint = judgement.endpoint
        for control in record.controls:
            of = {j.endpoint.label: j for j in control.verdict.judged}.get(endpoint.label)
            if of is None:
                continue
            share = used_share(endpoint, of.bound)
            rows.append(_row(control.name, control.must, of, share))
            axes.plot(
                _drawn(share),
                y + 0.22,
                marker="o" if control.must == "pass" else "x",
                color=colours.REFERENCE,
                markerfacecolor="none",
                markersize=5,
                linestyle="none",
            )
        estimate, bound = (used_share(endpoint, v) for v in (judgement.estimate, judgement.bound))
        rows.append(_row(record.plan.name, "", judgement, bound))
        axes.plot([_drawn(estimate), _drawn(bound)], [y - 0.1] * 2, color=colour, linewidth=2)
        axes.plot(_drawn(estimate), y - 0.1, "|", color=colour, markersize=9)
        axes.plot(
            _drawn(bound),
            y - 0.1,
            marker="D",
            color=colour,
            markerfacecolor=colour if judgement.state == "holds" else "none",
            markersize=6,
        )
    _name_runs(axes, [judgement.endpoint.run for judgement in judged])
    axes.axvline(1, color=colours.REFERENCE, linewidth=1.2, linestyle="--")
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xticks(_TICKS, labels=[f"{tick:g}" for tick in _TICKS])
    axes.minorticks_off()
    axes.set(xlim=(-0.6, 1.35 * REACH), ylim=(len(judged) - 0.4, -0.6))
    axes.set_yticks(range(len(judged)), labels=[_label(j.endpoint) for j in judged], size=8)
    axes.set_xlabel(
        "share of the limit that is used (0: as float32, 1: all of it; logarithmic beyond 1)"
    )
    axes.set_title(f"{record.plan.name}: bounds of {len(judged)} endpoints", loc="left")
    shares = [used_share(j.endpoint, j.bound) for j in judged]
    most = max(range(len(judged)), key=shares.__getitem__)
    failed = "; ".join(j.endpoint.label for j in record.verdict.failed) or "none"
    alt = (
        f"How much of each of {len(judged)} allowances {record.plan.name} uses: most of all "
        f"{judged[most].endpoint.label} with {shares[most]:.2f} of its limit. Fails: {failed}. "
        f"{_wrong(record)}."
    )
    caption = (
        "Bar: estimate (tick) to 95 % bound (diamond, hollow where the limit is not shown to "
        f"hold); {_control_marks(record)}. {record.provenance}"
    )
    return Picture(figure, alt, caption, {"endpoints": pd.DataFrame(rows)})


def _name_runs(axes: Axes, runs: Sequence[str]) -> None:
    """How the endpoints of each row were run, beside them, and lines between the runs."""
    start = 0
    for run, rows in groupby(runs):
        count = len(list(rows))
        middle = start + (count - 1) / 2
        across = axes.get_yaxis_transform()  # x runs from 0 to 1, y counts rows
        axes.text(1.01, middle, run, rotation=270, va="center", size=8, transform=across)
        if start:
            axes.axhline(start - 0.5, color=colours.REFERENCE, linewidth=0.6, alpha=0.5)
        start += count


def endpoint_sheet(record: Check) -> Sheet:
    """Every endpoint of the plan: estimate, bound, limit, whether it holds."""
    return Sheet(_figures(record.verdict), f"Endpoints. {record.provenance}")


def control_sheet(record: Check) -> Sheet | Note:
    """Every control: what it must do, what it does, and which endpoints it fails. A note where
    there are none."""
    if not record.controls:
        return Note(
            f"{record.plan.name} was judged without controls: no figure here shows that the test "
            "would have refused a bad plan on these sentences."
        )
    return Sheet(control_table(record.controls), f"Controls of the verdict on {record.provenance}")


def _control_marks(record: Check) -> str:
    if not record.controls:
        return "no controls were judged with it, and none are drawn"
    return (
        "○ bounds of controls that must pass, × of those that must fail, each in at least one "
        "endpoint"
    )


def _wrong(record: Check) -> str:
    if not record.controls:
        return "Judged without controls"
    return f"Controls that come out wrong: {', '.join(record.wrong_controls) or 'none'}"


def _figures(verdict: Verdict) -> pd.DataFrame:
    table = verdict.table()
    for name in ("estimate", "bound"):
        table[name] = ["–" if math.isnan(v) else f"{v:.4g}".replace("-", "−") for v in table[name]]
    table["limit"] = [
        f"{SIGNS[j.endpoint.relation]} {j.endpoint.limit:g}" for j in verdict.judgements
    ]
    return table


def _row(name: str, must: str, judgement, share: float) -> dict[str, object]:
    return {
        "of": name,
        "must": must,
        "endpoint": judgement.endpoint.label,
        "unit": judgement.endpoint.unit,
        "estimate": judgement.estimate,
        "bound": judgement.bound,
        "limit": judgement.endpoint.limit,
        "bound_share_of_limit": share,
        "state": judgement.state,
    }


def _label(endpoint: Endpoint) -> str:
    sign = SIGNS[endpoint.relation]
    return f"{endpoint.label} ({sign} {endpoint.limit:g} {endpoint.unit}".strip() + ")"


def _drawn(share: float) -> float:
    return min(max(share, -0.5), REACH)
