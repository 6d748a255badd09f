"""Between programs: what passes until the next one starts.

A trace is replayed by the dispatch cores: they prepare a program while the one before it runs, and
cores start some time after the last ones have ended. Without a trace the host issues every call.
"""

from lightning_v2.economics.board import Board

_MICRO = 1e-6


def launch_seconds(busy: float, board: Board, traced: bool = True) -> float:
    """What a program that takes `busy` seconds waits before it starts.

    traced: whether it is replayed; otherwise the host must have issued it.
    """
    prepared = board["dispatch"] if traced else max(board["dispatch"], board["host_call"])
    return max(board["op_to_op"] * _MICRO, prepared * _MICRO - busy)
