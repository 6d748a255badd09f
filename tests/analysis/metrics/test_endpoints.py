"""The one table of limits, and the documents and tables that have to say the same."""

from pathlib import Path

import pytest

from lightning_v2.analysis.metrics.endpoints import ENDPOINTS, limit_of
from lightning_v2.analysis.metrics.metric import METRICS, metrics_of
from lightning_v2.analysis.verdict.controls import CONTROLS
from lightning_v2.search.plans.quality import TERMS

DEFINITION = Path(__file__).parents[3] / "docs" / "equivalence.md"


def test_labels_name_one_endpoint_each():
    assert len({endpoint.label for endpoint in ENDPOINTS}) == len(ENDPOINTS)


def test_the_document_has_every_endpoint_with_its_limit():
    lines = DEFINITION.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and line.count(" | ") == 4]
    expected = [
        f"| {e.label} | {e.run} | {e.statistic} | {e.relation} {e.limit:g} | {e.unit} |"
        for e in ENDPOINTS
        if not e.void
    ]
    assert rows[1:] == expected


def test_the_document_has_every_control():
    text = DEFINITION.read_text(encoding="utf-8")
    for control in CONTROLS:
        assert f"| {control.name} | {control.must} | {control.what} |" in text


def test_metrics_and_losses_have_their_limits_from_the_table():
    assert {m.name: m.bound for m in METRICS if m.bound is not None} == {
        e.column: e.limit for e in ENDPOINTS if e.run == "teacher-forced"
    }
    free = {m.name: m.bound for m in metrics_of("free-running")}
    assert free["f0_p95_cents"] == limit_of("f0_p95_cents", "free-running") != 15
    assert free["pesq_wb_mos"] is None and free["words_agree_percent"] == 98
    assert all(term.allowed == limit_of(*term.endpoint) is not None for term in TERMS)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.label)
def test_directions_are_those_of_the_metrics(endpoint):
    metric = next((m for m in METRICS if m.name == endpoint.column), None)
    if metric is not None:
        assert endpoint.lower == (metric.better == "higher")
        assert ("magnitude" in endpoint.statistic) == (metric.better == "zero")
