"""Small ONNX files, and what onnxruntime and the executor make of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

from lightning_v2.onnx.graph import Graph
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.writer import to_model

MICROSOFT = "com.microsoft"


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, np.ndarray],
    outputs: Sequence[str],
    constants: dict[str, np.ndarray] | None = None,
    opset: int = 17,
) -> onnx.ModelProto:
    """A model; of `inputs` the types count, and of integers the shapes."""
    given = [
        helper.make_tensor_value_info(
            name,
            helper.np_dtype_to_tensor_dtype(x.dtype),
            list(x.shape) if x.dtype == np.int64 else [None] * x.ndim,
        )
        for name, x in inputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        given,
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(x, name) for name, x in (constants or {}).items()],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=9)


def saved(path: Path, *args, **kwargs) -> Path:
    """A file with the `model` of these arguments."""
    path.write_bytes(model(*args, **kwargs).SerializeToString())
    return path


def node(op: str, inputs: str, outputs: str, name: str = "", **attributes) -> onnx.NodeProto:
    """A node; names of values are separated by spaces, "-" is one that is not given."""
    domain, _, op = op.rpartition(".")
    ins, outs = (
        ["" if name == "-" else name for name in names.split()] for names in (inputs, outputs)
    )
    return helper.make_node(op, ins, outs, name, domain=domain, **attributes)


def by_onnxruntime(
    proto: onnx.ModelProto | Path | Graph, inputs: dict[str, np.ndarray], optimised: bool = True
) -> list[np.ndarray]:
    """What onnxruntime returns for a model, a file or a graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if isinstance(proto, Graph):
        proto = to_model(proto)
    content = proto.read_bytes() if isinstance(proto, Path) else proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def by_executor(
    path: Path | OnnxNetwork, inputs: dict[str, np.ndarray], **options
) -> list[np.ndarray]:
    """What the executor returns for a file."""
    loaded = path if isinstance(path, OnnxNetwork) else OnnxNetwork.load(path)
    given = {name: torch.from_numpy(np.array(x)) for name, x in inputs.items()}
    with torch.inference_mode():
        outputs = loaded(given, **options)
    return [x.numpy() for x in outputs.values()]


def deviation(x: np.ndarray, reference: np.ndarray) -> float:
    """Largest deviation, as a share of the rms of the reference."""
    assert x.shape == reference.shape
    rms = np.sqrt(np.mean(reference.astype(np.float64) ** 2))
    return float(np.abs(x - reference).max() / rms)
