"""Nodes of quantised and fused exports as the plain float nodes that they stand for.

Quantised weights become the values that they stand for, activations are not quantised: what is
left is the float model of the dequantised weights. Outputs of `DynamicQuantizeLinear` are its input
with scale 1 and zero point 0, so that whatever is computed from them stays what it means.
"""

from collections.abc import Callable

import numpy as np

from lightning_v2.onnx.graph import Graph, Node
from lightning_v2.onnx.operations.table import has_input, refuse, whole


class _Expansion:
    """One pass over a graph."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.producers = graph.producers()
        self.new: dict[str, str] = {}
        self.weights: set[str] = set()

    def constant(self, node: Node, position: int) -> np.ndarray | None:
        """An input that is known, None if it is not given.

        Raises:
            OnnxError: it is computed.
        """
        if not has_input(node, position):
            return None
        name = node.inputs[position]
        if name not in self.graph.constants:
            raise refuse(node, f"computes its input {name!r}, which has to be a constant")
        return self.graph.constants[name]

    def add_constant(self, name: str, value: np.ndarray) -> str:
        self.graph.constants[name] = value
        return name

    def dequantized(
        self, node: Node, at: int, scale_at: int | None, zero_at: int, axis: int | None = None
    ) -> str:
        """The constant at a position as float32, under a name of its own."""
        weight, zero = self.constant(node, at), self.constant(node, zero_at)
        scale = None if scale_at is None else self.constant(node, scale_at)
        name = f"{node.inputs[at]}.float.{node.name}"
        self.weights.add(node.inputs[at])
        return self.add_constant(name, dequantize(weight, scale, zero, axis))


def expand(graph: Graph) -> None:
    """Rewrite a graph in place; says in its notes what a reader should know.

    Raises:
        OnnxError: a quantised node has weights that are computed.
    """
    _drop_rounding_of_biases(graph)
    pass_ = _Expansion(graph)
    nodes = []
    for node in graph.nodes:
        with whole(node):
            nodes.extend(EXPANSIONS[node.op](pass_, node) if node.op in EXPANSIONS else [node])
    graph.nodes = nodes
    graph.replace_values(pass_.new)
    graph.sort()
    if pass_.weights:
        graph.notes.append(
            f"quantised: its {len(pass_.weights)} integer weights run as the float32 values that "
            "they stand for, its activations are not quantised"
        )
    _widen(graph)
    graph.prune()


def dequantize(
    weight: np.ndarray, scale: np.ndarray | None, zero: np.ndarray | None, axis: int | None
) -> np.ndarray:
    """Integers as the values that they stand for: (weight - zero) * scale, in float32.

    axis: along which scale and zero point differ; None if they are broadcast as they are.
    """

    def along(x: np.ndarray) -> np.ndarray:
        if axis is None or x.size == 1:
            return x.reshape(()) if x.size == 1 else x
        return x.reshape([-1 if i == axis % weight.ndim else 1 for i in range(weight.ndim)])

    value = weight.astype(np.float32)
    value = value if zero is None else value - along(zero).astype(np.float32)
    return value if scale is None else value * along(scale).astype(np.float32)


def _drop_rounding_of_biases(graph: Graph) -> None:
    """Biases of integer products are rounded to steps of the product: take them as they are."""
    producers = graph.producers()
    integer = ("MatMulInteger", "ConvInteger")
    new = {}
    for node in graph.nodes:
        makers = [producers.get(name) for name in node.inputs]
        if node.op != "Add" or not any(maker and maker.op in integer for maker in makers):
            continue
        for maker in makers:
            while maker and maker.op in ("Reshape", "Unsqueeze", "Cast", "Floor", "Round"):
                if maker.op in ("Cast", "Floor", "Round"):
                    new[maker.output] = maker.inputs[0]
                maker = producers.get(maker.inputs[0])
    graph.replace_values(new)


def _widen(graph: Graph) -> None:
    """Half precision as float32."""
    half = [name for name, x in graph.constants.items() if x.dtype == np.float16]
    for name in half:
        graph.constants[name] = graph.constants[name].astype(np.float32)
    casts = [node for node in graph.nodes if node.attributes.get("to") == 10]
    for node in casts:
        node.attributes["to"] = 1
    if half or casts:
        graph.notes.append("float16: it runs in float32")


def _dynamic_quantize(graph: _Expansion, node: Node) -> list[Node]:
    values, scale, zero = node.outputs
    graph.new[values] = node.inputs[0]
    graph.add_constant(scale, np.float32(1).reshape(()))
    graph.add_constant(zero, np.uint8(0).reshape(()))
    return []


def _quantize(graph: _Expansion, node: Node) -> list[Node]:
    graph.new[node.output] = node.inputs[0]
    return []


def _dequantize(graph: _Expansion, node: Node) -> list[Node]:
    x, axis = node.inputs[0], node.attributes.get("axis", 1)
    maker = graph.producers.get(x)
    if x in graph.graph.constants:
        graph.new[node.output] = graph.dequantized(node, 0, 1, 2, axis)
        return []
    if maker is not None and maker.op.endswith("QuantizeLinear"):
        graph.new[node.output] = x
        return []
    if maker is not None and maker.op == "Gather" and maker.inputs[0] in graph.graph.constants:
        # Rows of a table: the whole table is dequantised instead.
        table = Node("", node.name, [maker.inputs[0], *node.inputs[1:]], node.outputs)
        inputs = [graph.dequantized(table, 0, 1, 2, axis), maker.inputs[1]]
        return [Node("Gather", maker.name, inputs, node.outputs, maker.attributes, maker.opset)]
    raise refuse(node, "dequantises integers that are computed")


def _integer_product(op: str, axis: int) -> Callable:
    """axis: of the weights, along which zero points differ."""

    def expansion(graph: _Expansion, node: Node) -> list[Node]:
        weight = graph.dequantized(node, 1, None, 3, axis)
        return [Node(op, node.name, [node.inputs[0], weight], node.outputs, node.attributes, 13)]

    return expansion


def _with_bias(node: Node, product: Node, bias_at: int) -> list[Node]:
    if not has_input(node, bias_at):
        return [product]
    total = Node("Add", f"{node.name}/Add", [product.output, node.inputs[bias_at]], [node.output])
    return [product, total]


def _product_output(node: Node, bias_at: int) -> str:
    return f"{node.output}.product" if has_input(node, bias_at) else node.output


def _dynamic_matmul(graph: _Expansion, node: Node) -> list[Node]:
    weight = graph.dequantized(node, 1, 2, 3)
    output = _product_output(node, 4)
    product = Node("MatMul", node.name, [node.inputs[0], weight], [output], {}, 13)
    return _with_bias(node, product, 4)


def _matmul_to_float(graph: _Expansion, node: Node) -> list[Node]:
    weight = graph.dequantized(node, 1, 3, 5)
    output = _product_output(node, 6)
    product = Node("MatMul", node.name, [node.inputs[0], weight], [output], {}, 13)
    return _with_bias(node, product, 6)


def _dynamic_lstm(graph: _Expansion, node: Node) -> list[Node]:
    """Its weights are (D, I, 4 H) and (D, H, 4 H), those of LSTM have the last two axes swapped."""
    inputs = list(node.inputs[:8])
    for at, scale_at, zero_at in ((1, 8, 9), (2, 10, 11)):
        weight = graph.constant(node, at)
        scale, zero = (
            None if x is None else x.reshape(len(weight), 1, -1)
            for x in (graph.constant(node, scale_at), graph.constant(node, zero_at))
        )
        value = dequantize(weight, scale, zero, None)
        graph.weights.add(node.inputs[at])
        name = f"{node.inputs[at]}.float.{node.name}"
        inputs[at] = graph.add_constant(name, np.ascontiguousarray(value.transpose(0, 2, 1)))
    return [Node("LSTM", node.name, inputs, node.outputs, node.attributes, 14)]


def _skip_layer_norm(graph: _Expansion, node: Node) -> list[Node]:
    if any(node.outputs[1:3]):
        raise refuse(node, "returns mean and deviation as well, which is not known")
    total = node.outputs[3] if len(node.outputs) > 3 and node.outputs[3] else f"{node.output}.sum"
    nodes = [Node("Add", f"{node.name}/Add", node.inputs[:2], [total])]
    if has_input(node, 4):
        nodes[0].outputs = [f"{total}.unbiased"]
        nodes.append(Node("Add", f"{node.name}/Add_1", [nodes[0].output, node.inputs[4]], [total]))
    inputs = [total, *node.inputs[2:4]]
    attributes = {"axis": -1, "epsilon": node.attributes.get("epsilon", 1e-12)}
    return [*nodes, Node("LayerNormalization", node.name, inputs, [node.output], attributes, 17)]


def _biased_gelu(approximate: str) -> Callable:
    def expansion(graph: _Expansion, node: Node) -> list[Node]:
        x, nodes = node.inputs[0], []
        if has_input(node, 1):
            x = f"{node.output}.biased"
            nodes = [Node("Add", f"{node.name}/Add", node.inputs[:2], [x])]
        attributes = {"approximate": approximate}
        return [*nodes, Node("Gelu", node.name, [x], node.outputs, attributes, 20)]

    return expansion


def _fused_matmul(graph: _Expansion, node: Node) -> list[Node]:
    attributes, nodes, operands = node.attributes, [], []
    if attributes.get("transBatchA") or attributes.get("transBatchB"):
        raise refuse(node, "transposes its batches, which is not known")
    for name, turned in zip(node.inputs, ("transA", "transB"), strict=True):
        if attributes.get(turned):
            nodes.append(Node("TransposeLast", f"{node.name}/{turned}", [name], [f"{name}.T"]))
            name = f"{name}.T"
        operands.append(name)
    alpha = attributes.get("alpha", 1.0)
    product = Node("MatMul", node.name, operands, list(node.outputs), {}, 13)
    if alpha == 1.0:
        return [*nodes, product]
    product.outputs = [f"{node.output}.unscaled"]
    factor = graph.add_constant(f"{node.output}.alpha", np.float32(alpha).reshape(()))
    return [
        *nodes,
        product,
        Node("Mul", f"{node.name}/Mul", [product.output, factor], node.outputs),
    ]


EXPANSIONS: dict[str, Callable[[_Expansion, Node], list[Node]]] = {
    "ConvInteger": _integer_product("Conv", 0),
    "DequantizeLinear": _dequantize,
    "DynamicQuantizeLinear": _dynamic_quantize,
    "MatMulInteger": _integer_product("MatMul", -1),
    "QuantizeLinear": _quantize,
    "com.microsoft.BiasGelu": _biased_gelu("none"),
    "com.microsoft.DequantizeLinear": _dequantize,
    "com.microsoft.DynamicQuantizeLSTM": _dynamic_lstm,
    "com.microsoft.DynamicQuantizeMatMul": _dynamic_matmul,
    "com.microsoft.FastGelu": _biased_gelu("tanh"),
    "com.microsoft.FusedMatMul": _fused_matmul,
    "com.microsoft.Gelu": _biased_gelu("none"),
    "com.microsoft.MatMulIntegerToFloat": _matmul_to_float,
    "com.microsoft.QuantizeLinear": _quantize,
    "com.microsoft.SkipLayerNormalization": _skip_layer_norm,
}
"""Operator -> (pass, node) -> the nodes that it stands for."""
