"""Values in nested tuples, lists and dictionaries, such as the arguments of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor


def mapped(values: object, function: Callable[[Tensor], Tensor]) -> object:
    """Nested values with `function` of every tensor in its place."""
    if isinstance(values, Tensor):
        return function(values)
    if isinstance(values, dict):
        return {key: mapped(value, function) for key, value in values.items()}
    if isinstance(values, tuple | list):
        return type(values)(mapped(value, function) for value in values)
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


def float_dtype(values: object) -> torch.dtype | None:
    """The first floating or complex dtype among the tensors in nested arguments."""
    for value in leaves(values):
        if isinstance(value, Tensor) and (value.dtype.is_floating_point or value.dtype.is_complex):
            return value.dtype
    return None


def has_axes(values: object) -> bool:
    """Whether any tensor in nested arguments has axes, or there is none at all."""
    tensors = [value for value in leaves(values) if isinstance(value, Tensor)]
    return not tensors or any(value.dim() > 0 for value in tensors)
