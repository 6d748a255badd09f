"""What to listen for follows from the measures, and from nothing else."""

from types import SimpleNamespace

import pytest

from lightning_v2.analysis.display.findings import DRIFT_CYCLES
from lightning_v2.analysis.display.listening import Listening
from lightning_v2.analysis.metrics.metric import METRICS

GOOD = {metric.name: metric.bound for metric in METRICS} | {
    "lsd_2_to_4_percent": 1.9,  # has to stay below its bound
    "fundamental_drift_p95_cycles": DRIFT_CYCLES,
}


def compared(name="mine", **worse):
    plan = SimpleNamespace(name=name)
    return SimpleNamespace(plan=plan, run="teacher-forced", metrics=GOOD | worse)


def test_nothing_is_asked_for_where_every_bound_is_kept():
    (line,) = Listening(compared()).lines()
    assert line.startswith("mine: no measure expects")


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        ("pause_rise_db", 3.0, "hiss in the pauses (level in pauses above the reference 3.00 dB)"),
        ("fundamental_drift_p95_cycles", 0.4, "a rough, hoarse voice"),
        ("gain_db", -1.29, "another level (level difference −1.29 dB)"),
        ("pesq_wb_mos", 1.5, "(PESQ-WB at 16 kHz 1.50 MOS-LQO)"),
        ("zimtohrli", 0.00031, "(zimtohrli distance at 48 kHz 0.00031)"),
    ],
)
def test_each_broken_bound_asks_for_what_it_is_about(metric, value, words):
    (line,) = Listening(compared(**{metric: value})).lines()
    assert words in line
    assert ("hiss" in line) == (metric == "pause_rise_db")


def test_every_measure_with_a_bound_is_about_something():
    for metric in METRICS:
        if metric.bound is not None:
            worse = metric.bound - 1 if metric.better == "higher" else metric.bound + 1
            (line,) = Listening(compared(**{metric.name: worse})).lines()
            assert metric.label in line


def test_a_measure_without_a_value_asks_for_nothing():
    nothing = dict.fromkeys(GOOD, float("nan"))
    assert Listening(compared(**nothing)).lines() == ["mine: no measure has a value."]


def test_a_line_a_plan():
    shown = Listening(compared("<a>"), compared("b", gain_db=1.0))
    assert [line.partition(":")[0] for line in shown.lines()] == ["<a>", "b"]
    assert "&lt;a&gt;" in shown._repr_html_() and "<a>" not in shown._repr_html_()
    assert repr(shown).count("\n- ") == 2


@pytest.mark.parametrize(
    ("metric", "value", "floor", "told"),
    [
        ("lsd_db", 3.0, 4.0, False),
        ("lsd_db", 3.0, 2.0, True),
        ("lsd_db", 3.0, float("nan"), True),
        ("pesq_wb_mos", 3.0, 2.5, False),
        ("pesq_wb_mos", 3.0, 3.5, True),
        ("gain_db", -1.0, 1.5, False),
        ("gain_db", -2.0, 1.5, True),
    ],
)
def test_what_float32_does_to_itself_is_not_the_plans(metric, value, floor, told):
    (line,) = Listening(compared(**{metric: value}), floor={metric: floor}).lines()
    plan, _, below = line.partition(" Not told, since float32 differs as much from itself: ")
    assert ("nothing that is the plan's own" not in plan) == told
    assert bool(below) != told
