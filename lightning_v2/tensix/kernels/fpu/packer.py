"""The packer's accumulation in memory (docs/numerics.md, section 5), compiled by numba."""

import numpy as np

from lightning_v2.tensix.kernels.compile import compiled
from lightning_v2.tensix.kernels.patterns import EXPONENT, NAN, SIGN


@compiled
def accumulate_float32(total, addend):
    """total += addend, patterns in flat uint32 arrays: nearest even, denormals count as zero."""
    for i in range(total.size):
        total[i] = _sum(total[i], addend[i])


@compiled
def accumulate_bfloat16(total, addend):
    """The same for bfloat16 values (low halves zero): see `add_bfloat16`."""
    for i in range(total.size):
        total[i] = add_bfloat16(total[i], addend[i])


@compiled
def add_bfloat16(a, b):
    """The bfloat16 sum of two bfloat16 patterns: exact, nearest even, denormals flushed."""
    # Rounding the sum to float32 first would round twice.
    exact = _number(a) + _number(b)
    bits = np.float64(exact).view(np.int64)
    sign = (bits >> 63) & 1
    exponent = ((bits >> 52) & 0x7FF) - 896
    fraction = bits & 0xFFFFFFFFFFFFF
    rounded = (exponent << 7) + ((fraction + (1 << 44) - 1 + ((fraction >> 45) & 1)) >> 45)
    if exponent <= 0:
        rounded = np.int64(0)
    elif exponent >= 255:
        rounded = np.int64(0x7F80)
    return np.uint32((sign << 31) | (rounded << 16))


@compiled
def _number(pattern):
    return np.float64(np.uint32(_flushed(pattern)).view(np.float32))


@compiled
def _flushed(pattern):
    return np.uint32(pattern & SIGN) if not pattern & EXPONENT else np.uint32(pattern)


@compiled
def _sum(a, b):
    total = np.uint32(_flushed(a)).view(np.float32) + np.uint32(_flushed(b)).view(np.float32)
    pattern = np.uint32(np.float32(total).view(np.uint32))
    if np.isnan(total):
        return NAN
    return _flushed(pattern)
