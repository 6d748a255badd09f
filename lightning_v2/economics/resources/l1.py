"""L1 of a core: what the unpackers take out of it, and what it holds."""

from lightning_v2.economics.board import Board


def unpack_cycles(tile_bytes: float, board: Board) -> float:
    """Of one unpacker that brings a tile to the engine."""
    return tile_bytes / board["unpacked"]


def all_bytes(board: Board) -> float:
    """L1 of all cores of all chips."""
    return board["l1_bytes"] * board.cores * board.chips
