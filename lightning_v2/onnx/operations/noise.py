"""Random nodes: their values come from the seed of the run, not from the machine."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from torch import Tensor

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.operations.table import Function, Given, moving, torch_type

_seed: ContextVar[int] = ContextVar("seed of the run", default=0)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Context in which random nodes draw from this seed: every node a stream of its own.

    A longer result begins with the values of a shorter one, along its last axis for one row.
    """
    token = _seed.set(seed)
    try:
        yield
    finally:
        _seed.reset(token)


def _drawn(node: Node, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    stream = np.random.default_rng([_seed.get(), zlib.crc32(node.name.encode())])
    attributes = node.attributes
    if "Normal" in node.op:
        mean, scale = attributes.get("mean", 0.0), attributes.get("scale", 1.0)
        values = stream.standard_normal(shape, dtype=np.float32) * np.float32(scale)
        return torch.from_numpy(values + np.float32(mean)).to(dtype)
    low, high = attributes.get("low", 0.0), attributes.get("high", 1.0)
    values = stream.random(shape, dtype=np.float32) * np.float32(high - low)
    return torch.from_numpy(values + np.float32(low)).to(dtype)


def _random(node: Node, given: Given) -> Function:
    shape = tuple(node.attributes["shape"])
    dtype = torch_type(node.attributes.get("dtype", 1))
    return lambda: _drawn(node, shape, dtype)


def _random_like(node: Node, given: Given) -> Function:
    number = node.attributes.get("dtype")

    def like(x: Tensor) -> Tensor:
        return _drawn(node, tuple(x.shape), x.dtype if number is None else torch_type(number))

    return like


NOISE = moving(
    {
        "RandomNormal": _random,
        "RandomNormalLike": _random_like,
        "RandomUniform": _random,
        "RandomUniformLike": _random_like,
    }
)
