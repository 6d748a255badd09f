"""Tables of a comparison for a notebook and its page: real tables, with what a number means."""

import html
import math
from dataclasses import dataclass

import pandas as pd

from .audio_metrics import METRICS, metrics_of
from .comparison import Comparison

METRICS_TYPE = "application/vnd.lightning-v2.metrics+json"
"""MIME type under which a notebook keeps the figures of a comparison for whoever reads them."""


@dataclass(frozen=True)
class MetricsTable:
    """All measures of a comparison: value, bound, what each hears and what it is deaf to."""

    comparison: Comparison

    def frame(self) -> pd.DataFrame:
        """A row a measure: name, label, value, unit, better, bound, holds."""
        rows = []
        for metric in metrics_of(self.comparison.run):
            value = self.comparison.metrics[metric.name]
            rows.append(
                {
                    "name": metric.name,
                    "label": metric.label,
                    "value": value,
                    "unit": metric.unit,
                    "better": metric.better,
                    "bound": metric.bound,
                    "holds": metric.holds(value),
                }
            )
        return pd.DataFrame(rows)

    def summary(self) -> dict:
        """What a site's index needs, as JSON: NaN is null, infinity a string."""
        comparison = self.comparison
        return {
            "plan": comparison.plan.name,
            "reference": comparison.reference_name,
            "provenance": comparison.provenance,
            "text": comparison.reference.text,
            "metrics": {name: _plain(value) for name, value in comparison.metrics.items()},
        }

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {
            "text/plain": self.frame().to_string(index=False),
            "text/html": self._html(),
            METRICS_TYPE: self.summary(),
        }

    def _html(self) -> str:
        head = ("measure", "value", "bound", "what it hears", "what it is deaf to")
        rows = []
        for metric in metrics_of(self.comparison.run):
            value = self.comparison.metrics[metric.name]
            rows.append(
                f'<tr><th scope="row">{html.escape(metric.label)}</th>'
                f'<td class="number">{_with_unit(value, metric.unit)}</td>'
                f'<td class="{_mark(metric.holds(value)).strip()}">{_bound(metric, value)}</td>'
                f"<td>{html.escape(metric.hears)}</td><td>{html.escape(metric.deaf_to)}</td></tr>"
            )
        caption = (
            f"{self.comparison.provenance}. The bounds are those of our definition of "
            "“no measurable degradation”, which asks for the mean of at least 100 sentences; "
            "beside one sentence they are a yardstick, not a verdict."
        )
        return _table(head, rows, caption)


class SideBySide:
    """The measures of several comparisons of one text, a column each."""

    def __init__(self, *comparisons: Comparison):
        self.comparisons = comparisons

    def frame(self) -> pd.DataFrame:
        """A row a measure, a column a plan."""
        columns = {c.plan.name: c.metrics for c in self.comparisons}
        return pd.DataFrame(columns, index=[metric.name for metric in METRICS])

    def __repr__(self) -> str:
        return self.frame().to_string()

    def _repr_html_(self) -> str:
        rows = []
        for metrics in zip(*(metrics_of(c.run) for c in self.comparisons), strict=True):
            metric = metrics[0]
            values = [comparison.metrics[metric.name] for comparison in self.comparisons]
            cells = "".join(
                f'<td class="number{_mark(bounded.holds(value))}">{number(value)}</td>'
                for bounded, value in zip(metrics, values, strict=True)
            )
            label = html.escape(f"{metric.label} ({metric.unit})")
            rows.append(f'<tr><th scope="row">{label}</th>{cells}</tr>')
        head = ("measure", *(comparison.plan.name for comparison in self.comparisons))
        first = self.comparisons[0]
        caption = f"Emulated, {first.tier} tier; reference: {first.reference_words}."
        return _table(head, rows, caption)


