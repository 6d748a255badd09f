import pandas as pd
import pytest

from lightning_v2.analysis.display.picture import Note
from lightning_v2.chapters.find_a_plan.pareto_figures import pareto
from lightning_v2.search.plans.pareto import front

TRIALS = pd.DataFrame(
    {
        "trial": range(7),
        "strategy": ["greedy"] * 4 + ["evolve"] * 3,
        "meets": [True, False, True, True, True, True, True],
        "verdict": ["", "", "equivalent", "not equivalent", "", "", ""],
        "score": [1.0, 5.0, 2.0, 2.5, 1.0, float("inf"), float("nan")],
        "cycles": [900, 300, 500, 600, 950, 100, 50],
        "weight_bytes": [9.0, 1.0, 2.0, 3.0, 9.0, 4.0, 0.0],
    }
)


def test_the_front_is_what_nothing_beats():
    assert front(TRIALS)["trial"].tolist() == [5, 1, 2, 0]
    assert front(TRIALS, "weight_bytes")["trial"].tolist() == [1, 2, 0]
    assert front(TRIALS[TRIALS.trial == 5])["trial"].tolist() == [5]


def test_no_such_cost():
    with pytest.raises(ValueError, match="cost is 'euros'; legal are cycles, weight_bytes"):
        front(TRIALS, "euros")


def test_figure():
    shown = pareto(TRIALS, front(TRIALS), "loss", "cycles", "emulated, 2 sentences")
    words = [text.get_text() for text in shown.figure.axes[0].get_legend().get_texts()]
    assert words == [
        "nothing tried is better and cheaper",
        "greedy",
        "greedy, constraints not met",
        "evolve",
        "judged: equivalent",
        "judged: not equivalent",
        "judged equivalent up to here",
    ]
    limit = shown.figure.axes[0].lines[1]
    assert {*limit.get_ydata()} == {2.0}  # the worst score of those that were judged equivalent
    line = shown.figure.axes[0].lines[0]
    assert line.get_xydata().tolist() == [[0.3, 5.0], [0.5, 2.0], [0.9, 1.0]]
    assert "loss of 5 plans" in shown.alt
    assert "from 5 at 0.3 to 1 at 0.9" in shown.alt
    assert shown.caption == "emulated, 2 sentences"


def test_nothing_to_draw():
    broken = TRIALS[TRIALS.trial >= 5]
    assert isinstance(pareto(broken, front(broken), "loss", "cycles", ""), Note)
