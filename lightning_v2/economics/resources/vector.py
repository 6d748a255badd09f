"""Element-wise operations: a tile comes, is computed, and goes, one after the other.

The readers of ttnn wait for each page before they ask for the next one, so what a page takes is
mostly the way there and back.
"""

from lightning_v2.economics.board import Board
from lightning_v2.economics.program import Program, is_sharded, page_bytes, pages
from lightning_v2.economics.resources.l1 import unpack_cycles
from lightning_v2.economics.resources.noc import latency_cycles, read_cycles
from lightning_v2.economics.resources.time import Time
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import tile_bytes
from lightning_v2.tile import TILE

ON_THE_ENGINE = ("add", "subtract", "multiply")
"""Operations that the matrix engine does, unless values have 32 bits."""

PLAIN = (
    "abs",
    "addcmul",
    "clamp",
    "ge",
    "gt",
    "le",
    "lt",
    "neg",
    "relu",
    "typecast",
    "where",
    *ON_THE_ENGINE,
)
"""Operations of a few instructions; all others are functions."""


def tile_operation_cycles(dtype: str, phases: int, board: Board) -> float:
    """Cycles of the matrix engine for one element-wise operation on a tile."""
    passes = board["fpu_tile"] * phases
    return board["product_call"] + max(passes, unpack_cycles(tile_bytes(dtype), board))


def function_cycles(function: str, board: Board) -> float:
    """Cycles of the vector engine for one function of a tile."""
    kind = "vector_plain" if function in PLAIN else "vector_function"
    rows = TILE**2 / board["vector_lanes"]
    return board["product_call"] + rows * board[kind]


def compute_cycles(program: Program, board: Board) -> float:
    """Cycles of one tile of the result."""
    dtype = program.operands[0].dtype
    if program.function in ON_THE_ENGINE and dtype != "float32":
        phases = fidelity.count(program.math_fidelity) if program.math_fidelity else 1
        return tile_operation_cycles(dtype, phases, board)
    return function_cycles(program.function, board)


def elementwise_time(program: Program, board: Board) -> Time:
    """Seconds of an element-wise operation, without its launch: what a core does for its share of
    the pages of the result, one operand after the other."""
    result = program.results[0]
    each = -(-pages(result) // program.cores)
    latency = noc = 0.0
    for operand in program.operands:
        if not is_sharded(operand):
            latency = max(latency, latency_cycles(operand.in_dram, board))
            noc += read_cycles(1, page_bytes(operand), board)
    write = 0.0 if is_sharded(result) else read_cycles(1, page_bytes(result), board)
    return page_time(each, latency, noc, compute_cycles(program, board), write, board)


def page_time(
    count: float, latency: float, noc: float, compute: float, write: float, board: Board
) -> Time:
    """Seconds of `count` pages that are brought, computed and written: each while its neighbours
    are at the other two. The slowest of the three is met by all, the others by one.

    latency, noc, compute, write: cycles a page. compute counts as the vector engine's.
    """
    read = latency + noc
    slowest = max(read, compute, write)
    reads, computes, writes = (count if x == slowest else 1 for x in (read, compute, write))
    return Time(
        latency=board.seconds(reads * latency + (board["l1_write"] if write else 0.0)),
        noc=board.seconds(reads * noc + writes * write),
        vector=board.seconds(computes * compute),
    )
