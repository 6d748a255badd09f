"""Operations without an exact rule: float32 arithmetic on rounded operands, rounded once.

They stand in for the chip in the fast tier; the exact one lists what they did as approximated.
"""

from collections.abc import Callable

import torch

from lightning_v2.tensix.intercept.rules import calls
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.formats import pack_device, round_bfloat16, typecast
from lightning_v2.tensix.numbers.sites import SitePrecision


def function_of(
    function: Callable[..., torch.Tensor],
    operands: tuple[object, ...],
    precision: SitePrecision,
    constants: Constants,
    **options: object,
) -> torch.Tensor:
    """`function`, torch's, of tensors and numbers that broadcast against each other."""
    rounded = (_operand(x, precision, constants) for x in operands)
    return _stored(function(*rounded, **options), precision)


def norm_in_training(
    function: Callable[..., torch.Tensor],
    x: torch.Tensor,
    vectors: dict[str, torch.Tensor | None],
    options: dict[str, object],
    precision: SitePrecision,
    constants: Constants,
) -> torch.Tensor:
    """`function`, torch's batch_norm or instance_norm, of x (B, C, ...).

    vectors: its tensor arguments by name, (C,) each; options: the rest. Block floats of the result
    run along C. `compositions` has the norms of evaluation.
    """
    rounded = {
        name: None if v is None else calls.vector(v, precision, constants).values
        for name, v in vectors.items()
    }
    axis = 1 - x.dim()
    x = typecast(x, precision.activations, axis)
    return _stored(function(x, **rounded, **options), precision, axis)


def _operand(x: object, precision: SitePrecision, constants: Constants) -> object:
    if isinstance(x, torch.Tensor):
        if not x.is_floating_point():
            return x
        if constants.owner(x) is None:
            return typecast(x, precision.activations)
        return calls.vector(x, precision, constants).values
    if isinstance(x, float) and precision.activations != "float32":
        return round_bfloat16(torch.tensor(x, dtype=torch.float32)).item()
    return x


def _stored(x: torch.Tensor, precision: SitePrecision, axis: int = -1) -> torch.Tensor:
    if "float32" not in (precision.activations, precision.output):
        x = pack_device(x, "bfloat16")
        if precision.output == "bfloat16":
            return x
    return pack_device(x, precision.output, axis)
