"""How low each part may go, as tables, and as the chart of a player."""

from itertools import takewhile

import pandas as pd

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.chapters.answer.sweep import FORMATS, PLANS, Sweep, Try

_LIMITS = (
    "The limits are those of the equivalence test, which asks for the mean of many sentences; "
    "beside one they are a yardstick"
)


def lowest_sheet(found: Sweep) -> Sheet:
    """A row a part: in each format the lowest fidelity that keeps all limits, and which limit the
    next one below breaks."""
    rows = []
    for group in _groups(found):
        tries = [one for one in found.tries if one.group == group]
        rows.append(
            {
                "low": group,
                "sites": tries[0].sites,
                **{f"weights in {name}": _lowest(tries, name) for name in FORMATS},
                "what breaks first": _first_broken(tries),
            }
        )
    caption = f"The lowest fidelity that keeps all limits. {_LIMITS}. {found.provenance}."
    return Sheet(pd.DataFrame(rows), caption)


def try_sheet(found: Sweep) -> Sheet:
    """Every try, folded away."""
    table = found.table
    frame = pd.DataFrame(
        {
            "low": table["group"],
            "weights": table["weights"],
            "fidelity": table["math_fidelity"],
            "nearest limit": table["nearest_limit"],
            "share of it that is used (1: all of it)": [
                number(x, 1.0) for x in table["used_share_of_limit"]
            ],
            "kept": ["yes" if kept else "no" for kept in table["kept"]],
        }
    )
    return Sheet(frame, f"{_LIMITS}. {found.provenance}.", shown=0)


def words_of(one: Try) -> str:
    """What a try uses of which limit, in a line."""
    if not one.used:
        return "no measure has a value"
    if one.most == float("inf"):
        return f"{one.nearest}: there are some, where the limit allows none"
    return f"{one.nearest}: {number(one.most, 1.0)} of its limit"


def label_of(one: Try) -> str:
    """Its name in a list."""
    return one.series if one.group == PLANS else f"{one.group}, {one.series}, {one.column}"


def colour_of(one: Try) -> str:
    """One colour a format, or that of the plan."""
    return colours.of_plan(one.series) if one.group == PLANS else colours.FORMATS[one.series]


def _groups(found: Sweep) -> list[str]:
    return list(dict.fromkeys(one.group for one in found.tries if one.group != PLANS))


def _lowest(tries: list[Try], weights: str) -> str:
    """The lowest fidelity of a format that keeps all limits, and all above it, too."""
    there = [one for one in tries if one.series == weights]
    kept = [one.column for one in takewhile(lambda one: one.kept, there)]
    return "–" if not there else kept[-1] if kept else "none"


def _first_broken(tries: list[Try]) -> str:
    """On the way down: format by format, each from the highest fidelity to the lowest."""
    broken = next((one for one in tries if not one.kept), None)
    return f"{broken.series}, {broken.column}: {words_of(broken)}" if broken else "nothing"
