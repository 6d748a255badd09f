"""Values in nested tuples, lists and dictionaries, such as the arguments of a call."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor


def mapped(values: object, function: Callable[[Tensor], Tensor]) -> object:
    """Nested values with `function` of every tensor in its place."""
    if isinstance(values, Tensor):
        return function(values)
    if isinstance(values, dict):
        return {key: mapped(value, function) for key, value in values.items()}
    if isinstance(values, tuple | list):
        inner = (mapped(value, function) for value in values)
        return type(values)(*inner) if hasattr(values, "_fields") else type(values)(inner)
    return values


def leaves(values: object) -> Iterator:
    """What nested tuples, lists and dictionaries hold, in order."""
    if isinstance(values, dict):
        values = values.values()
    elif not isinstance(values, tuple | list):
        yield values
        return
    for value in values:
        yield from leaves(value)


def tensors(values: object) -> list[Tensor]:
    """The tensors among nested values, in order."""
    found: list[Tensor] = []
    _collect(values, found)
    return found


def _collect(values: object, found: list[Tensor]) -> None:
    """`leaves` of one type, without its generators: this is done several times a call."""
    if isinstance(values, Tensor):
        found.append(values)
    elif isinstance(values, tuple | list):
        for value in values:
            _collect(value, found)
    elif isinstance(values, dict):
        for value in values.values():
            _collect(value, found)


def float_dtype(values: object) -> torch.dtype | None:
    """The floating or complex dtype in which torch computes with nested arguments, if any.

    A tensor without axes counts for it only where no other does, as torch promotes.
    """
    found = [x for x in tensors(values) if x.dtype.is_floating_point or x.dtype.is_complex]
    dtypes = [x.dtype for x in found if x.dim()] or [x.dtype for x in found]
    if not dtypes:
        return None
    result = dtypes[0]
    for dtype in dtypes[1:]:
        result = torch.promote_types(result, dtype)
    return result


def are_plain(values: Iterable) -> bool:
    """Whether all tensors among the arguments of a call are float32 with axes and values, and the
    rest numbers and words: one look that spares the others, which most calls need not have."""
    found = False
    for x in values:
        if isinstance(x, Tensor):
            if x.dtype is not torch.float32 or not x.dim() or not x.numel():
                return False
            if x.layout is not torch.strided or x.is_nested:
                return False
            found = True
        elif type(x) is tuple or type(x) is list:
            if not all(type(n) in _NUMBERS for n in x):
                return False
        elif type(x) not in _NUMBERS and x is not None and type(x) is not str:
            return False
    return found


_NUMBERS = (int, float, bool)


def has_axes(values: object) -> bool:
    """Whether any tensor in nested arguments has axes, or there is none at all."""
    found = tensors(values)
    return not found or any(value.dim() > 0 for value in found)
