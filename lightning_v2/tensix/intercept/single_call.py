"""One torch call in the arithmetic of the device: which calls it takes, and their dtypes.

Half precision arrives widened to float32 and leaves as torch would give it; tensors without axes
get one, for block floats have groups.
"""

import functools
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.errors import LightningError, NoRuleError
from lightning_v2.tensix.intercept.data_calls import HOST_CALLS, LEAVING_CALLS, writes
from lightning_v2.tensix.intercept.nested import (
    are_plain,
    float_dtype,
    has_axes,
    leaves,
    mapped,
    tensors,
)
from lightning_v2.tensix.intercept.operations import Call, resolve
from lightning_v2.tensix.intercept.rules.decompositions import DECOMPOSITIONS
from lightning_v2.tensix.numbers.constants import Constants, packed
from lightning_v2.tensix.numbers.sites import SitePrecision

_HALVES = (torch.float16, torch.bfloat16)
_DTYPES = (torch.float32, *_HALVES)


class AutocastError(LightningError, RuntimeError):
    """Torch's autocast is on where a plan says how operands are rounded."""


def objection(types: Iterable[type], args: tuple, kwargs: dict[str, object]) -> str | None:
    """Why the device does not compute with such arguments, in words; None if it does.

    types: classes of the arguments that overload torch functions, as a function mode gets them.
    """
    foreign = [kind.__name__ for kind in types if kind not in (Tensor, nn.Parameter)]
    if foreign:
        return f"a tensor of class {foreign[0]}"
    if torch._C._functorch.peek_interpreter_stack() is not None:
        return "inside a transform of torch.func"
    if kwargs.get("out") is not None:
        return "writes into `out`"
    if are_plain((*args, *kwargs.values())):
        return None
    values = list(leaves((args, kwargs)))
    found = tensors(values)
    is_complex = any(x.dtype.is_complex for x in found)
    if is_complex or any(isinstance(x, complex | np.complexfloating) for x in values):
        return "complex numbers"
    if any(x.layout != torch.strided or x.is_nested for x in found):
        return "a sparse or nested tensor"
    dtype = _result_dtype(values)
    return None if dtype in _DTYPES else str(dtype)


@functools.cache
def is_ordinary(function: Callable) -> bool:
    """Whether a call is one operation of an engine that leaves its arguments as they are."""
    call, name = resolve(function), getattr(function, "__name__", "")
    if not isinstance(call, Call) or call.operation.engine == "other" or call.in_place:
        return False
    special = name in HOST_CALLS or name in LEAVING_CALLS or function in DECOMPOSITIONS
    return bool(name) and not special and not writes(name, {})


def is_undisturbed() -> bool:
    """Whether torch neither transforms calls (torch.func) nor casts their operands (autocast)."""
    transforms = torch._C._functorch.peek_interpreter_stack() is not None
    return not transforms and not torch.is_autocast_enabled("cpu")


def refuse_autocast(name: str, path: str) -> None:
    """Raise unless calls have the dtypes that the module gives them.

    Raises:
        AutocastError: autocast is on.
    """
    if torch.is_autocast_enabled("cpu"):
        raise AutocastError(
            f"torch.autocast is on at {name} in module {path or '(root)'} and would round operands "
            "besides the plan; leave it out, or run the module in "
            "torch.autocast('cpu', enabled=False)"
        )


def run_call(
    call: Call,
    args: tuple,
    kwargs: dict[str, object],
    precision: SitePrecision,
    constants: Constants,
) -> tuple[object, bool]:
    """The result, and whether it has the bits of the tier that was asked for.

    Raises:
        NoRuleError: torch may know what these arguments mean, the operation does not.
    """
    if are_plain((*args, *kwargs.values())):
        return _lowered(call, args, kwargs, precision, constants)
    if any(x.numel() == 0 for x in tensors((args, kwargs))):
        raise NoRuleError("an operand without values")
    dtype = _result_dtype(list(leaves((args, kwargs))))
    numbers = not has_axes((args, kwargs))

    def widened(x: Tensor) -> Tensor:
        x = x.reshape(1) if numbers else x
        if x.dtype not in _HALVES:
            # torch takes a float64 without axes for a number
            return x.float() if x.dtype == torch.float64 else x
        owner = constants.owner(x)
        if owner is None:
            return x.float()
        wide = packed(x, owner, "widened", Tensor.float)
        constants.add(wide)
        return wide

    args, kwargs = (mapped(values, widened) for values in (args, kwargs))
    result, exact = _lowered(call, args, kwargs, precision, constants)
    if dtype in _HALVES:
        result = mapped(result, lambda x: x.to(dtype) if x.dtype == torch.float32 else x)
    return result.reshape(()) if numbers else result, exact


def _lowered(
    call: Call,
    args: tuple,
    kwargs: dict[str, object],
    precision: SitePrecision,
    constants: Constants,
) -> tuple[object, bool]:
    try:
        (args, kwargs), _ = call.plain_arguments(args, kwargs)
        return call.operation.run(precision, constants, args, kwargs)
    except NotImplementedError as error:
        raise NoRuleError(str(error)) from error
    except Exception as error:
        # Torch knows more forms of its calls than any list of ours: what a rule stumbles over is
        # one that it does not know.
        raise NoRuleError(f"{type(error).__name__}: {error}") from error


def _result_dtype(values: list[object]) -> torch.dtype | None:
    """The dtype that a call asks for, else that in which torch computes with its arguments."""
    asked = [value for value in values if isinstance(value, torch.dtype)]
    return asked[0] if asked else float_dtype(values)
