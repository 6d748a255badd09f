"""How weights are rounded before they are packed, so that a low fidelity costs them less.

LoFi takes the first 5 significand bits of a weight and drops the rest, which shrinks every product
by about 1.5 %. Weights that have no more than 5 lose nothing, and rounding to nearest shrinks
nothing on average. Where neighbouring operands are alike, as the bins of a spectrum are, the errors
of neighbouring weights can cancel instead of adding up: each is added to the next weight before
that one is rounded (error feedback, first-order noise shaping; A. Oppenheim and R. Schafer,
"Discrete-Time Signal Processing", section on noise shaping in A/D conversion).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import pack_host, round_significand, straight_through
from lightning_v2.tensix.numbers.sites import SitePrecision


@dataclass(frozen=True, slots=True)
class Rounding:
    """What is done to weights before they are packed.

    Attributes:
        bits: of the significand, to which they are rounded; None: they are not.
        feedback: the format in which they are stored, if errors are carried along K; else None.
    """

    bits: int | None = None
    feedback: str | None = None

    @staticmethod
    @functools.lru_cache(maxsize=1024)
    def of(precision: SitePrecision, operand: str = "in1") -> Rounding:
        """That of a site.

        operand: as which the multiplier takes the weights: "in1" (K, N), or "in0" for taps of the
            depthwise kernel (see `convolution`) and for a constant on the left of a product.
        """
        if precision.weights_rounding == "nearest":
            return Rounding()
        wide = precision.fp32_dest_acc_en
        taken = fidelity.bits_taken(operand, precision.math_fidelity, precision.weights, wide)
        bits = taken if taken < fidelity.SIGNIFICAND_BITS[precision.weights] else None
        carried = precision.weights_rounding == "feedback" and operand == "in1"
        return Rounding(bits, precision.weights if carried else None)

    def __call__(self, weights: Tensor) -> Tensor:
        """Weights (..., K, N), or of any other shape: then no errors are carried."""
        if self.feedback is not None and weights.dim() > 1:
            return straight_through(weights, self._carried)
        return weights if self.bits is None else round_significand(weights, self.bits)

    def _carried(self, weights: Tensor) -> Tensor:
        stored, error = torch.empty_like(weights), weights.new_zeros(weights[..., 0, :].shape)
        for k in range(weights.shape[-2]):
            wanted = weights[..., k, :] + error
            stored[..., k, :] = self._stored(wanted)
            error = wanted - stored[..., k, :]
        return stored

    def _stored(self, row: Tensor) -> Tensor:
        short = row if self.bits is None else round_significand(row, self.bits)
        return pack_host(short, self.feedback)
