"""What a comparison says in words, computed from its figures."""

import html
import math
from dataclasses import dataclass

import pandas as pd

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display.tables import number, with_unit
from lightning_v2.analysis.metrics.metric import Metric, metrics_of
from lightning_v2.analysis.sites.site_values import flushed_words, lowest

DRIFT_CYCLES = 0.1
"""A fundamental that is further off than this has lost its phase."""
POOR_SQNR_DB = 10.0

FORCED = (
    "Durations and F0 are those of the reference, so that the errors of the sites that predict "
    "them go no further, however large they are."
)


@dataclass(frozen=True)
class Findings:
    """A few sentences: is it within bounds, what is broken, and where does it come from?"""

    comparison: Comparison

    @property
    def verdict(self) -> str:
        """One sentence on all bounds together."""
        values = self.comparison.metrics
        held = [metric.holds(values[metric.name]) for metric in self._metrics]
        broken, known = held.count(False), held.count(False) + held.count(True)
        name = self.comparison.plan.name
        if not known:
            return f"{name} cannot be judged: {next(iter(self.comparison.unmeasured.values()))}."
        if not broken:
            return f"{name} keeps all {known} bounds on this sentence."
        return f"{name} breaks {broken} of {known} bounds on this sentence."

    @property
    def _metrics(self) -> tuple[Metric, ...]:
        return metrics_of(self.comparison.run)

    def lines(self) -> list[str]:
        """One sentence each, the most important first."""
        return [*self._values(), *self._broken(), *self._phase(), *self._layers()]

    def __repr__(self) -> str:
        return "\n".join([self.verdict, *(f"- {line}" for line in self.lines())])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        provenance = html.escape(self.comparison.provenance)
        return (
            f'<div class="findings"><p><strong>{html.escape(self.verdict)}</strong></p>'
            f"<ul>{items}</ul><p><small>{provenance}</small></p></div>"
        )

    def _values(self) -> list[str]:
        """Where values break, and where blocks crush them."""
        layers = self.comparison.layers
        if not len(layers):
            return []
        first = self.comparison.first_broken
        words = [f"values are {first}"] if first else []
        return [f"{line[0].upper()}{line[1:]}." for line in words + flushed_words(layers)]

    def _broken(self) -> list[str]:
        values = self.comparison.metrics
        broken = [
            f"{metric.label} {with_unit(values[metric.name], metric)}"
            for metric in self._metrics
            if metric.holds(values[metric.name]) is False
        ]
        return [f"Outside its bound: {'; '.join(broken)}."] if broken else []

    def _phase(self) -> list[str]:
        phase = self.comparison.phase
        if not phase.aligned:
            longer = self.comparison.metrics["duration_difference_ms"]
            return [
                f"The durations differ (candidate longer by {longer:+.0f} ms): no phase to compare."
            ]
        drift = phase.fundamental_drift_p95_cycles
        if math.isnan(drift):
            return ["Nothing is known of the phase of the fundamental."]
        if not drift > DRIFT_CYCLES:
            return [f"The fundamental keeps its phase: off by {number(drift)} cycles (p95)."]
        lines = [f"The fundamental loses its phase: off by {number(drift)} cycles (p95)."]
        layers = self.comparison.layers
        sums = layers[layers["op"] == "phase"] if len(layers) else layers
        if len(sums) and (sqnr := sums["isolated_sqnr_db"].min()) < 2 * POOR_SQNR_DB:
            site = sums.loc[sums["isolated_sqnr_db"].idxmin(), "site"]
            lines.append(
                f"The cause is {site}: even alone, given the reference's F0, its sum goes "
                f"wrong (SQNR {sqnr:.1f} dB). Every rounding stays in the sum, so the pulses "
                "come at the wrong times."
            )
        return lines

    def _layers(self) -> list[str]:
        layers = self.comparison.layers
        if not len(layers):
            return []
        lines = []
        if (least := lowest(layers, "isolated_sqnr_db")) is not None:
            lines.append(
                f"The site that loses most on its own is {least['site']} "
                f"({_sqnr(least, 'isolated')})."
            )
        poor = layers[layers["accumulated_sqnr_db"] < POOR_SQNR_DB]
        if len(poor):
            first = poor.iloc[0]
            lines.append(
                f"The first site at which less than {POOR_SQNR_DB:.0f} dB are left of everything "
                f"before is {first['site']} ({_sqnr(first, 'accumulated')})."
            )
        else:
            last = layers.iloc[-1]
            lines.append(
                f"What reaches the last site, {last['site']}: {_sqnr(last, 'accumulated')}."
            )
        return lines + ([FORCED] if self.comparison.teacher_forced else [])


def _sqnr(layer: pd.Series, kind: str) -> str:
    return f"SQNR {layer[f'{kind}_sqnr_db']:.1f} dB, PCC {layer[f'{kind}_pcc']:.5f}"
