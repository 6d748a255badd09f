"""What a plan does, in sentences that are counted from it."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lightning_v2.analysis.display.tables import number
from lightning_v2.precision import Coverage
from lightning_v2.tensix.numbers.formats import FORMATS
from lightning_v2.tensix.numbers.sites import FIDELITIES, ROUNDINGS


@dataclass(frozen=True)
class PlanWords:
    """Fidelities, formats and roundings of a plan on a voice.

    Attributes:
        coverage: of that plan.
    """

    coverage: Coverage

    def lines(self) -> list[str]:
        """One sentence each."""
        table = self.coverage.table
        matrix = table[table.engine == "matrix"]
        constants = self.coverage.shares.loc["weights"]["share_of_weight_bytes"]
        shares = [
            f"{number(100 * share)} % {name}" for name, share in constants.items() if share > 0
        ]
        unused = [name for name in FORMATS if not constants.get(name, 0.0) > 0]
        nothing = f"; nothing is in {' or '.join(unused)}" if unused else ""
        size = f"{self.coverage.weight_bytes / 1e6:.2f} MB"
        return [
            f"Sites of the matrix engine: {_counted(matrix['math_fidelity'], FIDELITIES)}.",
            f"Of {size} of constants {', '.join(shares)}{nothing}.",
            f"Sites by how weights are rounded before they are packed: {self._roundings(table)}.",
        ]

    def __repr__(self) -> str:
        plan = self.coverage.plan
        return "\n".join([f"{plan.name}: {plan.description}", *(f"- {x}" for x in self.lines())])

    def _repr_html_(self) -> str:
        plan = self.coverage.plan
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        head = f"<strong>{html.escape(plan.name)}</strong>: {html.escape(plan.description)}"
        return f'<div class="findings"><p>{head}</p><ul>{items}</ul></div>'

    def _roundings(self, table: pd.DataFrame) -> str:
        weighted = table.index[table.weights != ""]
        names = [self.coverage.plan.for_site(site).weights_rounding for site in weighted]
        return _counted(pd.Series(names, dtype=object), ROUNDINGS)


def _counted(values: pd.Series, legal: Sequence[str]) -> str:
    """How many have each legal value, as "70 LoFi, 0 HiFi2": none is said, too."""
    counts = values.value_counts()
    return ", ".join(f"{counts.get(name, 0)} {name}" for name in legal)
