"""Tables of a comparison for a notebook and its page: real tables, with what a number means."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display.variable_metrics import left_out, variable_metrics
from lightning_v2.analysis.metrics.metric import Metric, metrics_of
from lightning_v2.analysis.sites.site_values import FLUSHED_WORDS

_SMALLEST_EXPONENT = -5
"""Below this power of ten a number is written with its exponent."""

METRICS_TYPE = "application/vnd.lightning-v2.metrics+json"
"""MIME type under which a notebook keeps the figures of a comparison for whoever reads them."""


@dataclass(frozen=True)
class MetricsTable:
    """The measures of a comparison: value, bound, what each hears and what it is deaf to."""

    comparison: Comparison

    def frame(self) -> pd.DataFrame:
        """A row a measure: name, label, value, unit, better, bound, holds."""
        rows = []
        for metric in variable_metrics(self.comparison):
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
        for metric in variable_metrics(self.comparison):
            value = self.comparison.metrics[metric.name]
            rows.append(
                f'<tr><th scope="row">{html.escape(metric.label)}</th>'
                f'<td class="number">{html.escape(with_unit(value, metric))}</td>'
                f'<td class="{_mark(metric.holds(value)).strip()}">{_bound(metric, value)}</td>'
                f"<td>{html.escape(metric.hears)}</td><td>{html.escape(metric.deaf_to)}</td></tr>"
            )
        caption = (
            f"{self.comparison.provenance}. The bounds are those of our definition of "
            "“no measurable degradation”, which asks for the mean of at least 100 sentences; "
            "beside one sentence they are a yardstick, not a verdict."
            f"{left_out(self.comparison)}"
        )
        return _table(head, rows, caption)


class SideBySide:
    """The measures of several comparisons of one text, a column each."""

    def __init__(self, *comparisons: Comparison):
        self.comparisons = comparisons

    def frame(self) -> pd.DataFrame:
        """A row a measure, a column a plan."""
        columns = {c.plan.name: c.metrics for c in self.comparisons}
        names = [metric.name for metric in variable_metrics(*self.comparisons)]
        return pd.DataFrame(columns, index=names)

    def __repr__(self) -> str:
        return self.frame().to_string()

    def _repr_html_(self) -> str:
        rows = []
        for metric in variable_metrics(*self.comparisons):
            cells = "".join(_compared(metric.name, comparison) for comparison in self.comparisons)
            label = html.escape(f"{metric.label} ({metric.unit})")
            limit = html.escape(_limits(metric.name, self.comparisons))
            rows.append(
                f'<tr><th scope="row">{label}</th>{cells}<td class="number">{limit}</td></tr>'
            )
        head = ("measure", *(comparison.plan.name for comparison in self.comparisons), "limit")
        first = self.comparisons[0]
        runs = ", ".join(dict.fromkeys(comparison.run for comparison in self.comparisons))
        caption = (
            f"One sentence, {runs}; emulated, {first.tier} tier; reference: "
            f"{first.reference_words}. The limits are those of the equivalence test, for the mean "
            "of many sentences."
        )
        caption += left_out(*self.comparisons)
        return _table(head, rows, caption)


def _limits(name: str, comparisons: Sequence[Comparison]) -> str:
    """The bound of a measure, or those of several runs."""
    words = (_measure_of(name, comparison).bound_words for comparison in comparisons)
    return "; ".join(dict.fromkeys(filter(None, words)))


def _measure_of(name: str, comparison: Comparison) -> Metric:
    """A measure with the bound of the run of a comparison."""
    return next(metric for metric in metrics_of(comparison.run) if metric.name == name)


def _compared(name: str, comparison: Comparison) -> str:
    """A cell: a measure of a comparison, marked by the bound of its run."""
    metric = _measure_of(name, comparison)
    value = comparison.metrics[name]
    return f'<td class="number{_mark(metric.holds(value))}">{number(value, metric.bound)}</td>'


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
            f"The {self.worst} sites that lose most on their own. {FLUSHED_WORDS} "
            f"{self.comparison.provenance}"
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


def flushed_sheet(comparison: Comparison, worst: int = 5) -> Sheet:
    """The sites of which blocks flush most to zero.

    Raises:
        ArgumentError: the sites were not measured.
    """
    found = comparison.flushed(worst)
    frame = pd.DataFrame(
        {
            "site": found["site"],
            "op": found["op"],
            "activations flushed (%)": found["activations_flushed_percent"].map(number),
            "weights flushed (%)": found["weights_flushed_percent"].map(number),
            "alone: SQNR (dB)": found["isolated_sqnr_db"].map(number),
            "alone: PCC": [f"{value:.5f}" for value in found["isolated_pcc"]],
        }
    )
    nothing = "" if len(found) else "No block flushes anything. "
    return Sheet(frame, f"{nothing}{FLUSHED_WORDS} {comparison.provenance}")


_LAYER_HEAD = (
    "site", "op", "alone: SQNR dB", "PCC", "max error", "gain",
    "accum.: SQNR dB", "PCC", "max error", "gain",
    "flushed: activations %", "weights %", "NaN, infinite, saturated",
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
        cells += [
            f'<td class="number">{number(layer[f"{kind}_flushed_percent"])}</td>'
            for kind in ("activations", "weights")
        ]
        broken = [layer[name] for name in ("nan", "infinite", "saturated")]
        mark = _mark(not any(broken))
        cells.append(f'<td class="number{mark}">{", ".join(map(str, broken))}</td>')
        site = html.escape(layer["site"])
        rows.append(
            f'<tr><th scope="row"><code>{site}</code></th><td>{layer["op"]}</td>' + "".join(cells)
        )
    return _table(_LAYER_HEAD, rows, caption)


def _figure(name: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    if name == "max_abs":
        return number(value)
    if name == "sqnr_db" and value == math.inf:
        return "identical"
    digits = {"sqnr_db": 1, "pcc": 6, "gain": 4}[name]
    return f"{value:.{digits}f}"


def number(value: float, bound: float | None = None) -> str:
    """A measure with as many digits as it deserves; a dash where there is none.

    Small values keep two digits that are not zero, so that "0" is nothing but zero. Where there is
    a bound, digits are added until the magnitude as shown lies on the same side of it as the
    magnitude itself.
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    decimals = max(3, 1 - exponent) if exponent < 0 else 2 if exponent < 2 else 0
    form = "e" if exponent < _SMALLEST_EXPONENT else "f"
    shown = f"{value:.{1 if form == 'e' else decimals}{form}}"
    if bound is not None:
        while _side(float(shown), bound) != _side(value, bound):
            decimals += 1
            shown = f"{value:.{decimals}f}"
    return shown.replace("e-0", "e-").replace("-", "−")


def _side(value: float, bound: float) -> int:
    """Whether a magnitude is below (-1), at (0) or above (1) a bound."""
    return (abs(value) > bound) - (abs(value) < bound)


def with_unit(value: float, metric: Metric) -> str:
    """A value of a measure, with its unit if that is one and no scale such as "0 to 1"."""
    shown, unit = number(value, metric.bound), metric.unit.split(",")[0]
    return shown if math.isnan(value) or not unit or " to " in unit else f"{shown} {unit}"


def _bound(metric: Metric, value: float) -> str:
    if metric.bound is None:
        return ""
    words = {True: "kept", False: "broken", None: "–"}[metric.holds(value)]
    return f"{metric.bound_words}: {words}"


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
