"""What to listen for, as the measures of the comparisons at hand have it."""

import html
import math

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

    def __init__(self, *comparisons: Comparison):
        self.comparisons = comparisons

    def lines(self) -> list[str]:
        """One sentence a comparison."""
        return [_line(comparison) for comparison in self.comparisons]

    def __repr__(self) -> str:
        return "\n".join(["Listen for", *(f"- {line}" for line in self.lines())])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        return f'<div class="findings"><p><strong>Listen for</strong></p><ul>{items}</ul></div>'


def _line(comparison: Comparison) -> str:
    signs, metrics = [], metrics_of(comparison.run)
    for words, names in _SIGNS.items():
        broken = [m for m in metrics if m.name in names and _tells(m, comparison.metrics[m.name])]
        figures = ", ".join(
            f"{metric.label} {with_unit(comparison.metrics[metric.name], metric)}"
            for metric in broken
        )
        if broken:
            signs.append(f"{words} ({figures})")
    name = comparison.plan.name
    if signs:
        return f"{name}: {'; '.join(signs)}."
    asked = [comparison.metrics[name] for names in _SIGNS.values() for name in names]
    if all(map(math.isnan, asked)):
        return f"{name}: no measure has a value."
    return f"{name}: no measure expects a difference that ears find; is there one?"


def _tells(metric: Metric, value: float) -> bool:
    if metric.name == "fundamental_drift_p95_cycles":
        return value > DRIFT_CYCLES
    return metric.holds(value) is False
