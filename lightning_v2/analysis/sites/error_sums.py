"""Sums over the values of a site, from which all figures of its error follow."""

import math
from dataclasses import dataclass

import numpy as np
import torch

_AT_ONCE = 2**15
"""Values, whose copies stay in the cache of a core: several times faster than a pass of memory
after the other."""


@dataclass
class ErrorSums:
    """Of a reference a and a candidate b = a + e, taken in piece by piece.

    Attributes:
        count: values.
        reference: sum of a.
        error: sum of e.
        reference_squared: sum of a².
        error_squared: sum of e².
        product: sum of a e.
        max_abs: largest |e|; NaN if any is.
    """

    count: int = 0
    reference: float = 0.0
    error: float = 0.0
    reference_squared: float = 0.0
    error_squared: float = 0.0
    product: float = 0.0
    max_abs: float = 0.0

    def add(self, reference: torch.Tensor, candidate: torch.Tensor) -> None:
        """Take in two tensors of one shape."""
        if not reference.numel():
            return
        flat = reference.reshape(-1).split(_AT_ONCE), candidate.reshape(-1).split(_AT_ONCE)
        for right, found in zip(*flat, strict=True):
            a = right.double()
            error = found.double() - a
            self.count += a.numel()
            self.reference += a.sum().item()
            self.error += error.sum().item()
            self.reference_squared += (a @ a).item()
            self.error_squared += (error @ error).item()
            self.product += (a @ error).item()
            least, most = error.aminmax()
            # Keeps NaN, which max() loses.
            self.max_abs = float(np.maximum(self.max_abs, torch.maximum(-least, most).item()))

    @property
    def pcc(self) -> float:
        """Pearson correlation; 1 for identical values, NaN where one side is constant."""
        if self.error_squared == 0:
            return 1.0
        n = self.count
        spread_a = self.reference_squared - self.reference**2 / n
        together = self.product - self.reference * self.error / n
        spread_b = spread_a + 2 * together + self.error_squared - self.error**2 / n
        if spread_a <= 0 or spread_b <= 0:
            return math.nan
        return (spread_a + together) / math.sqrt(spread_a * spread_b)

    @property
    def sqnr_db(self) -> float:
        """Energy of the reference over that of the error.

        inf for identical values, -inf for infinite ones in the candidate alone, NaN for NaN.
        """
        if self.error_squared == 0:
            return math.inf
        if math.isinf(self.error_squared) and math.isfinite(self.reference_squared):
            return -math.inf
        return 10 * math.log10(max(self.reference_squared, 1e-300) / self.error_squared)

    @property
    def relative_rms(self) -> float:
        """Rms of the error over the rms of the reference; 0 for identical values."""
        return self._relative(math.sqrt(self.error_squared))

    @property
    def relative_max(self) -> float:
        """Largest |error| over the rms of the reference; 0 for identical values."""
        return self._relative(self.max_abs * math.sqrt(self.count))

    @property
    def gain(self) -> float:
        """Best factor from reference to candidate: 0.985 means that 1.5 % got lost."""
        if self.reference_squared == 0:
            return 1.0 if self.error_squared == 0 else math.nan
        return 1.0 + self.product / self.reference_squared

    @property
    def gain_share(self) -> float:
        """Share of the error's energy that one factor on the reference explains; NaN without error.

        The three shares add up to 1. The factor comes first: where the reference has a mean of its
        own, what could be either counts as a gain.
        """
        if self.error_squared == 0 or self.reference_squared == 0:
            return math.nan if self.error_squared == 0 else 0.0
        return self.product**2 / self.reference_squared / self.error_squared

    @property
    def offset_share(self) -> float:
        """Share of the error's energy that a constant explains, once the gain is taken out."""
        if self.error_squared == 0:
            return math.nan
        constant, rest = float(self.count), self.error
        if self.reference_squared > 0:
            # What is left of a vector of ones and of its product with e without the part along a.
            constant -= self.reference**2 / self.reference_squared
            rest -= self.product * self.reference / self.reference_squared
        if constant <= 1e-9 * self.count:
            return 0.0  # the reference is a constant itself
        return rest**2 / constant / self.error_squared

    @property
    def rest_share(self) -> float:
        """Share of the error's energy that is neither gain nor offset."""
        if self.error_squared == 0:
            return math.nan
        return float(np.maximum(0.0, 1.0 - self.gain_share - self.offset_share))

    def _relative(self, size: float) -> float:
        if size == 0:
            return 0.0
        return size / math.sqrt(self.reference_squared) if self.reference_squared else math.inf
