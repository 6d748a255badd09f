"""Values that a format could not hold: NaN, infinite, or at the end of its range."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_v2.tensix.numbers.formats import MAGNITUDE_BITS

LARGEST = {
    "float32": torch.finfo(torch.float32).max,
    "bfloat16": torch.finfo(torch.bfloat16).max,
    **{name: (2**bits - 1) * 2.0 ** (128 - bits) for name, bits in MAGNITUDE_BITS.items()},
}
"""Format -> its largest finite value."""


@dataclass
class ValueCounts:
    """Of the values of a site, taken in call by call.

    Attributes:
        values: all of them.
        nan: that are not a number.
        infinite: of either sign.
        saturated: finite, but as large as the format allows: larger ones were cut off there.
    """

    values: int = 0
    nan: int = 0
    infinite: int = 0
    saturated: int = 0

    def add(self, x: Tensor, dtype: str) -> None:
        """Take in values that are stored in a format."""
        self.values += x.numel()
        if not x.is_floating_point() or not x.numel():
            return
        most = LARGEST.get(dtype, torch.inf)
        low, high = x.detach().aminmax()
        if -most < low and high < most:  # never true with a NaN among them
            return
        magnitude = x.detach().abs()
        nan, infinite = int(magnitude.isnan().sum()), int(magnitude.isinf().sum())
        self.nan += nan
        self.infinite += infinite
        self.saturated += int((magnitude >= most).sum()) - infinite
