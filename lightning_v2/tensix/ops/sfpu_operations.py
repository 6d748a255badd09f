"""ttnn's functions of one operand, which run on the vector engine: `tensix.exp`, `gelu`, ….

Names and arguments are ttnn's: `FUNCTIONS` has them all, made from the rows of `unary` but for a
few. The result has the format of the operand. float32 is computed in a 32-bit Dst; everything else
in a 16-bit Dst, block floats from their unpacked values (docs/numerics.md, sections 7.4 and 8). The
exact tier transcribes the kernels (`sfpu.apply`); the fast tier computes in float32, rounds once
and keeps gradients, straight through.
"""

import inspect
from collections.abc import Callable
from inspect import Parameter

import numpy as np
import torch

from lightning_v2.errors import ArgumentError, NoRuleError
from lightning_v2.tensix.fast import approximations
from lightning_v2.tensix.fast import elementwise as elementwise_fast
from lightning_v2.tensix.numbers.configuration import settings
from lightning_v2.tensix.numbers.formats import pack_cut_, pack_device, pack_device_
from lightning_v2.tensix.numbers.tensor import Tensor, checked, typecast
from lightning_v2.tensix.ops.elementwise import multiply
from lightning_v2.tensix.ops.sfpu import apply
from lightning_v2.tensix.ops.unary import UNARY, Unary

SIGMOID_MODES = ("Accurate", "AccurateWithFastExp", "FastApproximate")
GELU_VARIANTS = ("Accurate", "FastLut", "Tanh")

_FAST_MODE = "fast_and_approximate_mode"


def sigmoid(
    x: Tensor, *, mode: str = "Accurate", fast_and_approximate_mode: bool = False
) -> Tensor:
    """1 / (1 + e**-x), or three linear pieces (off by up to 0.12).

    Args:
        mode: "Accurate" or "FastApproximate" (`ttnn.SigmoidMode`).
        fast_and_approximate_mode: another way to ask for "FastApproximate", not ttnn's.

    Raises:
        ArgumentError: an unknown mode. NoRuleError: "AccurateWithFastExp", in the exact tier.
    """
    if mode not in SIGMOID_MODES:
        raise ArgumentError(f"mode is {mode!r}; legal are {', '.join(map(repr, SIGMOID_MODES))}")
    if mode == "AccurateWithFastExp" and settings().exact:
        raise NoRuleError(f"sigmoid with mode {mode!r} has no exact tier")
    approximate = fast_and_approximate_mode or mode == "FastApproximate"
    return _run("sigmoid", x, approximate)


def gelu(
    x: Tensor, *, variant: str = "Accurate", fast_and_approximate_mode: bool = False
) -> Tensor:
    """x * Phi(x).

    Args:
        variant: "Accurate", "FastLut" (six linear pieces, off by up to 0.023) or "Tanh"
            (`ttnn.GeluVariant`).
        fast_and_approximate_mode: another way to ask for "FastLut".

    Raises:
        ArgumentError: an unknown variant.
    """
    if variant not in GELU_VARIANTS:
        raise ArgumentError(
            f"variant is {variant!r}; legal are {', '.join(map(repr, GELU_VARIANTS))}"
        )
    if variant == "Tanh":
        return _run("gelu_tanh", x)
    return _run("gelu", x, fast_and_approximate_mode or variant == "FastLut")


