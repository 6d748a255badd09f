"""Norms and softmax: a core has whole rows of tiles and passes over them several times."""

from lightning_v2.economics.board import Board
from lightning_v2.economics.program import NORM, Program, is_sharded, page_bytes, tiles
from lightning_v2.economics.resources.noc import latency_cycles, read_cycles
from lightning_v2.economics.resources.time import Time
from lightning_v2.economics.resources.vector import page_time, tile_operation_cycles
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tile import TILE


def rows_time(program: Program, board: Board) -> Time:
    """Seconds of a norm or a softmax, without its launch.

    A row of tiles is brought with one wait, passed over, and written; weights of a norm come once,
    before the first one.
    """
    source, result = program.operands[0], program.results[0]
    across = -(-source.shape[-1] // TILE)
    each = -(-(tiles(source) // across) // program.cores)
    size = page_bytes(source)
    passes = board["norm_passes" if program.kind == NORM else "softmax_passes"]
    phases = fidelity.count(program.math_fidelity or "HiFi4")
    compute = across * passes * tile_operation_cycles(source.dtype, phases, board)
    noc = 0.0 if is_sharded(source) else read_cycles(across, size, board)
    write = 0.0 if is_sharded(result) else read_cycles(across, page_bytes(result), board)
    time = page_time(each, latency_cycles(source.in_dram, board), noc, compute, write, board)
    constants = program.operands[1:]
    if not constants:
        return time
    brought = sum(read_cycles(across, page_bytes(x), board) for x in constants)
    wait = latency_cycles(any(x.in_dram for x in constants), board)
    return time + Time(latency=board.seconds(wait), noc=board.seconds(brought))
