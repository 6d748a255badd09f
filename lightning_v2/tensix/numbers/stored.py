"""Which torch tensors hold what an operation stored as bfloat16: rounding them again is in vain.

A module hands the result of one site to the next, in views of the same memory where it moves data.
Memory is known by its storage, as long as that lives and nobody has written to it. Tensors made in
inference mode do not count their writes: who sees one has to `forget` all.
"""

import threading

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

_MANY = 64


class _Table(threading.local):
    """Of this thread: address of a storage -> the storage, and how often it had been written to."""

    def __init__(self):
        self.known: dict[int, tuple[StorageWeakRef, int | None]] = {}


_table = _Table()


def keep(x: Tensor) -> None:
    """Remember that all values in the memory of `x` are as a packer stores bfloat16."""
    storage = x.untyped_storage()
    if storage.nbytes() != x.nbytes:
        return
    if len(_table.known) >= _MANY:
        living = _table.known.items()
        _table.known = {at: entry for at, entry in living if not entry[0].expired()}
    # The address of a storage is not given away while somebody refers to it, be it weakly.
    _table.known[storage._cdata] = StorageWeakRef(storage), _writes(x)


def is_bfloat16(x: Tensor) -> bool:
    """Whether `x` shows memory that was kept, and that nobody has written to since."""
    entry = _table.known.get(x.untyped_storage()._cdata)
    return entry is not None and entry[1] == _writes(x)


def forget() -> None:
    """Know nothing any more."""
    _table.known.clear()


def _writes(x: Tensor) -> int | None:
    return None if x.is_inference() else x._version