def erf(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """The error function; a 16-bit Dst truncates it.

    Raises:
        NoRuleError: the fast mode in the exact tier.
    """
    if fast_and_approximate_mode and settings().exact:
        raise NoRuleError("erf with fast_and_approximate_mode has no exact tier")
    return _run("erf", x)


def hardswish(x: Tensor) -> Tensor:
    """x * hardsigmoid(x): the product of the matrix engine, but of float32 of the vector engine."""
    between = "float32" if checked("x", x).dtype == "float32" else "bfloat16"
    wider = typecast(x, between)
    product = multiply(_run("hardsigmoid", wider), wider, fast_and_approximate_mode=True)
    return typecast(product, x.dtype)


def clamp(x: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """min <= x <= max; a 16-bit Dst truncates the limits, of which one may be None.

    Without a limit that is the largest finite number, so that infinities are cut off, too.

    Raises:
        ArgumentError: neither limit is given.
    """
    if min is None and max is None:
        raise ArgumentError("min and max are None; legal is a number for one of them at least")
    largest = torch.finfo(torch.float32).max
    low, high = -largest if min is None else min, largest if max is None else max
    return _run("clamp", x, min=low, max=high)


def hardtanh(x: Tensor, *, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """min_val <= x <= max_val; a 16-bit Dst truncates the limits."""
    return clamp(x, min_val, max_val)


def pow(x: Tensor, exponent: int) -> Tensor:
    """x**exponent by repeated products; a 16-bit Dst truncates the last.

    Raises:
        NoRuleError: an exponent other than 0, 1, 2 and 3, in the exact tier.
    """
    if settings().exact and exponent not in (0, 1, 2, 3):
        raise NoRuleError(
            f"pow with exponent {exponent!r} has no exact tier; that has 0, 1, 2 and 3"
        )
    return _run("pow", x, exponent=exponent)


def in_destination(name: str, dst: torch.Tensor, wide: bool, fast: bool = False) -> torch.Tensor:
    """A function of what stands in Dst, inside another operation: what it leaves there.

    Args:
        name: a row of `unary`.
        dst: any shape, float32; with `wide` False bfloat16 values.
        wide: Dst has 32 bits.
        fast: in its fast and approximate mode.
    """
    row = UNARY[name]
    approximate = fast and row.fast_mode == "approximate"
    if settings().exact:
        return apply(name, dst, wide=wide, approximate=approximate)
    if approximate:
        values, truncated = row.approximate(dst), True
    else:
        values, truncated = row.function(dst, *row.parameters.values()), row.truncated
    if wide:
        return values
    return pack_cut_(values) if truncated else pack_device_(values, "bfloat16")


def _run(name: str, x: Tensor, fast: bool = False, **parameters: float) -> Tensor:
    """A row of the table in the tier at hand; `fast`: in its fast mode."""
    row, wide = UNARY[name], checked("x", x).dtype == "float32"
    approximate = fast and row.fast_mode == "approximate"
    if settings().exact:
        guarded = not (fast and row.fast_mode == "unguarded")
        values = apply(
            name, x.values, wide=wide, approximate=approximate, guarded=guarded, **parameters
        )
        return Tensor(pack_device(values, x.dtype), x.dtype)
    truncated = row.truncated
    at_once = None if wide else _at_once(row, x.values, approximate, parameters)
    if at_once is not None:
        narrow = x.dtype == "bfloat16"
        return Tensor(at_once if narrow else pack_device(at_once, x.dtype), x.dtype)
    if approximate and row.approximate is not None:
        values, truncated = row.approximate(x.values), True
    else:
        values = row.function(x.values, *(row.parameters | parameters).values())
    if not wide:
        if values.data_ptr() == x.values.data_ptr():
            values = values.clone()
        values = pack_cut_(values) if truncated else pack_device_(values, "bfloat16")
        if x.dtype == "bfloat16":
            return Tensor(values, x.dtype)
    return Tensor(pack_device(values, x.dtype), x.dtype)


def _at_once(
    row: Unary, x: torch.Tensor, approximate: bool, parameters: dict[str, float]
) -> torch.Tensor | None:
    """The fast tier with a 16-bit Dst in one pass over memory, where there is such a loop."""
    if approximate:
        return approximations.stored(row.name, x)
    if row.at_once is None:
        return None
    given = (np.float32(value) for value in (row.parameters | parameters).values())
    return elementwise_fast.stored(row.at_once, x, *given)


def _made(row: Unary) -> Callable[..., Tensor]:
    """ttnn's function of a row."""
    by_place, by_name = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
    arguments = [Parameter("x", by_place, annotation=Tensor)]
    for name, value in row.parameters.items():
        arguments.append(
            Parameter(name, by_place, annotation=float)
            if row.required
            else Parameter(name, by_name, default=value, annotation=float)
        )
    if row.fast_mode is not None:
        arguments.append(Parameter(_FAST_MODE, by_name, default=False, annotation=bool))
    signature = inspect.Signature(arguments, return_annotation=Tensor)

    def function(*args: object, **kwargs: object) -> Tensor:
        given = signature.bind(*args, **kwargs).arguments
        x, fast = given.pop("x"), bool(given.pop(_FAST_MODE, False))
        if row.inverted in given and given[row.inverted] == 0:
            raise ArgumentError(f"{row.inverted} is 0; legal are numbers other than 0")
        return _run(row.name, x, fast, **given)

    function.__name__ = function.__qualname__ = row.name
    function.__signature__ = signature
    function.__doc__ = _words(row)
    return function


def _words(row: Unary) -> str:
    words = [row.summary]
    if row.truncated:
        words.append("A 16-bit Dst truncates it.")
    if row.fast_mode == "unguarded":
        words.append("The fast mode leaves out the care for zero, negatives and denormals.")
    if row.fast_mode == "same":
        words.append("The kernel is the same in both modes.")
    if row.inverted is not None:
        words.append(f"Raises ArgumentError where {row.inverted} is 0.")
    return "\n\n".join([words[0], " ".join(words[1:])]).strip()


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    row.name: _made(row) for row in UNARY.values() if not row.is_variant
} | {f.__name__: f for f in (clamp, erf, gelu, hardswish, hardtanh, pow, sigmoid)}
FUNCTIONS["clip"] = clamp
"""ttnn's functions by name."""
