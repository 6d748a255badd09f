"""A `Graph` as an ONNX file again, so that onnxruntime can say what its values are."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lightning_v2.onnx.graph import Graph, Node

_MICROSOFT = "com.microsoft"


def to_model(graph: Graph) -> onnx.ModelProto:
    """A model with the same nodes, before folding has put in operations of our own."""
    opset = max(node.opset for node in graph.nodes if "." not in node.op)
    nodes = [_proto(node) for node in graph.nodes]
    constants = [numpy_helper.from_array(x, name) for name, x in graph.constants.items()]
    types = graph.types()
    made = helper.make_graph(
        nodes,
        "graph",
        [_value(name, types[name]) for name in graph.inputs],
        [_value(name, types[name]) for name in graph.outputs],
        constants,
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid(_MICROSOFT, 1)]
    return helper.make_model(made, opset_imports=imports, ir_version=9)


def _proto(node: Node) -> onnx.NodeProto:
    if node.op == "TransposeLast":  # ONNX's own transpose has to know how many axes there are
        return helper.make_node(
            "Einsum", node.inputs, node.outputs, node.name, equation="...ij->...ji"
        )
    domain, _, op = node.op.rpartition(".")
    attributes = {
        name: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for name, value in node.attributes.items()
    }
    return helper.make_node(op, node.inputs, node.outputs, node.name, domain=domain, **attributes)


def _value(name: str, dtype: np.dtype) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), None)
