"""Tables and figures of what a search and a bisection have found, on values that are made up."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from lightning_v2.chapters.find_a_plan.find_figures import (
    bisection,
    loss_sheet,
    quality_against_cost,
    trial_sheet,
)
from lightning_v2.precision import Plan
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.bisect import Bisection
from lightning_v2.search.plans.constraints import Constraints
from lightning_v2.search.plans.find import Search


@pytest.fixture
def found():
    trials = pd.DataFrame(
        {
            "trial": [0, 1, 2],
            "strategy": ["greedy", "greedy", "evolve"],
            "meets": [False, True, True],
            "verdict": "",
            "score": [0.2, 3.0, 1.5],
            "lofi_share": [0.0, 1.0, 0.96],
            "bfp8_share": [0.0, 0.9, 0.81],
            "weight_bytes": [4e6, 1e6, 2e6],
            "cycles": [4000, 1000, 2000],
        }
    )
    losses = pd.DataFrame(
        {
            "group": ["a.*", "b"],
            "move": ["LoFi", "bfloat8_b"],
            "lost": [0.1, 2.0],
            "pesq_wb_mos": [4.6, 4.1],
            "lsd_db": [0.2, 0.9],
        }
    )
    return Search(
        best=SimpleNamespace(number=2),
        check=None,
        trials=trials,
        losses=losses,
        bench=Bench(("One.",), Path("results")),
        base=Plan.load("bf16"),
        constraints=Constraints(lofi_share=0.95),
        strategy="evolve",
        path=Path("none"),
    )


def test_trials_stand_in_order_and_the_best_is_marked(found):
    sheet = trial_sheet(found)
    assert sheet.frame["plan"].tolist() == ["0", "2 (best)", "1"]
    assert sheet.frame["LoFi (% of sites)"].tolist() == ["0.0", "96.0", "100.0"]
    assert sheet.frame["meets what is asked"].tolist() == ["no", "yes", "yes"]
    assert "lofi_share >= 0.95" in sheet.caption and "1 sentence, seed 0" in sheet.caption


def test_losses_stand_worst_first(found):
    sheet = loss_sheet(found)
    assert sheet.frame["sites"].tolist() == ["b", "a.*"]
    assert "over bf16" in sheet.caption and "emulated, fast tier" in sheet.caption


def test_quality_against_cost_draws_all_plans(found):
    for cost in ("cycles", "weight_bytes"):
        picture = quality_against_cost(found, cost)
        assert picture.data["plans"].equals(found.trials)
        assert "3 plans" in picture.alt
    with pytest.raises(ValueError, match="cost is 'euros'"):
        quality_against_cost(found, "euros")


@pytest.mark.parametrize(
    ("verdicts", "line"),
    [
        (["", "equivalent", "equivalent"], ("judged equivalent up to here", 3.0)),
        (["", "not equivalent", "equivalent"], ("judged equivalent up to here", 1.5)),
        (["", "not equivalent", ""], ("judged not equivalent from here on", 3.0)),
        (["", "", ""], None),
    ],
)
def test_a_line_where_plans_stop_being_equivalent(found, verdicts, line):
    picture = quality_against_cost(replace(found, trials=found.trials.assign(verdict=verdicts)))
    drawn = {one.get_label(): one.get_ydata()[0] for one in picture.figure.axes[0].lines}
    judged = [(name, height) for name, height in drawn.items() if name.startswith("judged")]
    assert judged == ([line] if line else [])


def test_a_bisection_names_its_site():
    steps = pd.DataFrame(
        {
            "low_sites": [0, 4, 2, 3],
            "last_site": ["", "d", "b", "c"],
            "lsd_db": [0.1, 3.0, 0.2, 2.5],
            "breaks": [False, True, False, True],
        }
    )
    found = Bisection("c", 0.2, 2.5, steps)
    picture = bisection(found, "bf16", "naive", 1.0, "LSD (dB)", "emulated, fast tier")
    (axes,) = picture.figure.axes
    kept, broken = axes.lines[:2]
    assert kept.get_xdata().tolist() == [0, 2] and broken.get_xdata().tolist() == [3, 4]
    assert kept.get_marker() != broken.get_marker()
    assert [text.get_text() for text in axes.texts] == ["c"]
    assert "c takes it from 0.2 to 2.5, over the threshold of 1" in picture.alt
    assert picture.caption.startswith(
        "c is the first, in the order in which sites run, that breaks"
    )
    assert len(picture.image()) > 5000
