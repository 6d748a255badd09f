"""What is known before a run: constants of constants, and nodes that change nothing."""

import json
import math
from typing import Any

import numpy as np
import torch

from lightning_v2.onnx.graph import Graph, Node
from lightning_v2.onnx.operations import OPERATIONS

LARGEST = 64 << 20
"""Bytes that a constant which is computed beforehand may have."""

_GROWING = {"ConstantOfShape", "Expand", "Range", "Resize", "Tile", "Upsample"}


def fold(graph: Graph) -> None:
    """Rewrite a graph in place: the same results from fewer nodes."""
    _compute_constants(graph)
    _drop_what_changes_nothing(graph)
    _merge_equal_nodes(graph)
    graph.prune()


def _compute_constants(graph: Graph) -> None:
    constants, left = graph.constants, []
    for node in graph.nodes:
        known = all(name in constants for name in node.inputs if name)
        if not known or not node.inputs or node.op.startswith("Random") or _is_large(node, graph):
            left.append(node)
            continue
        for name, value in zip(node.outputs, _run(node, graph), strict=False):
            if name:
                constants[name] = value
    graph.nodes = left


def _run(node: Node, graph: Graph) -> list[np.ndarray]:
    given = [graph.constants[name] if name else None for name in node.inputs]
    built = OPERATIONS[node.op].function(node, given)
    arrays = {**dict(enumerate(given)), **built.constants}
    with torch.inference_mode():
        tensors = [None if x is None else torch.from_numpy(np.array(x)) for x in arrays.values()]
        result = built.function(*tensors)
    results = [result] if isinstance(result, torch.Tensor) else result
    return [x.numpy() for x in results]


def _is_large(node: Node, graph: Graph) -> bool:
    """Whether a node would make a large constant of small ones."""
    if node.op not in _GROWING:
        return False
    values = [graph.constants[name] for name in node.inputs if name]
    if node.op == "Range":
        start, limit, delta = (float(x) for x in values)
        return abs(limit - start) > LARGEST / 8 * abs(delta)
    if node.op in ("Resize", "Upsample"):
        return True
    sizes = math.prod(int(size) for size in values[-1].ravel())
    return sizes * (values[0].size if node.op == "Tile" else 1) > LARGEST / 8


def _drop_what_changes_nothing(graph: Graph) -> None:
    types, new = graph.types(), {}
    for node in graph.nodes:
        x = node.inputs[0] if node.inputs else ""
        same_type = node.op == "Cast" and types[x] == types[node.output]
        if node.op in ("Identity", "Dropout") or same_type or _is_one(node, graph):
            factor_first = node.op == "Mul" and x in graph.constants
            new[node.output] = node.inputs[1] if factor_first else x
    graph.replace_values(new)


def _is_one(node: Node, graph: Graph) -> bool:
    """Whether a node multiplies by a single 1, or divides by it."""
    positions = {"Mul": (0, 1), "Div": (1,)}.get(node.op, ())
    for position in positions:
        value = graph.constants.get(node.inputs[position])
        if value is not None and value.ndim == 0 and value == 1:
            return True
    return False


def _merge_equal_nodes(graph: Graph) -> None:
    """Nodes with the same operation, inputs and attributes make the same values."""
    seen: dict[str, Node] = {}
    new: dict[str, str] = {}
    left = []
    for node in graph.nodes:
        node.inputs = [new.get(name, name) for name in node.inputs]
        first = node if node.op.startswith("Random") else seen.setdefault(_signature(node), node)
        if first is node or any(name in graph.outputs for name in node.outputs):
            left.append(node)
        else:
            new.update(zip(node.outputs, first.outputs, strict=True))
    graph.nodes = left


def _signature(node: Node) -> str:
    attributes = {name: _plain(value) for name, value in node.attributes.items()}
    return json.dumps([node.op, node.inputs, len(node.outputs), attributes], sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, value.tobytes().hex()]
    return value
