"""What waits for the product that takes it: one program in place of two or three.

Functions: a binary operation of ttnn can run functions of one operand on what it reads, and rounds
their results to bfloat16 as if they had been stored: the bits are those of programs of their own.
That was seen on the simulator (Wormhole) for the functions below, in products of bfloat16 alone.
Casts from bfloat16 to float32: of a matrix product, a register takes all bits of either.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from lightning_v2.deployment.device.ttnn_objects import Functions
from lightning_v2.deployment.device.ttnn_ops import TtnnOps

DeviceTensor = Any

_FUSED: dict[str, set[str]] = {
    "clamp": {"min", "max"},
    "cos": set(),
    "exp": set(),
    "sin": set(),
    "tanh": set(),
}
"""Function -> the parameters that it has if it can wait."""

_PASSING = {"clamp"}
"""Functions that give values of the format that they take: another one may follow at once."""


@dataclass(frozen=True)
class Waiting:
    """What functions make of a tensor, in order, once somebody needs it.

    Attributes:
        x: the tensor.
        functions: names of ttnn, and their parameters.
    """

    x: DeviceTensor
    functions: Functions

    @property
    def dtype(self) -> Any:
        return self.x.dtype

    @property
    def shape(self) -> Any:
        return self.x.shape


@dataclass
class Widened:
    """A tensor of bfloat16 that is to be float32 once somebody else than a matrix product needs it.

    Attributes:
        x: the tensor.
        made: the same in float32, if somebody did.
    """

    x: DeviceTensor
    made: DeviceTensor = None

    @property
    def shape(self) -> Any:
        return self.x.shape


class FusingOps:
    """`TtnnOps` whose casts and functions of one operand wait, if they can, for a product."""

    def __init__(self, ops: TtnnOps):
        self._ops = ops
        for name in _FUSED:
            setattr(self, name, self._waiting(name))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ops, name)
        if not callable(found):
            return found

        def run(*args: Any, **options: Any) -> Any:
            made = {name: self._made(x) for name, x in options.items()}
            return found(*map(self._made, args), **made)

        return run

    def typecast(self, x: DeviceTensor | Waiting, dtype: str) -> DeviceTensor | Waiting | Widened:
        """See `TtnnOps.typecast`: what has the format already goes on waiting."""
        if isinstance(x, Waiting) and dtype == "bfloat16":
            return x
        x = self._made(x)
        if dtype == "float32" and self._ops.is_bfloat16(x):
            return Widened(x)
        return self._ops.typecast(x, dtype)

    def linear(
        self, a: DeviceTensor | Waiting | Widened, b: DeviceTensor, **options: Any
    ) -> DeviceTensor:
        """See `TtnnOps.linear`."""
        a = a.x if isinstance(a, Widened) else self._made(a)
        made = {name: self._made(x) for name, x in options.items()}
        return self._ops.linear(a, self._made(b), **made)

    def multiply(
        self, a: DeviceTensor | Waiting, b: DeviceTensor | Waiting | float
    ) -> DeviceTensor:
        """The product, with the functions that waited for it."""
        before, operands = [], []
        for x in (a, b):
            waits = isinstance(x, Waiting)
            before.append(x.functions if waits else ())
            operands.append(x.x if waits else self._made(x))
        number = isinstance(b, int | float)
        if any(before) and (number or self._ops.is_bfloat16(operands[0], operands[1])):
            return self._ops.multiply(*operands, before=tuple(before))
        return self._ops.multiply(self._made(a), self._made(b))

    def _waiting(self, name: str) -> Callable:
        plain = getattr(self._ops, name)

        def run(x: DeviceTensor | Waiting, **parameters: float) -> DeviceTensor | Waiting:
            follows = isinstance(x, Waiting) and x.functions[-1][0] in _PASSING
            if not follows:
                x = self._made(x)
            if not (_can_wait(name, parameters) and self._ops.is_bfloat16(x)):
                return plain(self._made(x), **parameters)
            before = x.functions if follows else ()
            return Waiting(x.x if follows else x, (*before, (name, parameters)))

        return run

    def _made(self, x: Any) -> Any:
        """x, with no function left to be run."""
        if isinstance(x, list | tuple):
            return type(x)(map(self._made, x))
        if isinstance(x, Widened):
            if x.made is None:
                x.made = self._ops.typecast(x.x, "float32")
            return x.made
        if not isinstance(x, Waiting):
            return x
        made = x.x
        for name, parameters in x.functions:
            made = getattr(self._ops, name)(made, **parameters)
        return made


def _can_wait(name: str, parameters: dict[str, float]) -> bool:
    """Whether a function with these parameters can: they are bfloat16 numbers, as ttnn takes them
    there."""
    values = torch.tensor(list(parameters.values()))
    return set(parameters) == _FUSED[name] and bool((values.bfloat16() == values).all())
