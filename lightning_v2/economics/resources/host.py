"""Between host and device: transfers over PCIe. The host's own work is not modelled."""

from lightning_v2.economics.board import Board

_MICRO, _GIGA = 1e-6, 1e9


def upload_seconds(count: int, size: float, board: Board) -> float:
    """Of `count` tensors that the host sends, of `size` bytes together."""
    return count * board["host_transfer"] * _MICRO + size / (board["host_write"] * _GIGA)


def download_seconds(count: int, size: float, board: Board) -> float:
    """Of `count` tensors that the host fetches, of `size` bytes together."""
    return count * board["host_transfer"] * _MICRO + size / (board["host_read"] * _GIGA)
