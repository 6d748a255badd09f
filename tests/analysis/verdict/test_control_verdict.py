"""What controls make of a verdict."""

import pandas as pd
import pytest

from lightning_v2.analysis.metrics.endpoints import Endpoint
from lightning_v2.analysis.verdict.control_verdict import ControlVerdict, answer_of, control_table
from lightning_v2.analysis.verdict.equivalence import judge

ENDPOINT = Endpoint("distance", "distance", "mean", "<=", 0.5, "dB")
VERDICTS = {
    answer: judge({"teacher-forced": pd.DataFrame({"distance": values})}, [ENDPOINT])
    for answer, values in {
        "equivalent": [0.1] * 5,
        "not equivalent": [0.9] * 5,
        "not resolved": [0.1, 0.9] * 5,
    }.items()
}


def control(must, answer):
    return ControlVerdict(f"must {must}", "it does", must, VERDICTS[answer])


@pytest.mark.parametrize(
    ("must", "answer", "right"),
    [
        ("pass", "equivalent", True),
        ("pass", "not equivalent", False),
        ("pass", "not resolved", None),
        ("fail", "equivalent", False),
        ("fail", "not equivalent", True),
        ("fail", "not resolved", None),
    ],
)
def test_what_is_not_resolved_is_neither_right_nor_wrong(must, answer, right):
    assert VERDICTS[answer].answer == answer
    assert control(must, answer).right is right


@pytest.mark.parametrize("plan", VERDICTS)
def test_a_wrong_control_voids_every_verdict(plan):
    for wrong in (control("pass", "not equivalent"), control("fail", "equivalent")):
        assert answer_of(VERDICTS[plan], [wrong]) == "no verdict"


def test_a_sample_that_does_not_see_failure_accepts_nothing():
    blind = [control("fail", "not resolved")]
    assert answer_of(VERDICTS["equivalent"], blind) == "not resolved"
    assert answer_of(VERDICTS["not equivalent"], blind) == "not equivalent"
    # That an inaudible change is not resolved is no reason to doubt a plan that is.
    assert answer_of(VERDICTS["equivalent"], [control("pass", "not resolved")]) == "equivalent"


def test_the_table_says_which_endpoints_a_control_fails():
    table = control_table([control("fail", "not equivalent"), control("pass", "not resolved")])
    assert table["does"].tolist() == ["fail", "not resolved"]
    assert table["right"].tolist() == ["yes", "not resolved"]
    assert table["fails"].tolist() == ["distance", "–"]
