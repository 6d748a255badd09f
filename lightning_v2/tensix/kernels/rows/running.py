"""Running sums along an axis as compiled loops: what `ttnn.cumsum` leaves in a 32-bit Dst.

docs/numerics.md, section 7.2. Loops take two-dimensional arrays of binary32 patterns, whose rows
are added up from left to right.
"""

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import INFINITY, ZERO
from lightning_v2.tensix.kernels.sfpu.arithmetic import add, negate, stored


@compiled
def plain(source, target, blackhole, first, last):
    """The vector engine carries the sum in float32."""
    for row in range(first, last):
        total = ZERO
        for i in range(source.shape[1]):
            total = add(total, source[row, i], blackhole)
            target[row, i] = stored(total, True)


@compiled
def compensated(source, target, blackhole, first, last):
    """What a sum lost is taken off the next term (Kahan's), unless it is not finite."""
    for row in range(first, last):
        total, lost = ZERO, ZERO
        for i in range(source.shape[1]):
            term = add(source[row, i], negate(lost), blackhole)
            following = stored(add(total, term, blackhole), True)
            change = add(following, negate(total), blackhole)
            lost = stored(add(change, negate(term), blackhole), True)
            if change & INFINITY == INFINITY:
                lost = ZERO
            total = following
            target[row, i] = total
