"""Measures as text for people, each with whether it keeps the limit of its run."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.tables import number
from lightning_v2.analysis.metrics.endpoints import Run
from lightning_v2.analysis.metrics.metric import Metric, metrics_of
from widgets.explorer.explorer_session import Trial

_GLANCE = {
    "teacher-forced": (
        "pesq_wb_mos",
        "zimtohrli",
        "lsd_db",
        "mel_rmse_db",
        "f0_p95_cents",
        "fundamental_drift_p95_cycles",
        "group_delay_p95_ms",
        "pause_rise_db",
        "gain_db",
        "snr_db",
    ),
    "free-running": (
        "length_change_percent",
        "boundary_shift_p95_ms",
        "f0_median_cents",
        "f0_p95_cents",
        "voicing_flips_percent",
        "lsd_db",
        "mel_rmse_db",
        "pause_rise_db",
        "gain_db",
        "duration_difference_ms",
    ),
}
_HEADLINE = 5
"""So many of them stand beside the player."""

HISTORY = (
    "pesq_wb_mos",
    "zimtohrli",
    "lsd_db",
    "f0_p95_cents",
    "boundary_shift_p95_ms",
    "fundamental_drift_p95_cycles",
    "pause_rise_db",
)
"""Measures in the table of what was tried."""


def glance_of(run: Run) -> tuple[str, ...]:
    """Measures that are shown at a glance; all others are folded away."""
    return _GLANCE[run]


def cards_of(metrics: Mapping[str, float], run: Run) -> list[dict]:
    """All that need no judge, those at a glance first."""
    return [_card(metric, metrics[metric.name]) for metric in _ordered(run)]


def headline_of(metrics: Mapping[str, float], run: Run) -> list[dict]:
    """The first of them, for beside the player."""
    return cards_of(metrics, run)[:_HEADLINE]


def history(trials: Sequence[Trial]) -> dict:
    """Rows of the table of what was tried, with `HISTORY` in the order of the table of measures."""
    columns, rows = [], []
    for trial in trials:
        state = trial.state
        table = metrics_of(state.run)
        cells = [_card(m, trial.metrics[m.name]) for m in table if m.name in HISTORY]
        columns = [f"{cell['label']} ({cell['unit']})" for cell in cells]
        rows.append(
            {
                "number": trial.number,
                "key": state.key,
                "plan": state.plan.name,
                "colour": colours.of_plan(state.plan.name),
                "changed": len({site for site, _, _ in state.changes}),
                "words": f"{state.reference}, {state.tier}, {state.run}: “{state.text}”",
                "cells": cells,
            }
        )
    return {"columns": columns, "trials": rows}


def contrast(first: Trial, second: Trial, differences: pd.DataFrame) -> dict:
    """Two trials side by side, each with the limits of its run.

    differences: as `plan_edit.differences`.
    """
    trials = first, second
    names = list(dict.fromkeys(m.name for trial in trials for m in _ordered(trial.state.run)))
    tables = [{metric.name: metric for metric in metrics_of(trial.state.run)} for trial in trials]
    rows = []
    for name in names:
        pairs = zip(tables, trials, strict=True)
        cells = [_card(table[name], trial.metrics[name]) for table, trial in pairs]
        rows.append({"label": cells[0]["label"], "unit": tables[0][name].unit, "cells": cells})
    return {
        "heads": [f"{trial.number}: {trial.state.words}" for trial in trials],
        "rows": rows,
        "differences": differences.astype(str).to_numpy().tolist(),
    }


def _ordered(run: Run) -> Sequence[Metric]:
    table = {metric.name: metric for metric in metrics_of(run)}
    first = [table.pop(name) for name in glance_of(run)]
    return first + [metric for metric in table.values() if not metric.judge]


def _card(metric: Metric, value: float) -> dict:
    return {
        "name": metric.name,
        "label": metric.label,
        "value": number(value, metric.bound),
        "unit": metric.unit.split(",")[0],
        "bound": metric.bound_words,
        "holds": metric.holds(value),
        "hears": metric.hears,
        "deaf": metric.deaf_to,
    }
