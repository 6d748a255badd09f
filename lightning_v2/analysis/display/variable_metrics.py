"""Which measures can come out one way or the other in the way in which a voice was run."""

import math

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.metrics.metric import METRICS, Metric, metrics_of


def variable_metrics(*comparisons: Comparison) -> tuple[Metric, ...]:
    """The measures that are worth a row beside these comparisons: those that one of them can move.

    A candidate that was given the durations of the reference cannot be longer than it; where
    durations differ, no sample belongs to another; and judges count only where they were
    asked. A measure that can vary but has no value here (a waveform that is not finite) is kept.
    Bounds are those of the run of the first comparison.
    """
    metrics = metrics_of(comparisons[0].run)
    return tuple(m for m in metrics if any(_can_vary(m, c) for c in comparisons))


def left_out(*comparisons: Comparison) -> str:
    """Names the other measures in a sentence for a caption; nothing if there are none."""
    kept = {metric.name for metric in variable_metrics(*comparisons)}
    others = [metric for metric in METRICS if metric.name not in kept]
    labels = "; ".join(metric.label for metric in others if not metric.judge)
    judges = ", ".join(dict.fromkeys(metric.judge for metric in others if metric.judge))
    words = f" Not shown, because nothing here can move it: {labels}." if labels else ""
    return words + (f" Not asked: {judges}." if judges else "")


def _can_vary(metric: Metric, comparison: Comparison) -> bool:
    if metric.of_durations:
        return not comparison.teacher_forced
    if metric.judge:
        return not math.isnan(comparison.metrics[metric.name])
    return comparison.aligned or metric.needs != "samples"
