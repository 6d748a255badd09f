"""What is known before a run: constants of constants, and nodes that change nothing."""

import json
import math
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from lightning_v2.onnx.graph import Graph, Node
from lightning_v2.onnx.operations import OPERATIONS
from lightning_v2.onnx.operations.arithmetic import ARITHMETIC
from lightning_v2.onnx.operations.norms import NORMS
from lightning_v2.onnx.operations.shapes import SHAPES
from lightning_v2.onnx.operations.table import whole

LARGEST = 64 << 20
"""Bytes that a constant which is computed beforehand may have."""

_RESAMPLING = {"Interpolate", "Resize", "Upsample"}
_BY_VALUE = {"ConstantOfShape", "Expand", "Pad", "Range", "Tile", *_RESAMPLING}
"""Whose result is as large as the values of an input say."""


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
        with whole(node):
            values = _run(node, graph)
        constants.update({n: x for n, x in zip(node.outputs, values, strict=False) if n})
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
    values = [graph.constants[name] for name in node.inputs if name]
    if node.op not in _BY_VALUE:
        return _most_elements(node, values) > max([LARGEST / 8, *(x.size for x in values)])
    if node.op == "Range":
        start, limit, delta = (float(x) for x in values)
        return abs(limit - start) > LARGEST / 8 * abs(delta)
    if node.op in ("Pad", *_RESAMPLING):
        return True
    sizes = math.prod(int(size) for size in values[-1].ravel())
    return sizes * (values[0].size if node.op == "Tile" else 1) > LARGEST / 8


def _most_elements(node: Node, values: list[np.ndarray]) -> int:
    """How many values a result can have at most."""
    if node.op in SHAPES or node.op in NORMS:
        return sum(x.size for x in values)
    if node.op in ARITHMETIC:
        with suppress(ValueError):
            return math.prod(np.broadcast_shapes(*(x.shape for x in values)))
    return math.prod(x.size for x in values)


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
