"""The matrix engine on whole matrices in NumPy, one array operation a rounding step.

Faster than `reference`, far slower than the library: for larger shapes, and what the benchmark of
the matrix engine is measured beside. Patterns are int64; docs/numerics.md, sections 3 and 4.
"""

import numpy as np

PHASES = {"LoFi": 1, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}


def matrix(in0, in1, fidelity, wide, defect=True):
    """Dst patterns (M, N) in uint32 of float32 arrays (M, K) @ (K, N), all of K in one run."""
    k = in0.shape[1]
    whole = -(-k // 32) * 32
    cut = 0xFFFFE000 if wide else 0xFFFF0000
    b = np.pad(_patterns(in0) & cut, ((0, 0), (0, whole - k)))
    a = np.pad(_patterns(in1).T & cut, ((0, 0), (0, whole - k)))
    dst = np.zeros((len(b), len(a)), np.int64)
    for tile in range(0, whole, 32):
        for phase in range(PHASES[fidelity]):
            for start in (tile, tile + 16):
                sums = [
                    _group(b[:, None, k : k + 8], a[None, :, k : k + 8], phase)
                    for k in (start, start + 8)
                ]
                dst = _accumulate(sums, dst, wide, defect)
    return dst.astype(np.uint32)


def _patterns(x):
    return np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.int64)


def _group(b, a, phase):
    """Signed sums of 8 aligned products in units of 2**-23 of their binade, and its exponent."""
    (e_a, whole_a), (e_b, whole_b) = _split(a), _split(b)
    part_a = whole_a // 2 % 32 if phase & 1 else whole_a // 64
    part_b = whole_b % 16 * 8 if phase & 2 else whole_b // 16
    present = (e_a > 0) & (e_b > 0)
    exponent = np.where(present, e_a + e_b - 127 - (0, 5, 7, 12)[phase], 0)
    top = exponent.max(-1)
    distance = np.minimum(top[..., None] - exponent, 40)
    size = (2 * part_a * part_b + (1 << distance)) >> (distance + 1)
    sign = np.where((a ^ b) >> 31 & 1, -1, 1)
    total = np.where(present, sign * size, 0).sum(-1)
    return np.where(top > 0, total, 0) << 13, np.maximum(top, 0)


def _split(x):
    """Exponent fields and 11-bit significands."""
    return x >> 23 & 255, ((x & 0x7FFFFF) | 0x800000) >> 13


def _accumulate(sums, dst, wide, defect):
    e_dst = dst >> 23 & 255
    kept = np.where(e_dst > 0, (dst & 0x7FFFFF) | 0x800000, 0)
    top = np.maximum(e_dst, np.maximum(sums[0][1], sums[1][1]))
    total = _shift(kept, top - e_dst, wide) * np.where(dst >> 31, -1, 1)
    for value, exponent in sums:
        total = total + _shift(value, top - exponent, wide)
    magnitude = np.abs(total)
    # Exact: no sum has more than 31 bits.
    width = np.frexp(magnitude.astype(np.float64))[1]
    bits = 24 if wide else 8
    excess = np.maximum(width - bits, 0)
    rounded = (magnitude + (1 << excess >> 1)) >> excess << excess
    width = np.frexp(rounded.astype(np.float64))[1]
    exponent = top + width - 24
    fraction = np.where(
        width > 24, rounded >> np.maximum(width - 24, 0), rounded << (24 - np.minimum(width, 24))
    )
    if defect and wide:
        hit = total == -1
        exponent = np.where(hit, top + 4, exponent)
        fraction = np.where(hit, 0, fraction)
    result = np.where(exponent >= 255, 0x7F800000, exponent << 23 | fraction & 0x7FFFFF)
    result = result | np.where(total < 0, 1 << 31, 0)
    return np.where((total == 0) | (exponent <= 0), 0, result)


def _shift(value, distance, wide):
    """value * 2**-distance, ties toward +infinity; a 16-bit Dst keeps 10 fraction bits of it."""
    distance = np.minimum(distance, 40)
    value = (value + (1 << distance >> 1)) >> distance
    return value if wide else (value + 0x1000) & ~0x1FFF
