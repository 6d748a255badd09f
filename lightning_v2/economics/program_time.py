"""The time of one program, of whatever kind."""

from collections.abc import Callable

from lightning_v2.economics.board import Board
from lightning_v2.economics.program import (
    CONVOLUTION,
    ELEMENTWISE,
    MOVEMENT,
    NORM,
    PRODUCT,
    SOFTMAX,
    Program,
)
from lightning_v2.economics.resources.dram import BARRIER, dram_cycles
from lightning_v2.economics.resources.launch import launch_seconds
from lightning_v2.economics.resources.movement import movement_time
from lightning_v2.economics.resources.products import product_time
from lightning_v2.economics.resources.rows import rows_time
from lightning_v2.economics.resources.time import Time
from lightning_v2.economics.resources.vector import elementwise_time

_TIMES: dict[str, Callable[[Program, Board], Time]] = {
    PRODUCT: product_time,
    CONVOLUTION: product_time,
    ELEMENTWISE: elementwise_time,
    NORM: rows_time,
    SOFTMAX: rows_time,
    MOVEMENT: movement_time,
}


def program_time(program: Program, board: Board, traced: bool = True) -> Time:
    """Seconds from the end of the program before it to its own, *modelled*.

    traced: whether it is replayed from a trace, or issued by the host.
    """
    time = _TIMES[program.kind](program, board)
    if program.cut is None:
        # One core does not see that the banks serve all of them.
        moved = program.dram_read_bytes + program.dram_written_bytes
        banks = board.seconds(dram_cycles(moved, board, BARRIER))
        time += Time(dram=max(0.0, banks - time.total))
    return time + Time(launch=launch_seconds(time.total, board, traced))
