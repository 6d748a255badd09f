"""Arithmetic element by element: ttnn's `add`, `multiply`, … in both tiers.

docs/numerics.md, section 7.1. Which engine computes:

    float32                       vector engine, 32-bit Dst
    add, subtract, rsub           matrix engine (ELWADD), 16-bit Dst; of bfloat16 without
                                  `fast_and_approximate_mode` the vector engine, nearest even
    multiply, two bfloat16        vector engine, nearest even; in `fast_and_approximate_mode` the
                                  matrix engine (ELWMUL, HiFi4)
    multiply, block floats        matrix engine
    divide, minimum, maximum      vector engine

A number counts as a tensor of bfloat16, of float32 beside a float32 tensor; it is rounded to that.
Into a 32-bit Dst, and where a row, column or value of bfloat16 meets many, an operand of the vector
engine comes by way of the matrix engine, which makes -0 and denormals +0, and NaN inf.
A float32 output gives any operation a 32-bit Dst; float32 operands with a bfloat16 output are
rounded to nearest even. The fast tier computes in float32 and rounds once: the matrix engine has 11
bits for a sum, so that 99 % of the sums in the simulator's files are equal, the rest one unit away.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.fast import elementwise as elementwise_fast
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers.configuration import settings
from lightning_v2.tensix.numbers.formats import (
    pack_cut_,
    pack_device,
    pack_device_,
    pack_even_,
    pack_host,
    round_bfloat16,
)
from lightning_v2.tensix.numbers.tensor import Tensor, checked_dtype
from lightning_v2.tensix.threads import spread_slices


def add(
    a: Tensor | float,
    b: Tensor | float,
    *,
    dtype: str | None = None,
    fast_and_approximate_mode: bool = True,
) -> Tensor:
    """a + b, broadcast as torch does.

    Args:
        a, b: tensors of any shapes that broadcast, or a number for one of them.
        dtype: of the result; None is that of the first tensor.
        fast_and_approximate_mode: False rounds bfloat16 sums to nearest even.

    Raises:
        TypeError: an operand is neither tensor nor number, or neither is a tensor.
        ArgumentError: float32 meets a narrower format, an unknown dtype, or
            fast_and_approximate_mode=False for a result that is not bfloat16.
    """
    return _sum("sum", torch.add, a, b, dtype, fast_and_approximate_mode)


def subtract(
    a: Tensor | float,
    b: Tensor | float,
    *,
    dtype: str | None = None,
    fast_and_approximate_mode: bool = True,
) -> Tensor:
    """a - b; arguments and errors as of `add`."""
    return _sum("difference", torch.sub, a, b, dtype, fast_and_approximate_mode)


def rsub(
    a: Tensor | float,
    b: Tensor | float,
    *,
    dtype: str | None = None,
    fast_and_approximate_mode: bool = True,
) -> Tensor:
    """b - a; arguments and errors as of `add`, the default dtype is that of a."""
    chosen = _Operands(a, b, None).dtype if dtype is None else dtype
    return subtract(b, a, dtype=chosen, fast_and_approximate_mode=fast_and_approximate_mode)


def multiply(
    a: Tensor | float,
    b: Tensor | float,
    *,
    dtype: str | None = None,
    fast_and_approximate_mode: bool = False,
) -> Tensor:
    """a * b, broadcast as torch does.

    Args:
        a, b, dtype: as of `add`.
        fast_and_approximate_mode: bfloat16 products on the matrix engine, off by up to 1 unit.

    Raises:
        TypeError, ArgumentError: as of `add`, but for the fast mode, which is always legal.
    """
    operands = _Operands(a, b, dtype)
    vector = operands.formats == {"float32"} or (
        operands.formats == {"bfloat16"} and not fast_and_approximate_mode
    )
    return operands.compute("vector_product" if vector else "matrix_product", torch.mul)


def divide(a: Tensor | float, b: Tensor | float, *, dtype: str | None = None) -> Tensor:
    """a / b, broadcast as torch does; arguments and errors as of `add`."""
    return _Operands(a, b, dtype).compute("vector_quotient", torch.div)


div = divide


def minimum(a: Tensor | float, b: Tensor | float, *, dtype: str | None = None) -> Tensor:
    """The smaller of a and b, element by element.

    A number is not rounded, but the result is truncated to Dst. Arguments and errors as of `add`;
    two tensors have one format.
    """
    return _extreme("vector_minimum", torch.minimum, a, b, dtype)


def maximum(a: Tensor | float, b: Tensor | float, *, dtype: str | None = None) -> Tensor:
    """The larger of a and b, element by element; see `minimum`."""
    return _extreme("vector_maximum", torch.maximum, a, b, dtype)


@dataclass(frozen=True, slots=True)
class Binary:
    """An operation of two operands.

    Attributes:
        name: ttnn's, and of the function here.
        call: torch's name for it.
        is_mixed: the formats of the operands may differ, float32 excepted.
    """

    name: str
    call: str
    is_mixed: bool = False


BINARY = {
    row.name: row
    for row in (
        Binary("add", "add", is_mixed=True),
        Binary("divide", "div"),
        Binary("maximum", "maximum"),
        Binary("minimum", "minimum"),
        Binary("multiply", "mul", is_mixed=True),
        Binary("subtract", "sub", is_mixed=True),
    )
}
"""By name: the interception takes those torch calls for them, and a device runs them."""


def _sum(
    name: str,
    function: Callable[..., torch.Tensor],
    a: Tensor | float,
    b: Tensor | float,
    dtype: str | None,
    fast: bool,
) -> Tensor:
    operands = _Operands(a, b, dtype)
    if not fast and operands.dtype != "bfloat16":
        raise ArgumentError(
            f"fast_and_approximate_mode is {fast!r} and the result {operands.dtype}; legal is that "
            "only for bfloat16"
        )
    vector = operands.formats == {"float32"} or not fast
    return operands.compute(("vector_" if vector else "matrix_") + name, function)


def _extreme(
    kernel: str,
    function: Callable[..., torch.Tensor],
    a: Tensor | float,
    b: Tensor | float,
    dtype: str | None,
) -> Tensor:
    operands = _Operands(a, b, dtype, rounded=False)
    tensors = {x.dtype for x in (a, b) if isinstance(x, Tensor)}
    if len(tensors) > 1:
        raise ArgumentError(
            f"a and b are {a.dtype} and {b.dtype}; legal is one format: typecast one"
        )
    return operands.compute(kernel, function)


class _Operands:
    """Two operands as values in memory, and the format of the result.

    rounded: whether a number stands in a tile of its own, of bfloat16 or float32.
    """

    def __init__(
        self, a: Tensor | float, b: Tensor | float, dtype: str | None, rounded: bool = True
    ):
        tensors = [x for x in (a, b) if isinstance(x, Tensor)]
        for name, x in (("a", a), ("b", b)):
            if isinstance(x, bool) or not isinstance(x, Tensor | int | float):
                raise TypeError(
                    f"{name} is a {type(x).__name__}; legal are numbers and a tensix.Tensor"
                )
        if not tensors:
            raise TypeError("a and b are numbers; legal is a number for one of them only")
        self.formats = {x.dtype for x in tensors}
        if "float32" in self.formats and len(self.formats) > 1:
            raise ArgumentError(
                f"a and b are {' and '.join(x.dtype for x in tensors)}; legal beside float32 is "
                "only float32: typecast one of them"
            )
        number = "float32" if "float32" in self.formats else "bfloat16"
        if len(tensors) == 1:
            self.formats.add(number)
        number = number if rounded else "float32"
        self._each = [x.dtype if isinstance(x, Tensor) else number for x in (a, b)]
        device = tensors[0].values.device
        self.values = [
            x.values if isinstance(x, Tensor) else _number(float(x).hex(), number).to(device)
            for x in (a, b)
        ]
        shapes = [tuple(x.shape) for x in self.values]
        try:
            # torch's imports sympy
            shape = shapes[0] if shapes[0] == shapes[1] else np.broadcast_shapes(*shapes)
        except ValueError:
            raise ArgumentError(
                f"a has shape {shapes[0]} and b {shapes[1]}; legal are shapes that broadcast"
            ) from None
        self.dtype = tensors[0].dtype
        if dtype is not None:
            self.dtype = checked_dtype(dtype, torch.empty(shape, device="meta"))
        self._shape = shape

    def compute(self, kernel: str, function: Callable[..., torch.Tensor]) -> Tensor:
        """By the exact tier's `kernel` or the fast tier's `function`, packed."""
        wide = "float32" in self.formats or self.dtype == "float32"
        if settings().exact:
            values = self._exact(kernel, wide)
        elif wide:
            values = function(*self._spread())
        else:
            values = self._fast(kernel, function)
            narrow = self.dtype == "bfloat16"
            return Tensor(values if narrow else pack_device(values, self.dtype), self.dtype)
        if "float32" in self.formats and self.dtype == "bfloat16":
            # A typecast on the vector engine follows.
            return Tensor(pack_even_(values), self.dtype)
        return Tensor(pack_device_(values, self.dtype), self.dtype)

    def _fast(self, kernel: str, function: Callable[..., torch.Tensor]) -> torch.Tensor:
        """As bfloat16, by way of a 16-bit Dst."""
        if kernel in elementwise_fast.SUMS and self.values[0].shape == self.values[1].shape:
            values = elementwise_fast.stored(elementwise_fast.SUMS[kernel], *self.values)
            if values is not None:
                return values
        return _fast_store(kernel)(function(*self._spread()))

    def _spread(self) -> list[torch.Tensor]:
        """The operands in the shape of the result."""
        return [x if x.shape == self._shape else x.expand(self._shape) for x in self.values]

    def _exact(self, kernel: str, wide: bool) -> torch.Tensor:
        values = [x.detach() for x in self.values]
        if kernel.startswith("vector_"):
            values = [
                round_bfloat16(x) if self._by_matrix_engine(i, wide) else x
                for i, x in enumerate(values)
            ]
        a, b = (
            x.expand(self._shape).contiguous().numpy().view(np.uint32).reshape(-1) for x in values
        )
        target = np.empty(a.size, np.uint32)
        loop, blackhole = getattr(loops("rows.elementwise"), kernel), settings().blackhole

        def run(part: slice) -> None:
            loop(a[part], b[part], target[part], wide, blackhole)

        spread_slices(run, a.size)
        return torch.from_numpy(target.view(np.float32)).reshape(self._shape)

    def _by_matrix_engine(self, index: int, wide: bool) -> bool:
        """Whether an operand of the vector engine is copied or repeated by the matrix engine."""
        if wide and self._each[index] != "float32":
            return True
        if self._each[index] != "bfloat16" or self.values[index].dim() == 0:
            return False
        rows, columns = (1, *self._shape)[-2:]
        (own_rows, own_columns), others = (
            (1, *self.values[i].shape)[-2:] for i in (index, 1 - index)
        )
        # A column that meets a row is repeated by the reader.
        met_by_row = own_rows == rows and others != (rows, columns)
        return (own_rows, own_columns) != (rows, columns) and not met_by_row


def _fast_store(kernel: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """How a result comes into a 16-bit Dst and from there into a packer."""
    if kernel in ("vector_minimum", "vector_maximum"):
        return pack_cut_
    return pack_even_ if kernel.startswith("vector_") else _pack_rounded_


def _pack_rounded_(x: torch.Tensor) -> torch.Tensor:
    return pack_device_(x, "bfloat16")


@functools.lru_cache(maxsize=1024)
def _number(x: str, dtype: str) -> torch.Tensor:
    """A number, as `float.hex` writes it, as a tensor without axes of that format."""
    with torch.inference_mode(False):
        return pack_host(torch.tensor(float.fromhex(x)), dtype)
