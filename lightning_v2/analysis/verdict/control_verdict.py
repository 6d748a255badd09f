"""What the test says of a control, and what its verdict on a plan is worth beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from lightning_v2.analysis.verdict.equivalence import Verdict

Answer = Literal["equivalent", "not equivalent", "not resolved", "no verdict"]


@dataclass(frozen=True)
class ControlVerdict:
    """What the test says of a control. name, what, must: see `controls.Control`."""

    name: str
    what: str
    must: Literal["pass", "fail"]
    verdict: Verdict

    @property
    def does(self) -> Literal["pass", "fail", "not resolved"]:
        """ "not resolved": the sample is too small to say, which is not the control's fault."""
        found = {"equivalent": "pass", "not equivalent": "fail", "not resolved": "not resolved"}
        return found[self.verdict.answer]

    @property
    def right(self) -> bool | None:
        """Whether it does what it must; None where it is not resolved."""
        return None if self.does == "not resolved" else self.does == self.must


def answer_of(verdict: Verdict, controls: Sequence[ControlVerdict]) -> Answer:
    """What a verdict is worth beside its controls.

    There is none where a control came out wrong. A sample that cannot show that what must fail does
    fail cannot show either that a plan does not.
    """
    if any(control.right is False for control in controls):
        return "no verdict"
    blind = any(control.must == "fail" and control.right is None for control in controls)
    return "not resolved" if blind and verdict.answer == "equivalent" else verdict.answer


def control_table(controls: Sequence[ControlVerdict]) -> pd.DataFrame:
    """A row a control: control, what, must, does, right, fails (its endpoints that do)."""
    words = {True: "yes", False: "NO", None: "not resolved"}
    return pd.DataFrame(
        {
            "control": control.name,
            "what": control.what,
            "must": control.must,
            "does": control.does,
            "right": words[control.right],
            "fails": "; ".join(j.endpoint.label for j in control.verdict.failed) or "–",
        }
        for control in controls
    )