@dataclass(frozen=True)
class LayerTable:
    """The sites that lose most on their own, and all others folded away."""

    comparison: Comparison
    worst: int = 12

    def frame(self) -> pd.DataFrame:
        """The worst sites, lowest isolated SQNR first."""
        return self.comparison.layers.sort_values("isolated_sqnr_db").head(self.worst)

    def __repr__(self) -> str:
        return self.frame().to_string(index=False)

    def _repr_html_(self) -> str:
        layers = self.comparison.layers
        caption = (
            f"The {self.worst} sites that lose most on their own. {self.comparison.provenance}"
        )
        everything = _layer_rows(layers, f"All {len(layers)} sites in the order in which they run.")
        return (
            _layer_rows(self.frame(), caption)
            + f"<details><summary>all {len(layers)} sites</summary>{everything}</details>"
        )


@dataclass(frozen=True)
class Sheet:
    """A table of words and numbers.

    Attributes:
        frame: a row a row; units stand in the names of columns.
        caption: what it is, and where its figures come from.
        shown: rows that are not folded away; all if not given.
    """

    frame: pd.DataFrame
    caption: str
    shown: int | None = None

    def __repr__(self) -> str:
        return f"{self.frame.to_string(index=False)}\n{self.caption}"

    def _repr_html_(self) -> str:
        count = len(self.frame)
        shown = count if self.shown is None else self.shown
        top = _sheet(self.frame.head(shown), self.caption) if shown else ""
        if shown >= count:
            return top
        everything = _sheet(self.frame, self.caption)
        return f"{top}<details><summary>all {count} rows</summary>{everything}</details>"


_LAYER_HEAD = (
    "site", "op", "alone: SQNR dB", "PCC", "max error", "gain",
    "accum.: SQNR dB", "PCC", "max error", "gain",
)  # fmt: skip


def _sheet(frame: pd.DataFrame, caption: str) -> str:
    rows = []
    for first, *rest in frame.itertuples(index=False):
        cells = "".join(
            f'<td class="number">{value}</td>'
            if isinstance(value, int | float)
            else f"<td>{html.escape(str(value))}</td>"
            for value in rest
        )
        rows.append(f'<tr><th scope="row">{html.escape(str(first))}</th>{cells}</tr>')
    return _table(tuple(map(str, frame.columns)), rows, caption)


def _layer_rows(layers: pd.DataFrame, caption: str) -> str:
    rows = []
    for layer in layers.to_dict("records"):
        cells = [
            f'<td class="number">{_figure(name, layer[f"{kind}_{name}"])}</td>'
            for kind in ("isolated", "accumulated")
            for name in ("sqnr_db", "pcc", "max_abs", "gain")
        ]
        site = html.escape(layer["site"])
        rows.append(
            f'<tr><th scope="row"><code>{site}</code></th><td>{layer["op"]}</td>' + "".join(cells)
        )
    return _table(_LAYER_HEAD, rows, caption)


def _figure(name: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    digits = {"sqnr_db": "{:.1f}", "pcc": "{:.6f}", "max_abs": "{:.2g}", "gain": "{:.4f}"}[name]
    return "identical" if math.isinf(value) else digits.format(value)


def number(value: float) -> str:
    """A measure with as many digits as it deserves; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if 0 < abs(value) < 0.0005:
        return "< 0.001" if value > 0 else "> −0.001"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 100 else 0
    return f"{value:.{digits}f}".replace("-", "−")


def _with_unit(value: float, unit: str) -> str:
    shown = number(value)
    return shown if math.isnan(value) or " to " in unit else f"{shown} {html.escape(unit)}"


def _bound(metric, value: float) -> str:
    if metric.bound is None:
        return ""
    sign = {"higher": "≥", "lower": "≤", "zero": "±"}[metric.better]
    words = {True: "kept", False: "broken", None: "–"}[metric.holds(value)]
    return f"{sign} {metric.bound:g}: {words}"


def _mark(holds: bool | None) -> str:
    """CSS class of a value outside its bound, which a page shows in red with a cross."""
    return " broken" if holds is False else ""


def _plain(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def _table(head: tuple[str, ...], rows: list[str], caption: str) -> str:
    columns = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in head)
    return (
        f'<div class="table"><table><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
