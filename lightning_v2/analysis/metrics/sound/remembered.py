"""Results of late, for who asks again for the same values: a reference meets many candidates."""

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock

import numpy as np

MOST = 6
"""Results that are kept of a function."""


def remembered[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """The same function of arrays and numbers, with its last `MOST` results kept in memory.

    Arrays count by what is in them. Who changes a result changes what others are given.
    """
    signature = inspect.signature(function)
    kept: OrderedDict[tuple, R] = OrderedDict()
    lock = Lock()

    @functools.wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        key = tuple(map(_content, bound.arguments.values()))
        with lock:
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        result = function(*args, **kwargs)
        with lock:
            kept[key] = result
            while len(kept) > MOST:
                kept.popitem(last=False)
        return result

    return asked


def _content(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, blake2b(np.ascontiguousarray(value)).digest()
    return value
