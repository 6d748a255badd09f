"""What exporters write out in primitive nodes, folded back into what the chip has.

A pattern is found from its last node backwards. Nodes in between may have other readers: only what
nobody reads any more is left out.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from lightning_v2.onnx.graph import Graph, Node

_OPSET = 20
"""Whose meaning the nodes have that are put in."""


def fuse(graph: Graph) -> None:
    """Rewrite a graph in place."""
    products = _scale_into_weights, _bias_into_product
    for pattern in (*products, _layer_norm, _affine, _gelu, _silu, _softmax, _interpolation):
        _rewrite(graph, pattern)


class Values:
    """What makes the values of a graph."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.producers = graph.producers()
        self.uses = graph.uses()

    def maker(self, name: str, *ops: str) -> Node | None:
        """The node that makes a value, if it is one of these operations."""
        node = self.producers.get(name)
        return node if node is not None and node.op in ops else None

    def constant(self, name: str) -> np.ndarray | None:
        """A floating-point value that is known."""
        value = self.graph.constants.get(name)
        return value if value is not None and value.dtype.kind == "f" else None

    def scalar(self, name: str) -> float | None:
        """A single floating-point value that is known."""
        value = self.constant(name)
        return None if value is None or value.size != 1 else float(value.ravel()[0])

    def with_scalar(self, node: Node) -> Iterator[tuple[str, float]]:
        """(the other operand, the scalar) of a node of two operands, if one is a known scalar."""
        for x, y in (node.inputs, node.inputs[::-1]):
            value = self.scalar(y)
            if value is not None:
                yield x, value

    def with_constant(self, node: Node) -> Iterator[tuple[str, np.ndarray]]:
        """(the other operand, the constant) of a node of two operands, if one is known."""
        for x, y in (node.inputs, node.inputs[::-1]):
            value = self.constant(y)
            if value is not None:
                yield x, value


_Pattern = Callable[[Values, Node], Node | None]


def _rewrite(graph: Graph, pattern: _Pattern) -> None:
    """Put the node that a pattern gives in the place of the last one that it covers."""
    values = Values(graph)
    for i, node in enumerate(graph.nodes):
        new = pattern(values, node)
        if new is not None:
            graph.nodes[i] = new
            values.producers[new.output] = new
    graph.prune()


def _in_place_of(node: Node, op: str, inputs: list[str], attributes: dict | None = None) -> Node:
    """A node that makes what another one made, named after the module that it stood in."""
    folder, slash, _ = node.name.rpartition("/")
    name = f"{folder}{slash}{op}" if slash else node.name
    return Node(op, name, inputs, node.outputs, attributes or {}, _OPSET)


def _only_reader(values: Values, name: str) -> bool:
    return values.uses[name] == 1


def _scale_into_weights(values: Values, node: Node) -> Node | None:
    """(x W + b) c -> x (W c) + b c, with a constant a column, as dequantised products have it."""
    if node.op != "Mul":
        return None
    for x, factor in values.with_constant(node):
        bias, product = None, values.maker(x, "MatMul", "Conv")
        total = values.maker(x, "Add")
        if total is not None and _only_reader(values, x):
            for inner, value in values.with_constant(total):
                product, bias = values.maker(inner, "MatMul", "Conv"), value
        if product is None or not _only_reader(values, product.output):
            continue
        weight = values.constant(product.inputs[1])
        if weight is None or len(product.inputs) > 2:
            continue
        columns = _columns(product, weight)
        factors, biases = _a_column(factor, columns), _a_column(bias, columns)
        if factors is None or (bias is not None and biases is None):
            continue
        shape = (-1, *[1] * (weight.ndim - 1)) if product.op == "Conv" else (-1,)
        return _product(
            values,
            node,
            product,
            weight * factors.reshape(shape),
            None if biases is None else biases * factors,
        )
    return None


def _columns(product: Node, weight: np.ndarray) -> tuple[int, bool]:
    """How many results a product has side by side, and whether they lie along the second axis."""
    is_conv = product.op == "Conv"
    return (weight.shape[0] if is_conv else weight.shape[-1]), is_conv


