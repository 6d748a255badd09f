"""Programs that compute nothing: they change shards, tiles, shapes, or places."""

from lightning_v2.economics.board import Board
from lightning_v2.economics.program import Program, is_sharded, page_bytes, pages
from lightning_v2.economics.resources.l1 import unpack_cycles
from lightning_v2.economics.resources.noc import latency_cycles, read_cycles
from lightning_v2.economics.resources.time import Time
from lightning_v2.economics.resources.vector import page_time
from lightning_v2.tile import TILE

_IN_BLOCKS = {
    "InterleavedToSharded": 0,
    "ShardedToInterleaved": 0,
    "Halo": 0,
    "Tilize": TILE,
    "TilizeWithValPadding": TILE,
    "Untilize": TILE,
    "UntilizeCodegen": TILE,
    "UntilizeWithUnpadding": TILE,
}
"""Operation -> pages that are asked for before its reader waits; 0 for all of them, all others
wait for each."""

_ENGINE = ("Tilize", "Untilize", "Transpose", "Halo")
"""Starts of the names of operations whose data pass through the engine."""


def movement_time(program: Program, board: Board) -> Time:
    """Seconds of a move, without its launch."""
    if not program.results:
        return _split_time(program, board)
    result = program.results[0]
    each = -(-pages(result) // program.cores)
    waits = _IN_BLOCKS.get(program.name, 1)
    block = min(each, waits) if waits else each
    size = page_bytes(result)
    remote = [x for x in program.operands if not is_sharded(x)]
    latency = max((latency_cycles(x.in_dram, board) for x in remote), default=0.0)
    noc = read_cycles(block, size, board) if remote else 0.0
    through = program.name.startswith(_ENGINE)
    compute = block * (board["product_call"] + unpack_cycles(size, board)) if through else 0.0
    # A shard that stays with its core is copied there, by the same requests.
    write = 0.0 if is_sharded(result) and remote else read_cycles(block, size, board)
    return page_time(each / block, latency, noc, compute, write, board)


def _split_time(program: Program, board: Board) -> Time:
    """Of heads that are split off: ttnn tells no results; they are as large as the operands."""
    source = program.operands[0]
    each = -(-pages(source) // program.cores)
    size = page_bytes(source)
    latency, noc = latency_cycles(source.in_dram, board), read_cycles(1, size, board)
    return page_time(each, latency, noc, 0.0, noc, board)
