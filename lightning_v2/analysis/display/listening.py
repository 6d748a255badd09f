"""What to listen for, as the measures of the comparisons at hand have it."""

import html
import math
from collections.abc import Mapping

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display.findings import DRIFT_CYCLES
from lightning_v2.analysis.display.tables import with_unit
from lightning_v2.analysis.metrics.metric import Metric, metrics_of

_SIGNS = {
    "hiss in the pauses": ("pause_rise_db",),
    "a rough, hoarse voice, whose pulses come at the wrong times": (
        "fundamental_drift_p95_cycles",
    ),
    "a voice that is out of tune": ("f0_median_cents",),
    "a voice that wavers": ("f0_p95_cents",),
    "buzz and whisper in the wrong places": ("voicing_flips_percent",),
    "other words": ("words_agree_percent",),
    "another pace": ("length_change_percent",),
    "another rhythm": ("boundary_shift_p95_ms",),
    "smeared onsets": ("group_delay_p95_ms",),
    "another timbre": ("mel_rmse_db", "lsd_db"),
    "short distortions": ("lsd_2_to_4_percent", "lsd_above_4_percent"),
    "another level": ("gain_db",),
    "what a model of a listener noticed": ("pesq_wb_mos", "zimtohrli"),
}
"""What ears may find -> the measures that tell of it; the plainest first."""


class Listening:
    """A line a plan: what can be heard in it if its measures are right."""

    def __init__(self, *comparisons: Comparison, floor: Mapping[str, float] | None = None):
        """floor: measures of float32 against itself, with other noise say. A difference that is no
        larger than there is none of the plan."""
        self.comparisons, self.floor = comparisons, floor or {}

    def lines(self) -> list[str]:
        """One sentence a comparison, and another one for what lies below the floor."""
        return [_line(comparison, self.floor) for comparison in self.comparisons]

    def __repr__(self) -> str:
        return "\n".join(["Listen for", *(f"- {line}" for line in self.lines())])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        return f'<div class="findings"><p><strong>Listen for</strong></p><ul>{items}</ul></div>'


def _line(comparison: Comparison, floor: Mapping[str, float]) -> str:
    values, metrics = comparison.metrics, metrics_of(comparison.run)
    signs, hidden = [], []
    for words, names in _SIGNS.items():
        broken = [m for m in metrics if m.name in names and _tells(m, values[m.name])]
        own = [m for m in broken if _beyond(m, values[m.name], floor.get(m.name, math.nan))]
        hidden += [m for m in broken if m not in own]
        figures = ", ".join(f"{m.label} {with_unit(values[m.name], m)}" for m in own)
        if own:
            signs.append(f"{words} ({figures})")
    name = comparison.plan.name
    below = ", ".join(
        f"{m.label} ({with_unit(values[m.name], m)}; there {with_unit(floor[m.name], m)})"
        for m in hidden
    )
    below = f" Not told, since float32 differs as much from itself: {below}." if below else ""
    if signs:
        return f"{name}: {'; '.join(signs)}.{below}"
    if below:
        return f"{name}: nothing that is the plan's own.{below}"
    asked = [comparison.metrics[name] for names in _SIGNS.values() for name in names]
    if all(map(math.isnan, asked)):
        return f"{name}: no measure has a value."
    return f"{name}: no measure expects a difference that ears find; is there one?"


def _beyond(metric: Metric, value: float, floor: float) -> bool:
    """Whether a value is worse than that of the floor; there may be none (NaN)."""
    if math.isnan(floor):
        return True
    if metric.better == "zero":
        return abs(value) > abs(floor)
    return value < floor if metric.better == "higher" else value > floor


def _tells(metric: Metric, value: float) -> bool:
    if metric.name == "fundamental_drift_p95_cycles":
        return value > DRIFT_CYCLES
    return metric.holds(value) is False
