"""What a plan is held against: PyTorch's float32, or another plan."""

from dataclasses import dataclass
from pathlib import Path

from lightning_v2.precision.plan import Plan


@dataclass(frozen=True)
class Float32:
    """PyTorch's own float32, not emulated. Its one object is `FLOAT32`.

    Not the preset plan fp32, which is emulated: the chip at its best.

    Attributes:
        name: for people.
        digest: there is nothing to tell apart.
    """

    name: str = "PyTorch float32"
    digest: None = None


FLOAT32 = Float32()

Reference = Float32 | Plan


def reference_of(given: Reference | str | Path) -> Reference:
    """A reference as it is; of words, "fp32" is `FLOAT32`, any other the name or path of a plan.

    The preset fp32 as a reference is `Plan.load("fp32")`.

    Raises:
        PlanError: there is no such plan, or it does not parse.
    """
    if isinstance(given, Float32) or given == "fp32":
        return FLOAT32
    return Plan.of(given)
