"""A search that is made up: two plans, the second of which was found equivalent."""

from pathlib import Path

import pandas as pd

from lightning_v2.precision import Plan
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.constraints import Constraints, Figures
from lightning_v2.search.plans.find import Search
from lightning_v2.search.plans.trials import Trial
from tests.search.test_check_record import made

_FIGURES = {
    "lofi_share": [0.0, 0.96],
    "bfp8_share": [0.0, 0.81],
    "bfp4_share": [0.0, 0.0],
    "weight_bytes": [4e6, 2e6],
    "cycles": [4000, 2000],
}


def made_search() -> Search:
    """Of voice lark, on two sentences."""
    trials = pd.DataFrame(
        {
            "trial": [0, 1],
            "strategy": ["greedy", "evolve"],
            "meets": [False, True],
            "verdict": ["", "equivalent"],
            "score": [0.2, 1.5],
            **_FIGURES,
            "plan": ["a", "b"],
        }
    )
    losses = pd.DataFrame(
        {"group": ["a.*"], "move": ["LoFi"], "lost": [0.1], "pesq_wb_mos": [4.6], "lsd_db": [0.2]}
    )
    figures = Figures(**{name: values[1] for name, values in _FIGURES.items()})
    plan = Plan.load("bfp8-lofi")
    return Search(
        best=Trial(1, "evolve", frozenset({0}), plan, figures, (), 1.5, {}),
        check=made(),
        trials=trials,
        losses=losses,
        bench=Bench(("One.", "Two."), Path("results"), voice="lark"),
        base=Plan.load("bf16"),
        constraints=Constraints(lofi_share=0.95),
        strategy="evolve",
        path=Path("none"),
    )
