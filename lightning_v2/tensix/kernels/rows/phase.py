"""The running phase of an oscillator, from frame to frame."""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.rows.stored import away


@compiled
def carry(at_start, advance, starts, is_narrow, target):
    """The phase at the centre of each frame: that of the one before and its advance, wrapped.

    at_start, advance, target (B, T): float32 cycles. starts (B, T): where a phase begins anew.
    is_narrow: every value is stored as bfloat16.
    """
    for b in range(target.shape[0]):
        for t in range(target.shape[1]):
            phase = at_start[b, t]
            if t and not starts[b, t]:
                phase = _stored(np.float32(target[b, t - 1] + advance[b, t - 1]), is_narrow)
                phase = _stored(np.float32(phase - np.floor(phase)), is_narrow)
            target[b, t] = phase


@compiled
def _stored(x, is_narrow):
    if not is_narrow:
        return x
    return np.uint32(away(np.float32(x).view(np.uint32))).view(np.float32)
