"""A tensor as it lies in the memory of the device: values and the format they are stored in.

Formats have ttnn's names (`tensix.bfloat16` is the string "bfloat16"). Storage is simulated, not
laid out: `values` are the numbers that a reader of the stored tensor sees. Tiles matter only where
block floats share an exponent, along the last axis.
"""

from collections.abc import Callable, Hashable

import numpy as np
import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers import formats

float32, bfloat16, bfloat8_b, bfloat4_b = formats.FORMATS
uint32 = "uint32"
"""Of indices alone: nothing computes with integers here."""

_CONVERTIBLE = (torch.float64, torch.float16, torch.bfloat16)


class Tensor:
    """values: torch float32 of any shape, every one representable in `dtype`. Never written to.

    Indices, of dtype uint32, are int64 values.
    """

    __slots__ = ("_forms", "dtype", "values")

    def __init__(self, values: torch.Tensor, dtype: str):
        self.values, self.dtype = values, dtype
        self._forms: dict[Hashable, torch.Tensor] = {}

    @property
    def shape(self) -> torch.Size:
        return self.values.shape

    def form(self, recipe: Hashable, make: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """`make(values)`, kept with the tensor: what an operation prepares from a weight once."""
        if self.values.requires_grad:
            return make(self.values)
        if recipe not in self._forms:
            self._forms[recipe] = make(self.values)
        return self._forms[recipe]

    def __repr__(self) -> str:
        return f"tensix.Tensor({tuple(self.shape)}, {self.dtype})\n{self.values}"


def from_torch(x: torch.Tensor | np.ndarray, dtype: str | None = None) -> Tensor:
    """A tensor packed by the host, as `ttnn.from_torch` packs it (docs/numerics.md, section 1.3).

    Args:
        x: any shape, floating point; other widths are brought to float32 first. Integers from 0 on
            for uint32.
        dtype: float32, bfloat16, bfloat8_b, bfloat4_b or uint32. If not given, bfloat16 for a
            tensor of that dtype and float32 for any other.

    Raises:
        TypeError: x is no tensor or array of real floating-point numbers (for uint32: integers).
        ArgumentError: an unknown dtype, a block float asked of a tensor without axes, or a negative
            index.
    """
    if isinstance(x, np.ndarray):
        x = torch.from_numpy(x)
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"x is a {type(x).__name__}; legal are torch tensors and numpy arrays")
    if dtype == uint32:
        return _indices(x)
    if dtype is None:
        dtype = bfloat16 if x.dtype == torch.bfloat16 else float32
    converted = x.dtype != torch.bfloat16
    if x.dtype in _CONVERTIBLE:
        x = x.float()
    if x.dtype != torch.float32:
        raise TypeError(f"x holds {x.dtype}; legal are real floating-point numbers")
    packed = formats.pack_host(x, checked_dtype(dtype, x))
    if dtype == bfloat16 and converted:
        packed = formats.one_nan(packed)
    return Tensor(packed, dtype)


def _indices(x: torch.Tensor) -> Tensor:
    if x.dtype not in (torch.int32, torch.int64):
        raise TypeError(f"x holds {x.dtype}; legal as uint32 are int32 and int64")
    if x.numel() and x.min() < 0:
        raise ArgumentError(f"x holds {int(x.min())}; legal as uint32 are numbers from 0 on")
    return Tensor(x.long(), uint32)


def to_torch(x: Tensor) -> torch.Tensor:
    """The float32 values of a stored tensor, in its shape; a copy that may be written to.

    Raises:
        TypeError: x is no `tensix.Tensor`.
    """
    return checked("x", x).values.clone()


def typecast(x: Tensor, dtype: str) -> Tensor:
    """The tensor in another format, converted by the device: `ttnn.typecast`.

    docs/numerics.md, sections 5 and 2. bfloat8_b is rounded once, from bfloat16; bfloat4_b is
    bfloat8_b cut off. Packing by the host (`from_torch`) rounds otherwise.

    Raises:
        TypeError: x is no `tensix.Tensor`. ArgumentError: an unknown dtype.
    """
    if checked("x", x).dtype == dtype:
        return x
    checked_dtype(dtype, x.values)
    return Tensor(formats.typecast(x.values, dtype, source=x.dtype), dtype)


def checked(name: str, x: object) -> Tensor:
    """`x`, an argument called `name`, if it is a tensor of the device.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{name} is a {type(x).__name__}; legal is a tensix.Tensor, made by tensix.from_torch"
        )
    return x


def checked_dtype(dtype: object, x: torch.Tensor | None = None) -> str:
    """`dtype` if it is a format, one that `x` can have.

    Raises:
        ArgumentError: it is not.
    """
    if dtype not in formats.FORMATS:
        raise ArgumentError(
            f"dtype is {dtype!r}; legal are {', '.join(map(repr, formats.FORMATS))}"
        )
    if x is not None and x.dim() == 0 and dtype in formats.MAGNITUDE_BITS:
        raise ArgumentError(f"dtype is {dtype!r}, but a tensor without axes has no groups of 16")
    return dtype
