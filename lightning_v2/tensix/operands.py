"""Operands of an operation: a constant is packed once by the host, anything else is cast."""

from __future__ import annotations

import torch
from torch import Tensor

from lightning_v2.tensix import fidelity
from lightning_v2.tensix.constants import Constants, packed
from lightning_v2.tensix.formats import pack_device, pack_host, round_bfloat16, typecast
from lightning_v2.tensix.sites import SitePrecision


def activation(x: Tensor, precision: SitePrecision, axis: int = -1) -> Tensor:
    """`x` (any shape) cast to the site's format for activations, groups along `axis`."""
    return typecast(x, precision.activations, axis)


def vector(x: Tensor, precision: SitePrecision, constants: Constants) -> Tensor:
    """A bias or scale (any shape) as stored: bfloat16, or float32 where the weights are."""
    owner = constants.owner(x)
    if owner is None:
        return typecast(x, precision.vectors)
    dtype = precision.vectors
    return packed(x, owner, ("vector", dtype), lambda t: pack_host(t, dtype))


def operand(x: object, precision: SitePrecision, constants: Constants) -> object:
    """An operand of an element-wise operation: a tensor as above, or a rounded number."""
    if isinstance(x, Tensor):
        if not x.is_floating_point():
            return x
        if constants.owner(x) is None:
            return activation(x, precision)
        return vector(x, precision, constants)
    if isinstance(x, float) and precision.activations != "float32":
        return round_bfloat16(torch.tensor(x, dtype=torch.float32)).item()
    return x


def is_wide(precision: SitePrecision) -> bool:
    """Whether Dst has 32 bits outside the matrix engine: ttnn decides so if float32 takes part."""
    return "float32" in (precision.activations, precision.output)


def stored(x: Tensor, precision: SitePrecision, axis: int = -1) -> Tensor:
    """A result outside the matrix engine as stored."""
    if not is_wide(precision):
        x = pack_device(x, "bfloat16")
        if precision.output == "bfloat16":
            return x
    return pack_device(x, precision.output, axis)


class MatrixOperand:
    """One operand of the matrix engine, of which the passes of a fidelity take parts.

    x: (..., M, K) as in0 or (..., K, N) as in1; a block float group runs along `axis`.
    owner: the parameter or buffer that `x` shows if it is a constant.
    """

    def __init__(
        self,
        x: Tensor,
        position: str,
        precision: SitePrecision,
        owner: Tensor | None,
        axis: int = -1,
    ):
        self.dtype = precision.activations if owner is None else precision.weights
        self._x, self._position, self._owner, self._axis = x, position, owner, axis
        self._fp32 = precision.fp32_dest_acc_en
        self._stored: Tensor | None = None

    def part(self, name: str) -> Tensor:
        """The part "high", "all" or "low" of the stored values, of the shape of `x`."""
        if self._owner is not None:
            recipe = (self._position, name, self.dtype, self._fp32, self._axis)
            return packed(
                self._x, self._owner, recipe, lambda x: self._take(pack_host(x, *self._how), name)
            )
        if self._stored is None:
            bits = 0
            if name != "low" and self.dtype == "bfloat16" and not self._x.requires_grad:
                bits = fidelity.bits_used(self._position, name, self.dtype, self._fp32)
                return round_bfloat16(self._x, fidelity.significand_mask(bits))
            self._stored = typecast(self._x, *self._how)
        return self._take(self._stored, name)

    @property
    def _how(self) -> tuple[str, int]:
        return self.dtype, self._axis

    def _take(self, stored: Tensor, name: str) -> Tensor:
        return fidelity.take(stored, self._position, name, self.dtype, self._fp32)