def _a_column(value: np.ndarray | None, columns: tuple[int, bool]) -> np.ndarray | None:
    """A constant as one value for each column, None if it is something else."""
    if value is None:
        return None
    count, second_axis = columns
    if value.size == 1:
        return np.full(count, value.ravel()[0], value.dtype)
    along = value.shape[1:2] if second_axis and value.ndim > 1 else value.shape[-1:]
    if value.size != count or along != (count,) or (second_axis and value.ndim < 2):
        return None
    return value.reshape(count)


def _product(
    values: Values, node: Node, product: Node, weight: np.ndarray, bias: np.ndarray | None
) -> Node:
    """A product with these weights in the place of `node`."""
    names = [f"{node.output}.weight"]
    values.graph.constants[names[0]] = weight
    if bias is not None:
        names.append(f"{node.output}.bias")
        values.graph.constants[names[1]] = bias
    op = product.op if product.op == "Conv" or bias is None else "Linear"
    inputs = [product.inputs[0], *names]
    return Node(op, product.name, inputs, node.outputs, product.attributes, _OPSET)


def _bias_into_product(values: Values, node: Node) -> Node | None:
    """x W + b as one node."""
    if node.op != "Add":
        return None
    for x, bias in values.with_constant(node):
        product = values.maker(x, "MatMul", "Conv")
        if product is None or not _only_reader(values, x) or len(product.inputs) > 2:
            continue
        weight = values.constant(product.inputs[1])
        if weight is None or (product.op == "MatMul" and weight.ndim != 2):
            continue
        biases = _a_column(bias, _columns(product, weight))
        if biases is not None and bias.size > 1:
            return _product(values, node, product, weight, biases)
    return None


def _layer_norm(values: Values, node: Node) -> Node | None:
    """(x - mean) / sqrt(mean of (x - mean)^2 + epsilon)."""
    if node.op == "Div":
        root = values.maker(node.inputs[1], "Sqrt")
        centred = values.maker(node.inputs[0], "Sub")
    elif node.op == "Mul":
        inverse = values.maker(node.inputs[1], "Reciprocal")
        root = values.maker(inverse.inputs[0], "Sqrt") if inverse else None
        centred = values.maker(node.inputs[0], "Sub")
    else:
        return None
    total = values.maker(root.inputs[0], "Add") if root else None
    if total is None or centred is None:
        return None
    for mean_square, epsilon in values.with_scalar(total):
        variance = values.maker(mean_square, "ReduceMean")
        square = values.maker(variance.inputs[0], "Pow", "Mul") if variance else None
        mean = values.maker(centred.inputs[1], "ReduceMean")
        if square is None or mean is None or mean.inputs[0] != centred.inputs[0]:
            continue
        is_square = (
            values.scalar(square.inputs[1]) == 2
            if square.op == "Pow"
            else square.inputs[0] == square.inputs[1]
        )
        axes = _axes(values, mean)
        if not is_square or square.inputs[0] != centred.output or axes is None:
            continue
        if axes == _axes(values, variance) and len(axes) == 1:
            attributes = {"axis": axes[0], "epsilon": epsilon}
            return _in_place_of(node, "Standardize", [centred.inputs[0]], attributes)
    return None


def _axes(values: Values, node: Node) -> list[int] | None:
    if "axes" in node.attributes:
        return list(node.attributes["axes"])
    if len(node.inputs) > 1:
        known = values.graph.constants.get(node.inputs[1])
        return None if known is None else [int(axis) for axis in np.atleast_1d(known)]
    return None


def _affine(values: Values, node: Node) -> Node | None:
    """Standardised values times a vector plus a vector, along the last axis: a layer norm."""
    if node.op != "Add":
        return None
    for x, bias in values.with_constant(node):
        scaled = values.maker(x, "Mul")
        for inner, scale in values.with_constant(scaled) if scaled else ():
            norm = values.maker(inner, "Standardize")
            vectors = scale.ndim == bias.ndim == 1 and scale.shape == bias.shape
            if norm and vectors and norm.attributes["axis"] == -1:
                operands = (*scaled.inputs, *node.inputs)
                names = [name for name in operands if values.constant(name) is not None]
                return _in_place_of(
                    node, "LayerNormalization", [norm.inputs[0], *names], norm.attributes
                )
    return None


