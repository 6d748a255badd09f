"""The loops of the exact tier and of packing, compiled by numba and kept on disk.

numba notices that a file has changed, but not that one has changed from which it took a function.
Compiled code therefore lies in a folder named after the text of all files in here: beside them if
that can be written to, else among the user's caches.
"""

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numba

from lightning_v2.files import user_cache

_HERE = Path(__file__).parent


def compiled(function: Callable) -> Callable:
    """`function`, compiled on its first call; it holds no lock of the interpreter."""
    return _cached(function)


def fused(function: Callable) -> Callable:
    """The same for kernels in which a product may fuse with a sum: both ways give the same bits."""
    return _cached(function, fastmath={"contract"})


def is_cold() -> bool:
    """Whether products of matrices, which every run of the exact tier needs, have not been compiled
    from these sources yet: the first run takes longer."""
    return not any(_folder(numba.config.CACHE_DIR).rglob("matmul.*.nbi"))


def _cached(function: Callable, **options: object) -> Callable:
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_folder(before))
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy", **options)(function)
    finally:
        numba.config.CACHE_DIR = before


@functools.cache
def _folder(chosen: str) -> Path:
    """Where compiled code of these sources is kept; `chosen`: by NUMBA_CACHE_DIR, or empty."""
    text = b"".join(path.read_bytes() for path in sorted(_HERE.rglob("*.py")))
    name = f"tensix-{hashlib.sha256(text).hexdigest()[:16]}"
    if chosen:
        return Path(chosen) / name
    if os.access(_HERE, os.W_OK):
        return _HERE / "__pycache__" / name
    return user_cache() / name
