"""Values picked and put by index."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.operations.table import Function, Given, moving, refuse, simple


def _from_start(index: Tensor, size: int) -> Tensor:
    """Indices from the end as indices from the start."""
    return torch.where(index < 0, index + size, index)


def _gather(node: Node, given: Given) -> Function:
    axis = node.attributes.get("axis", 0)
    scalar = None
    if given[1] is not None and given[1].ndim == 0:
        scalar = int(given[1])

    def gather(x: Tensor, index: Tensor) -> Tensor:
        if scalar is not None:
            return x.select(axis, scalar)
        if index.ndim == 0:
            return x.select(axis, int(index))
        index = _from_start(index.to(torch.int64), x.shape[axis])
        if axis == 0 and x.ndim == 2 and x.is_floating_point():
            return F.embedding(index, x)
        place = axis % x.ndim
        flat = x.index_select(place, index.reshape(-1))
        return flat.reshape(*x.shape[:place], *index.shape, *x.shape[place + 1 :])

    return gather


def _gather_elements(node: Node, given: Given) -> Function:
    axis = node.attributes.get("axis", 0)
    return lambda x, index: torch.gather(x, axis, _from_start(index, x.shape[axis]))


def _gather_nd(node: Node, given: Given) -> Function:
    if node.attributes.get("batch_dims"):
        raise refuse(node, "has batch_dims, which are not known")
    return lambda x, index: x[tuple(index.unbind(-1))]


def _scatter_nd(node: Node, given: Given) -> Function:
    reduction = node.attributes.get("reduction", "none")
    if reduction not in ("none", "add"):
        raise refuse(node, f"reduces by {reduction!r}, known are 'none' and 'add'")

    def scatter(x: Tensor, index: Tensor, updates: Tensor) -> Tensor:
        return x.index_put(tuple(index.unbind(-1)), updates, accumulate=reduction == "add")

    return scatter


def _scatter_elements(node: Node, given: Given) -> Function:
    axis, reduction = node.attributes.get("axis", 0), node.attributes.get("reduction", "none")
    if reduction not in ("none", "add"):
        raise refuse(node, f"reduces by {reduction!r}, known are 'none' and 'add'")
    function = torch.scatter if reduction == "none" else torch.scatter_add

    def scatter(x: Tensor, index: Tensor, updates: Tensor) -> Tensor:
        return function(x, axis, _from_start(index, x.shape[axis]), updates)

    return scatter


def _non_zero(x: Tensor) -> Tensor:
    return torch.nonzero(x).T


def _one_hot(node: Node, given: Given) -> Function:
    axis = node.attributes.get("axis", -1)

    def one_hot(index: Tensor, depth: Tensor, values: Tensor) -> Tensor:
        hot = F.one_hot(_from_start(index.to(torch.int64), int(depth)), int(depth))
        return torch.where(hot.bool(), values[1], values[0]).movedim(-1, axis)

    return one_hot


def _top_k(node: Node, given: Given) -> Function:
    axis, largest = node.attributes.get("axis", -1), bool(node.attributes.get("largest", 1))
    return lambda x, k: torch.topk(x, int(k), axis, largest)


INDEXING = moving(
    {
        "Gather": _gather,
        "GatherElements": _gather_elements,
        "GatherND": _gather_nd,
        "NonZero": simple(_non_zero),
        "OneHot": _one_hot,
        "ScatterElements": _scatter_elements,
        "ScatterND": _scatter_nd,
        "TopK": _top_k,
    }
)
