"""DRAM of one chip: how long its banks take, by how they are asked."""

from lightning_v2.economics.board import Board

BESIDE_BANK, ANY_CORE, BARRIER = ("dram_beside_bank", "dram_any_core", "dram_barrier")
"""Constants with the share of the peak: a reader beside each bank with large packets, cores
anywhere with several requests under way, and cores that wait for each page."""


def dram_cycles(size: float, board: Board, pattern: str = ANY_CORE) -> float:
    """Cycles of the cores while so many bytes go over all banks."""
    return size * board["clock"] / (board["dram"] * board[pattern])
