"""The network on chip: cycles until a core has what it asked for.

A core issues one request after the other, and a link carries so many bytes a cycle; the slower of
both counts. Where one core reads for all, it carries what it read once more.
"""

from lightning_v2.economics.board import Board


def read_cycles(requests: float, size: float, board: Board) -> float:
    """Of one core that asks for so many pages of `size` bytes, without the wait for the first."""
    return requests * max(board["issue"], size / board["noc"])


def multicast_cycles(size: float, board: Board) -> float:
    """Of one core that sends so many bytes to all that need them."""
    return size / board["noc"]


def latency_cycles(in_dram: bool, board: Board) -> float:
    """From a request to its answer."""
    return board["dram_read"] if in_dram else board["l1_read"]
