"""Adversarial numbers for property tests."""

import numpy as np
from hypothesis import strategies as st

SPREADS = (0, 1, 3, 12, 40, 126)


@st.composite
def arrays(draw, shape, narrow=False):
    """float32 of `shape`: exponents spread by a drawn amount, zeros, denormals, inf, NaN, repeats.

    narrow: only bfloat16 values.
    """
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from(SPREADS))
    centre = draw(st.integers(1 + spread, 254 - spread)) if draw(st.booleans()) else 127
    exponents = np.clip(centre + generator.integers(-spread, spread + 1, shape), 1, 254)
    fractions = generator.integers(0, 1 << 23, shape)
    if draw(st.booleans()):
        fractions &= 0x7FFFFF << draw(st.integers(10, 23))  # few bits: ties
    patterns = generator.integers(0, 2, shape) << 31 | exponents << 23 | fractions
    rare = draw(st.sampled_from((0.0, 0.02, 0.3)))
    special = generator.choice(
        [0, 1 << 31, 0x00012345, 0x807F0000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFA10000], shape
    )
    patterns = np.where(generator.random(shape) < rare, special, patterns)
    if draw(st.booleans()):
        patterns = patterns.reshape(-1)[generator.integers(0, max(1, patterns.size // 2), shape)]
    patterns = patterns.astype(np.uint32)
    return (patterns & np.uint32(0xFFFF0000) if narrow else patterns).view(np.float32)


@st.composite
def cancelling(draw, m, k, n, narrow=False):
    """Two matrices whose products cancel nearly or exactly: the second half repeats the first."""
    half = -(-k // 2)
    a, b = draw(arrays((m, half), narrow)), draw(arrays((half, n), narrow))
    return np.concatenate([a, -a], 1)[:, :k], np.concatenate([b, b], 0)[:k]
