"""Parameters and buffers as a device stores them."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from torch import Tensor

from lightning_v2.tensix.numbers.constants import packed
from lightning_v2.tensix.numbers.rounding import Rounding

DeviceTensor = Any
"""A tensor of `ops`."""

View = Callable[[Tensor], Tensor]
"""From the shape of this lowering, padding and all, to that of the network."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A parameter or buffer as the device stores it.

    Attributes:
        name: unique in the voice.
        kind: "matrix", "left" (one on the left of its product), "vector", "table" (rows to look up)
            or "taps" (of a depthwise convolution).
        owner, arrange: what is packed, and in which order of its values.
        dtype: the format.
        rounding: what is done before.
    """

    name: str
    kind: str
    owner: Tensor
    arrange: View
    dtype: str
    rounding: Rounding

    @property
    def values(self) -> Tensor:
        """In float32, in the shape that the device has."""
        return self.prepared(self.owner)

    def prepared(self, x: Tensor) -> Tensor:
        """x in place of the owner, as it goes to be packed."""
        return self.rounding(self.arrange(x))


class Store(Protocol):
    """Packs constants, each of them once."""

    def __call__(self, constant: Constant) -> DeviceTensor: ...


class InMemory:
    """A `Store` that packs each constant once in the life of its owner."""

    def __init__(self, ops: ModuleType):
        """ops: packs them."""
        self._ops = ops

    def __call__(self, constant: Constant) -> DeviceTensor:
        # The convolution itself packs its taps.
        dtype = "float32" if constant.kind == "taps" else constant.dtype

        def make(x: Tensor) -> DeviceTensor:
            return self._ops.from_torch(constant.prepared(x), dtype)

        recipe = (self._ops.__name__, constant.name, dtype, constant.rounding)
        return packed(constant.owner, constant.owner, recipe, make)
