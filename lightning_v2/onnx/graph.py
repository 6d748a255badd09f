"""An ONNX graph as plain lists that passes can rewrite."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightning_v2.onnx.errors import OnnxError


@dataclass(eq=False, slots=True)
class Node:
    """One node.

    Attributes:
        op: operator with its domain, `Conv` or `com.microsoft.FastGelu`.
        name: as in the file; the name of its first output if the file has none.
        inputs: names of values, "" where an optional one is not given.
        outputs: names of values, "" where nobody wants one.
        attributes: in Python's types: numbers, strings, lists, arrays.
        opset: version of the operator's domain in the file.
    """

    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    opset: int = 0

    @property
    def output(self) -> str:
        """Its first output."""
        return self.outputs[0]


@dataclass(eq=False, slots=True)
class Graph:
    """A whole file.

    Attributes:
        nodes: in an order in which they can run.
        constants: values that are known beforehand.
        inputs: name -> element type of what a run is given.
        outputs: names of what a run returns.
        notes: what a reader should know about it, in sentences.
    """

    nodes: list[Node]
    constants: dict[str, np.ndarray]
    inputs: dict[str, np.dtype]
    outputs: list[str]
    notes: list[str] = field(default_factory=list)

    def producers(self) -> dict[str, Node]:
        """Which node makes a value."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    def uses(self) -> Counter:
        """How often each value is read, by nodes or as an output of the graph."""
        reads = (name for node in self.nodes for name in node.inputs if name)
        return Counter([*reads, *self.outputs])

    def replace_values(self, new: dict[str, str]) -> None:
        """Let every reader of a key read its value instead; chains are followed."""

        def last(name: str) -> str:
            while name in new:
                name = new[name]
            return name

        for node in self.nodes:
            node.inputs = [last(name) for name in node.inputs]
        self.outputs = [last(name) for name in self.outputs]

    def prune(self, also: Iterable[str] = ()) -> None:
        """Leave out nodes and constants that no output needs.

        also: values to keep besides.
        """
        wanted = {*self.outputs, *also}
        kept = []
        for node in reversed(self.nodes):
            if wanted.intersection(node.outputs):
                wanted.update(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]
        self.constants = {name: x for name, x in self.constants.items() if name in wanted}

    def sort(self) -> None:
        """Put the nodes into an order in which they can run, as near to the present one as can be.

        Raises:
            OnnxError: there is none: the graph has a circle or reads a value that nobody makes.
        """
        made = {*self.inputs, *self.constants, ""}
        waiting: dict[str, list[Node]] = {}
        ordered: list[Node] = []

        def visit(node: Node) -> None:
            ready = [node]
            while ready:
                candidate = ready.pop()
                missing = next((name for name in candidate.inputs if name not in made), None)
                if missing is not None:
                    waiting.setdefault(missing, []).append(candidate)
                    continue
                ordered.append(candidate)
                made.update(candidate.outputs)
                for name in candidate.outputs:
                    ready.extend(reversed(waiting.pop(name, [])))

        for node in self.nodes:
            visit(node)
        if waiting:
            name, nodes = next(iter(waiting.items()))
            raise OnnxError(f"node {nodes[0].name} reads {name!r}, which nothing before it makes")
        self.nodes = ordered

    def types(self) -> dict[str, np.dtype]:
        """The element type of every value."""
        types = {**self.inputs, **{name: x.dtype for name, x in self.constants.items()}}
        for node in self.nodes:
            given = [types[name] for name in node.inputs if name]
            rule = _TYPES.get(node.op)
            made = rule(node, given) if rule else [given[0] if given else np.dtype("float32")]
            for i, name in enumerate(node.outputs):
                types[name] = made[min(i, len(made) - 1)]
        return types


ELEMENT_TYPES = {
    1: np.dtype("float32"),
    2: np.dtype("uint8"),
    3: np.dtype("int8"),
    4: np.dtype("uint16"),
    5: np.dtype("int16"),
    6: np.dtype("int32"),
    7: np.dtype("int64"),
    9: np.dtype("bool"),
    10: np.dtype("float16"),
    11: np.dtype("float64"),
    12: np.dtype("uint32"),
    13: np.dtype("uint64"),
}
"""ONNX's number of an element type (TensorProto.DataType) -> NumPy's type."""

_Rule = Callable[[Node, list[np.dtype]], list[np.dtype]]
_BOOL, _INT, _FLOAT = np.dtype("bool"), np.dtype("int64"), np.dtype("float32")


def _always(*types: np.dtype) -> _Rule:
    return lambda node, given: list(types)


def _named(node: Node, given: list[np.dtype]) -> list[np.dtype]:
    """An attribute names the type, else it is that of the input, else float32."""
    number = node.attributes.get("to", node.attributes.get("dtype"))
    if number is None:
        return [given[0] if given and node.op.endswith("Like") else _FLOAT]
    return [ELEMENT_TYPES[number]]


def _of_value(node: Node, given: list[np.dtype]) -> list[np.dtype]:
    value = node.attributes.get("value")
    return [_FLOAT if value is None else value.dtype]


_TYPES: dict[str, _Rule] = {
    **dict.fromkeys(
        ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Xor")
        + ("IsNaN", "IsInf"),
        _always(_BOOL),
    ),
    **dict.fromkeys(("Shape", "Size", "NonZero", "ArgMax", "ArgMin"), _always(_INT)),
    **dict.fromkeys(("Cast", "RandomNormal", "RandomUniform", "EyeLike"), _named),
    **dict.fromkeys(("RandomNormalLike", "RandomUniformLike"), _named),
    "ConstantOfShape": _of_value,
    "Where": lambda node, given: [given[1]],
    "OneHot": lambda node, given: [given[2]],
    "CastLike": lambda node, given: [given[1]],
    "TopK": lambda node, given: [given[0], _INT],
    "DequantizeLinear": lambda node, given: [given[1]],
}
