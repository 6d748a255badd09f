"""What an answer hangs on: one input at a time is set to its least and to its most."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Swing:
    """An input, with the two ends of what it may be.

    Attributes:
        name: in words, with unit.
        low, high: its ends, in words.
        at_low, at_high: the answer there.
    """

    name: str
    low: str
    high: str
    at_low: Callable[[], float]
    at_high: Callable[[], float]


def tornado(swings: list[Swing], answer: float) -> pd.DataFrame:
    """A row an input, the one on which most hangs first: input, low, high, at_low, at_high, swing.

    answer: with all inputs as they are; an end that has no answer (NaN) counts as none moved.
    """
    rows = []
    for swing in swings:
        ends = swing.at_low(), swing.at_high()
        moved = [abs(end - answer) for end in ends if end == end]
        rows.append(
            {"input": swing.name, "low": swing.low, "high": swing.high, "at_low": ends[0],
             "at_high": ends[1], "swing": max(moved, default=0.0)}
        )  # fmt: skip
    found = pd.DataFrame(rows).sort_values("swing", ascending=False, kind="stable")
    return found.reset_index(drop=True)
