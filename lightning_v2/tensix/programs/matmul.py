"""How ttnn cuts a matmul into blocks of K when the caller does not say: part of the result.

Without a program config ttnn chooses one from shapes, formats and the free memory of a core
(`create_simple_matmul_program_config` of tt-metal's matmul_program_config.cpp, tensors interleaved
in DRAM); docs/numerics.md, section 6.2. Of that choice only the number of K tiles in a block shows
in the values.
"""

import functools

from lightning_v2.tensix.numbers.configuration import Grid, MatmulProgramConfig
from lightning_v2.tensix.numbers.formats import TILE, tile_bytes

# Bytes of L1 that a program may use: n150, p150.
_L1_BYTES = {"wormhole_b0": 1_393_312, "blackhole": 1_461_120}
_NARROW_RATIO = 8


@functools.lru_cache(maxsize=4096)
def choose(
    m: int,
    k: int,
    n: int,
    *,
    in0: str,
    in1: str,
    output: str,
    bias: str | None,
    fp32_dest_acc_en: bool,
    shared_in0: bool,
    arch: str,
    grid: Grid,
) -> MatmulProgramConfig:
    """ttnn's own program config for (m, k) @ (k, n), m and n of one batch.

    Args:
        in0, in1, output, bias: formats of the tensors, None where there is no bias.
        shared_in0: one in0 meets a batch of in1.
        arch: "wormhole_b0" (n150) or "blackhole" (p150).
        grid: columns and rows of cores that compute.
    """
    rows, depth, columns = (-(-size // TILE) for size in (m, k, n))
    if shared_in0 or _is_narrow(rows, columns):
        return MatmulProgramConfig(2 if depth % 2 == 0 else 1)
    grid_columns, grid_rows = grid
    between = tile_bytes("float32" if fp32_dest_acc_en else "bfloat16")
    between = max(between, 0 if fp32_dest_acc_en else tile_bytes(output))
    bias_bytes = tile_bytes(bias) if bias else 0

    def fits(block_rows: int, block_columns: int, width: int) -> bool:
        area = block_rows * block_columns
        size = 2 * width * (block_rows * tile_bytes(in0) + block_columns * tile_bytes(in1))
        size += area * (tile_bytes(in0) + between) + block_columns * bias_bytes
        return size < _L1_BYTES[arch]

    width = depth // grid_columns if depth % grid_columns == 0 else 1
    whole = -(-rows // grid_rows), -(-columns // grid_columns)
    # Narrower blocks of K are tried before smaller blocks of the output.
    divisors = [w for w in range(width, 0, -1) if width % w == 0]
    width = next((w for w in divisors if fits(*whole, w)), 1)
    return MatmulProgramConfig(width)


def _is_narrow(rows: int, columns: int) -> bool:
    """Whether ttnn expects more from sending operands along one axis of the core grid."""
    return min(rows, columns) == 1 or max(rows, columns) // min(rows, columns) > _NARROW_RATIO
