"""Which program computes a matmul on the core grid: a choice for every shape, and why.

Weights lie in DRAM and are read from there once; the NoC then carries them, or the activations, to
the cores that need them. Three ways to share the work:

    rows       each core has rows of the activations and keeps them; weights are multicast to all
               (MatmulMultiCoreReuseMultiCast1DProgramConfig, mcast_in0=False, in0 by height)
    columns    each core has columns of the weights and reads only those; activations are multicast
               (the same with mcast_in0=True, in0 interleaved in L1)
    blocks     each core has a block of the result; weights are multicast along columns of cores,
               activations along rows (MatmulMultiCoreReuseMultiCastProgramConfig, in0 interleaved)

The choice is the one whose busiest core is done first by a simple model (*modelled*): products of
tiles take 16 cycles a fidelity phase, and meanwhile the NoC carries 32 bytes a cycle to or from a
core. It carries weights, activations that do not lie in the core, and a result that is written
elsewhere, which the operation after it reads and writes once more. So few rows of frames are shared
by blocks, and many stay where they are, sharded by height from one operation to the next.
None of this shows in the result: blocks along K are given, and rows and columns are independent.
"""

import math
from dataclasses import dataclass
from typing import Any

from lightning_v2.errors import LightningError
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import tile_bytes

CYCLES_A_PHASE = 16
BYTES_A_CYCLE = 32
FEWEST_ROWS = 16
"""Rows of tiles that are worth giving to cores of their own: with fewer, most cores are idle in
all operations until somebody gathers them again, and to share them takes a program."""

USABLE_L1 = 1_200_000
"""Bytes of a core that one program may use beside the tensors that wait there."""

Grid = tuple[int, int]
"""Columns and rows of cores."""


class ProgramError(LightningError, ValueError):
    """No program fits the memory of a core."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product of (m, k) and (k, n), in tiles, with the formats of the operands and the result.

    Attributes:
        width: tiles of K in one block.
        wide: whether Dst has 32 bits.
        resident: whether in0 is sharded by height already.
    """

    m: int
    k: int
    n: int
    in0: str
    in1: str
    output: str
    math_fidelity: str
    width: int
    wide: bool
    resident: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """How a `Product` is shared by the cores.

    Attributes:
        kind: "rows", "columns" or "blocks".
        grid: of the cores that work.
        per_core_m, per_core_n: tiles of the result of one core.
        compute, traffic: cycles of the busiest core.
        l1_bytes: its buffers.
    """

    kind: str
    grid: Grid
    per_core_m: int
    per_core_n: int
    compute: int
    traffic: int
    l1_bytes: int

    @property
    def cycles(self) -> int:
        return max(self.compute, self.traffic)

    @property
    def reason(self) -> str:
        """Why this one, in words."""
        limit = "products" if self.compute >= self.traffic else "the NoC"
        return f"{self.kind} on {self.grid[0]}x{self.grid[1]}: {self.cycles} cycles, by {limit}"


def row_grid(rows: int, grid: Grid) -> Grid:
    """The largest rectangle of cores that shares `rows` tile rows evenly."""
    shapes = [
        (x, y) for x in range(1, grid[0] + 1) for y in range(1, grid[1] + 1) if rows % (x * y) == 0
    ]
    # Of equal ones the widest: rows of cores share a multicast.
    return max(shapes, key=lambda shape: (shape[0] * shape[1], shape[0]))


def choices(product: Product, grid: Grid) -> list[Program]:
    """All programs that fit, the best one first.

    Raises:
        ProgramError: none fits the memory of a core.
    """
    p = product
    rows = row_grid(p.m, grid)
    columns = _column_grid(p.n, grid)
    tall, broad = min(grid[1], p.m), min(grid[0], p.n)
    shares = [("columns", columns, p.m, -(-p.n // (columns[0] * columns[1])))]
    if p.m >= FEWEST_ROWS or p.resident:
        shares.append(("rows", rows, p.m // (rows[0] * rows[1]), p.n))
    if tall > 1 and broad > 1:
        m, n = -(-p.m // tall), -(-p.n // broad)
        shares.append(("blocks", (-(-p.n // n), -(-p.m // m)), m, n))
    programs = [_program(product, *share) for share in shares]
    fitting = [program for program in programs if program.l1_bytes <= USABLE_L1]
    if not fitting:
        least = min(program.l1_bytes for program in programs)
        raise ProgramError(
            f"a product of {p.m} x {p.k} and {p.k} x {p.n} tiles needs {least} bytes of L1 in a "
            f"core, of which {USABLE_L1} are free: use a smaller bucket or batch"
        )
    return sorted(fitting, key=lambda program: program.cycles)


def config_of(product: Product, program: Program) -> tuple[str, dict[str, Any]]:
    """Class and arguments of ttnn's program config, for a product with a constant."""
    arguments = {
        "compute_with_storage_grid_size": program.grid,
        "in0_block_w": product.width,
        "out_subblock_h": 1,
        "out_subblock_w": subblock(program.per_core_n, product.wide),
        "per_core_M": program.per_core_m,
        "per_core_N": program.per_core_n,
        "fused_activation": None,
        "fuse_batch": True,
    }
    if program.kind == "blocks":
        return "MatmulMultiCoreReuseMultiCastProgramConfig", arguments | {"transpose_mcast": False}
    arguments["mcast_in0"] = program.kind == "columns"
    return "MatmulMultiCoreReuseMultiCast1DProgramConfig", arguments


def subblock(per_core_n: int, wide: bool) -> int:
    """Columns of tiles that Dst holds at once: a divisor of `per_core_n`."""
    limit = 4 if wide else 8
    return max(n for n in range(1, limit + 1) if per_core_n % n == 0)


def _column_grid(columns: int, grid: Grid) -> Grid:
    """Cores, as few as are busy, for one or more columns of tiles each."""
    each = -(-columns // (grid[0] * grid[1]))
    cores = -(-columns // each)
    if cores <= grid[0]:
        return cores, 1
    return grid[0], -(-cores // grid[0])


def _program(p: Product, kind: str, grid: Grid, m: int, n: int) -> Program:
    in0, in1, out = (tile_bytes(dtype) for dtype in (p.in0, p.in1, p.output))
    between = tile_bytes("float32" if p.wide else "bfloat16")
    received = n * p.k * in1
    buffers = 2 * p.width * n * in1 + m * n * (out + between)
    if kind == "rows":
        received += 0 if p.resident else m * p.k * in0
        # The shard, and where it is cut into blocks.
        buffers += m * p.k * in0 * (1 if p.width == p.k else 3)
    else:
        received += m * p.k * in0 + 3 * m * n * out
        buffers += 2 * p.width * m * in0
    return Program(
        kind,
        grid,
        m,
        n,
        m * n * p.k * CYCLES_A_PHASE * fidelity.count(p.math_fidelity),
        math.ceil(received / BYTES_A_CYCLE),
        buffers,
    )
