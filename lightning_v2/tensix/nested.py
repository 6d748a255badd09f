"""Values in nested tuples, lists and dictionaries, such as the arguments of a call."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def mapped(values: object, dtypes: tuple[torch.dtype, ...], dtype: torch.dtype) -> object:
    """Nested values with every tensor of one of `dtypes` converted to `dtype`."""
    if isinstance(values, Tensor):
        return values.to(dtype) if values.dtype in dtypes else values
    if isinstance(values, dict):
        return {key: mapped(value, dtypes, dtype) for key, value in values.items()}
    if isinstance(values, tuple | list):
        return type(values)(mapped(value, dtypes, dtype) for value in values)
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
