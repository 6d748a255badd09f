"""Patterns of binary32 that many loops need: what its fields are, and common constants."""

import numpy as np


def pattern(value: float) -> np.uint32:
    """The binary32 pattern of a constant."""
    return np.float32(value).view(np.uint32)


def patterns(*values: float) -> tuple[np.uint32, ...]:
    """The binary32 patterns of several constants."""
    return tuple(map(pattern, values))


SIGN = np.uint32(0x80000000)
MAGNITUDE = np.uint32(0x7FFFFFFF)
EXPONENT = np.uint32(0x7F800000)
FRACTION = np.uint32(0x007FFFFF)
# The bit that a significand has above its fraction; as a pattern the smallest normal number.
HIDDEN = np.uint32(0x00800000)

ZERO = np.uint32(0)
INFINITY = EXPONENT
NAN = np.uint32(0x7FC00000)
HALF, ONE, TWO, FOUR = patterns(0.5, 1, 2, 4)
MINUS_HALF, MINUS_ONE, MINUS_TWO, MINUS_FOUR = patterns(-0.5, -1, -2, -4)
PER_LN2, MINUS_LN2 = patterns(1.4426950408889634, -0.6931471805599453)
BIAS = pattern(127)
# Adding this rounds a float to an integer, which then stands in the low bits of the sum.
ROUNDER = pattern(12582912)
