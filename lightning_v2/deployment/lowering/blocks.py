"""How the voice's matmuls are cut along K: part of the result, so one rule for every device.

A block of weights waits in L1 twice (one is multiplied while the next arrives). Wider blocks mean
fewer partial sums to round and to reload; the limit is the memory of a core.
"""

from lightning_v2.tensix.numbers.formats import TILE, tile_bytes

_WEIGHT_BUFFER_BYTES = 512 * 1024  # of about 1.4 MB of L1; activations need the rest


def in0_block_w(k: int, n: int, weights: str) -> int:
    """Tiles of K in one block of a product with a constant (k, n) matrix.

    The widest divisor of K whose blocks, N wide, fit the buffer for weights; it depends on neither
    the number of rows nor the core grid, so that every bucket and every board has the same bits.
    """
    depth, columns = -(-k // TILE), -(-n // TILE)
    each = 2 * columns * tile_bytes(weights)
    fitting = (
        w for w in range(depth, 0, -1) if depth % w == 0 and w * each <= _WEIGHT_BUFFER_BYTES
    )
    return next(fitting, 1)
