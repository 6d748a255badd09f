"""Running sums along an axis as compiled loops: what `ttnn.cumsum` leaves in a 32-bit Dst.

docs/numerics.md, section 7.2. Loops take two-dimensional arrays of binary32 patterns, whose rows
are added up from left to right.
"""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.sfpu.arithmetic import add, negate, stored

_INFINITY = np.uint32(0x7F800000)
_ZERO = np.uint32(0)


@compiled
def plain(source, target, blackhole, first, last):
    """The vector engine carries the sum in float32."""
    for row in range(first, last):
        total = _ZERO
        for i in range(source.shape[1]):
            total = add(total, source[row, i], blackhole)
            target[row, i] = stored(total, True)


@compiled
def compensated(source, target, blackhole, first, last):
    """What a sum lost is taken off the next term (Kahan's), unless it is not finite."""
    for row in range(first, last):
        total, lost = _ZERO, _ZERO
        for i in range(source.shape[1]):
            term = add(source[row, i], negate(lost), blackhole)
            following = stored(add(total, term, blackhole), True)
            change = add(following, negate(total), blackhole)
            lost = stored(add(change, negate(term), blackhole), True)
            if change & _INFINITY == _INFINITY:
                lost = _ZERO
            total = following
            target[row, i] = total
