"""Quality against cost: which of the plans that were tried are worth a look."""

import numpy as np
import pandas as pd

from lightning_v2.errors import ArgumentError

COSTS = ("cycles", "weight_bytes")


def front(table: pd.DataFrame, cost: str = "cycles") -> pd.DataFrame:
    """Rows of which no other is at least as good and as cheap, and one of both more so.

    Args:
        table: of trials, with `score` (less is better) and the cost; rows without a score are left
            out. Of rows with the same score and cost the first one stays.
        cost: "cycles" (modelled) or "weight_bytes".

    Returns:
        The rows from cheap to good.

    Raises:
        ArgumentError: there is no such cost.
    """
    if cost not in COSTS:
        raise ArgumentError(f"cost is {cost!r}; legal are {', '.join(COSTS)}")
    known = table[table["score"].notna()]
    ordered = known.sort_values([cost, "score"], kind="stable")
    best_before = ordered["score"].cummin().shift(fill_value=np.inf)
    first = pd.Series(np.arange(len(ordered)) == 0, ordered.index)
    return ordered[(ordered["score"] < best_before) | first]
