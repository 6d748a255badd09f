"""How products are cut along K."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.deployment.lowering.blocks import in0_block_w
from lightning_v2.tensix.numbers.formats import FORMATS, TILE, tile_bytes

BUFFER = 512 * 1024


def buffered(width, n, weights):
    """Bytes of two blocks of weights, each `width` tiles high and n columns wide."""
    return 2 * width * -(-n // TILE) * tile_bytes(weights)


@given(k=st.integers(1, 4096), n=st.integers(1, 8192), weights=st.sampled_from(FORMATS))
def test_the_widest_divisor_of_k_that_fits(k, n, weights):
    width, depth = in0_block_w(k, n, weights), -(-k // TILE)
    assert depth % width == 0
    assert width == 1 or buffered(width, n, weights) <= BUFFER
    wider = [w for w in range(width + 1, depth + 1) if depth % w == 0]
    assert all(buffered(w, n, weights) > BUFFER for w in wider)


@pytest.mark.parametrize(
    ("k", "n", "weights", "width"),
    [
        (192, 576, "bfloat16", 6),
        (192, 576, "float32", 3),
        (1024, 1024, "bfloat8_b", 4),
        (1024, 1024, "float32", 2),
        # Too large in any case.
        (192, 32 * 200, "float32", 1),
    ],
)
def test_known_answers(k, n, weights, width):
    assert in0_block_w(k, n, weights) == width
