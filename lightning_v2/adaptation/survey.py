"""What of a voice can learn, and at which of its sites it is watched."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from torch import nn

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.intercept.module_frames import role_of
from lightning_v2.tensix.intercept.nested import tensors
from lightning_v2.tensix.intercept.operations import OPERATIONS
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SiteCall

_WATCHED = 12
"""Sites whose values are compared, spread over the run."""

_PREDICTIONS = ("durations", "f0")


@dataclass(frozen=True)
class Survey:
    """What one run of a voice shows.

    Attributes:
        learning: names of the parameters of products, convolutions, recurrent layers and norms.
        matrix_sites: how many sites of the matrix engine ran.
        watched: sites whose values are to be the teacher's.
        predictions: role, "durations" or "f0" -> the sites that predict it.
    """

    learning: tuple[str, ...]
    matrix_sites: int
    watched: tuple[str, ...]
    predictions: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, model: nn.Module, calls: Iterable[SiteCall]) -> Self:
        """From all calls of one run of a network."""
        constants, found = Constants(model), {}
        fixed = {
            id(p) for m in model.modules() if getattr(m, "fixed", False) for p in m.parameters()
        }
        sites: dict[str, str] = {}
        for call in calls:
            if not _learns(call.op):
                continue
            sites.setdefault(call.site, call.op)
            owners = [constants.owner(x) for x in tensors((_weights(call), call.kwargs))]
            found |= {id(x): x for x in owners if isinstance(x, nn.Parameter)}
        names = {id(p): name for name, p in model.named_parameters()}
        learning = [names[key] for key in found if key in names and key not in fixed]
        matrix = [name for name, op in sites.items() if _is_matrix(op)]
        roles = {name: role_of(model, name) for name in sites}
        predictions = {
            role: tuple(name for name in matrix if roles[name] == role) for role in _PREDICTIONS
        }
        inner = [name for name in matrix if not roles[name]]
        return cls(
            tuple(learning),
            len(matrix),
            tuple(inner[:: max(1, len(inner) // _WATCHED)]),
            {role: names for role, names in predictions.items() if names},
        )

    def refuse_nothing(self, voice: str, plan: str) -> None:
        """Raises:
        ArgumentError: no weight can learn."""
        if not self.learning:
            raise ArgumentError(
                f"nothing of voice {voice!r} can be trained under plan {plan}: none of its "
                f"{self.matrix_sites} products and convolutions, and no norm, has weights that "
                "learn; fixed transforms stay what they are"
            )


def _learns(op: str) -> bool:
    return _is_matrix(op) or op.endswith("norm")


def _is_matrix(op: str) -> bool:
    return op in OPERATIONS and OPERATIONS[op].engine == "matrix"


def _weights(call: SiteCall) -> tuple:
    """Arguments among which weights are; the statistics of a batch norm are none."""
    return call.args[3:] if call.op == "batch_norm" else call.args