def _gelu(values: Values, node: Node) -> Node | None:
    """x / 2 (1 + f), in any order of its factors, with f the erf or tanh of either GELU."""
    if node.op != "Mul":
        return None
    factors = list(_factors(values, node))
    halves = [value for value, _ in factors if value is not None]
    names = [name for value, name in factors if value is None]
    if len(names) != 2 or not math.isclose(math.prod(halves), 0.5, rel_tol=1e-6):
        return None
    for x, other in (names, names[::-1]):
        total = values.maker(other, "Add")
        for inner, one in values.with_scalar(total) if total else ():
            made = values.maker(inner, "Erf", "Tanh")
            if made is None or one != 1:
                continue
            if made.op == "Erf" and _is_scaled(values, made.inputs[0], x, math.sqrt(0.5)):
                return _in_place_of(node, "Gelu", [x], {"approximate": "none"})
            if made.op == "Tanh" and _is_cubic(values, made.inputs[0], x):
                return _in_place_of(node, "Gelu", [x], {"approximate": "tanh"})
    return None


def _factors(values: Values, node: Node) -> Iterator[tuple[float | None, str]]:
    """The factors of a product of products: (value, "") if it is a known scalar, (None, name)."""
    for name in node.inputs:
        value, maker = values.scalar(name), values.maker(name, "Mul")
        if value is not None:
            yield value, ""
        elif maker is not None and any(_is_factor(values, x) for x in maker.inputs):
            yield from _factors(values, maker)
        else:
            yield None, name


def _is_factor(values: Values, name: str) -> bool:
    """Whether a value is a known scalar, or a sum with 1."""
    total = values.maker(name, "Add")
    sum_with_one = total is not None and any(v == 1 for _, v in values.with_scalar(total))
    return sum_with_one or values.scalar(name) is not None


def _is_scaled(values: Values, name: str, x: str, factor: float) -> bool:
    """Whether a value is `x` times a known factor."""
    node = values.maker(name, "Mul", "Div")
    if node is None:
        return False
    for inner, value in values.with_scalar(node):
        scale = 1 / value if node.op == "Div" and value else value
        if inner == x and math.isclose(scale, factor, rel_tol=1e-5):
            return node.op == "Mul" or node.inputs[0] == x
    return False


def _is_cubic(values: Values, name: str, x: str) -> bool:
    """Whether a value is sqrt(2 / pi) (x + .044715 x^3)."""
    product = values.maker(name, "Mul")
    for inner, value in values.with_scalar(product) if product else ():
        total = values.maker(inner, "Add")
        if total is None or not math.isclose(value, math.sqrt(2 / math.pi), rel_tol=1e-5):
            continue
        for cube in (y for y in total.inputs if x in total.inputs and y != x):
            scaled = values.maker(cube, "Mul")
            for power, share in values.with_scalar(scaled) if scaled else ():
                made = values.maker(power, "Pow")
                is_third = made and made.inputs[0] == x and values.scalar(made.inputs[1]) == 3
                if is_third and math.isclose(share, 0.044715, rel_tol=1e-5):
                    return True
    return False


def _silu(values: Values, node: Node) -> Node | None:
    """x sigmoid(x)."""
    if node.op != "Mul":
        return None
    for x, other in (node.inputs, node.inputs[::-1]):
        sigmoid = values.maker(other, "Sigmoid")
        if sigmoid and sigmoid.inputs[0] == x:
            return _in_place_of(node, "Silu", [x])
    return None


def _interpolation(values: Values, node: Node) -> Node | None:
    """A resampling that computes what lies between values; one that repeats them moves data."""
    if node.op not in ("Resize", "Upsample") or node.attributes.get("mode") != "linear":
        return None
    return replace(node, op="Interpolate")


def _softmax(values: Values, node: Node) -> Node | None:
    """exp(x - max) / sum of the same."""
    if node.op != "Div":
        return None
    power, total = values.maker(node.inputs[0], "Exp"), values.maker(node.inputs[1], "ReduceSum")
    if power is None or total is None or total.inputs[0] != power.output:
        return None
    axes, x = _axes(values, total), power.inputs[0]
    shifted = values.maker(x, "Sub")
    largest = values.maker(shifted.inputs[1], "ReduceMax") if shifted else None
    if largest and largest.inputs[0] == shifted.inputs[0] and _axes(values, largest) == axes:
        x = shifted.inputs[0]
    if axes is None or len(axes) != 1:
        return None
    return _in_place_of(node, "Softmax", [x], {"axis": axes[0]})
