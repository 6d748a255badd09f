"""The table of measures, and how a value keeps its bound."""

import pytest

from lightning_v2.analysis.metrics.endpoints import ENDPOINTS
from lightning_v2.analysis.metrics.metric import METRICS, metrics_of


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("pesq_wb_mos", 4.6, True),
        ("pesq_wb_mos", 4.4, False),
        ("pause_rise_db", -8.0, True),
        ("gain_db", -0.3, False),
        ("gain_db", 0.1, True),
        ("lsd_db", float("nan"), None),
        ("snr_db", 50.0, None),
    ],
)
def test_bounds(name, value, holds):
    metric = next(metric for metric in METRICS if metric.name == name)
    assert metric.holds(value) is holds


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.label}")
def test_a_value_keeps_its_bound_as_the_test_of_equivalence_says(endpoint):
    """At the limit itself, too: "less than 2" is not "at most 2"."""
    metrics = {m.name: m for m in metrics_of(endpoint.run) if m.bound == endpoint.limit}
    if endpoint.column in metrics:
        metric = metrics[endpoint.column]
        for value in (endpoint.limit - 0.01, endpoint.limit, endpoint.limit + 0.01):
            if value >= 0 or metric.better != "zero":
                assert metric.holds(value) is endpoint.holds(value)


def test_bounds_are_printed_as_they_are_meant():
    words = {metric.name: metric.bound_words for metric in METRICS}
    assert words["pesq_wb_mos"] == "≥ 4.5" and words["lsd_2_to_4_percent"] == "< 2"
    assert words["gain_db"] == "± 0.2" and words["snr_db"] == ""
