"""Arithmetic element by element: the fast tier.

The operands are cast to the site's format, numbers are rounded like them, the result is computed in
float32 and rounded once. float32 operands stay on the vector engine and are exact. Of bfloat16, the
product is exactly the chip's (nearest even); sums go through the matrix engine there, which has 11
bits for them: 99 % of the sums in the simulator's files are equal, the rest one unit away.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.formats import pack_device, pack_host
from lightning_v2.tensix.operands import is_wide, operand, stored
from lightning_v2.tensix.sites import SitePrecision


def elementwise(
    function: Callable[..., Tensor],
    name: str,
    operands: tuple[Tensor | float, ...],
    precision: SitePrecision,
    constants: Constants,
    **options: object,
) -> Tensor:
    """`function` (torch's, called `name`) of operands that broadcast against each other."""
    result = function(*(operand(x, precision, constants) for x in operands), **options)
    if name == "mul" and precision.activations == "bfloat16" and not is_wide(precision):
        return pack_device(pack_host(result, "bfloat16"), precision.output)
    return stored(result, precision)
