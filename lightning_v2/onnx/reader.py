"""Reads an ONNX file into a `Graph`; nothing of the file is executed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.checker
import onnx.defs
import onnx.inliner
from google.protobuf.message import DecodeError
from onnx import TensorProto, external_data_helper, numpy_helper

from lightning_v2.errors import MissingFileError
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.graph import ELEMENT_TYPES, Graph, Node
from lightning_v2.onnx.operations import OPERATIONS
from lightning_v2.onnx.passes.expansions import EXPANSIONS

OPSETS = range(9, 24)
"""Versions of the default operator set whose meaning the operations follow."""
LARGEST = 4 << 30
"""Bytes of constants that a file may hold."""
MOST_NODES = 1_000_000
_DEEPEST = 100


def read(path: Path) -> Graph:
    """The graph of a file.

    Raises:
        MissingFileError: there is no such file.
        OnnxError: it is damaged, too large, of an opset outside `OPSETS`, has control flow, or has
            an operation that is not known: the message names node, operation and opset.
    """
    model = _load(path)
    opsets = {imported.domain or "": imported.version for imported in model.opset_import}
    opset = opsets.get("", opsets.get("ai.onnx", 0))
    if opset not in OPSETS:
        raise OnnxError(
            f"{path} is written in opset {opset}, known are {OPSETS[0]} to {OPSETS[-1]}"
        )
    if model.functions:
        _refuse_endless_functions(path, model)
        model = onnx.inliner.inline_local_functions(model)
    graph = model.graph
    if graph.sparse_initializer:
        raise OnnxError(f"{path} holds sparse constants, which are not known")
    constants = {tensor.name: _array(path, tensor) for tensor in _checked(path, model)}
    nodes = []
    for proto in graph.node:
        node = _node(path, proto, opsets)
        if node.op == "Constant":
            constants[node.output] = _constant(path, node)
        else:
            nodes.append(node)
    _refuse_unknown(path, nodes)
    _check_nodes(path, model, opsets)
    inputs = {
        value.name: _element_type(path, value)
        for value in graph.input
        if value.name not in constants
    }
    found = Graph(nodes, constants, inputs, [value.name for value in graph.output])
    try:
        found.sort()
    except OnnxError as error:
        raise OnnxError(f"{path}: {error}") from error
    if lost := [name for name in found.outputs if name not in {*found.producers(), *constants}]:
        raise OnnxError(f"{path}: no node makes its output {lost[0]!r}")
    found.prune()
    return found


def _load(path: Path) -> onnx.ModelProto:
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}")
    if path.stat().st_size > LARGEST:
        raise OnnxError(f"{path} is larger than {LARGEST >> 30} GiB")
    try:
        model = onnx.load_model(path, load_external_data=False)
    except (DecodeError, ValueError) as error:
        raise OnnxError(f"{path} is not an ONNX file, or it is cut off: {error}") from error
    if not model.graph.node:
        raise OnnxError(f"{path} is not an ONNX file: it has no nodes")
    return model


def _checked(path: Path, model: onnx.ModelProto) -> list[TensorProto]:
    """The constants, once it is sure that the file holds what they claim."""
    tensors = list(model.graph.initializer)
    claimed = sum(_claimed_bytes(path, tensor) for tensor in tensors)
    if claimed > LARGEST:
        most = LARGEST >> 30
        raise OnnxError(
            f"{path} claims {claimed / 2**30:.1f} GiB of constants, at most {most} are read"
        )
    return tensors


def _claimed_bytes(path: Path, tensor: TensorProto) -> int:
    if tensor.data_type not in ELEMENT_TYPES:
        kind = TensorProto.DataType.Name(tensor.data_type)
        raise OnnxError(f"{path}: constant {tensor.name!r} is of type {kind}, which is not known")
    if any(size < 0 for size in tensor.dims):
        raise OnnxError(f"{path}: constant {tensor.name!r} has the shape {list(tensor.dims)}")
    size = ELEMENT_TYPES[tensor.data_type].itemsize
    for dim in tensor.dims:
        size *= dim
    return size


def _load_beside(path: Path, tensor: TensorProto) -> None:
    """Read a constant that stands in another file of the same folder."""
    try:
        info = external_data_helper.ExternalDataInfo(tensor)
        offset = max(info.offset or 0, 0)
    except (ValueError, TypeError) as error:
        raise OnnxError(f"{path}: constant {tensor.name!r} lies nowhere: {error}") from error
    folder = path.parent.resolve()
    beside = (folder / info.location).resolve()
    if not beside.is_relative_to(folder):
        raise OnnxError(f"{path}: constant {tensor.name!r} lies outside the folder of the file")
    if not beside.is_file():
        raise OnnxError(
            f"{path}: the file {info.location} is missing, which holds constant {tensor.name!r}"
        )
    claimed = _claimed_bytes(path, tensor)
    try:
        with beside.open("rb") as stream:
            stream.seek(offset)
            tensor.raw_data = stream.read(claimed)
    except OSError as error:
        raise OnnxError(f"{path}: constant {tensor.name!r} cannot be read: {error}") from error
    tensor.ClearField("data_location")
    tensor.ClearField("external_data")


def _array(path: Path, tensor: TensorProto) -> np.ndarray:
    claimed = _claimed_bytes(path, tensor)
    if claimed > LARGEST:
        raise OnnxError(f"{path}: constant {tensor.name!r} claims {claimed / 2**30:.1f} GiB")
    if external_data_helper.uses_external_data(tensor):
        _load_beside(path, tensor)
    if tensor.HasField("raw_data") and len(tensor.raw_data) != claimed:
        raise OnnxError(
            f"{path}: constant {tensor.name!r} claims {claimed:,} bytes and has "
            f"{len(tensor.raw_data):,}"
        )
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError) as error:
        raise OnnxError(f"{path}: constant {tensor.name!r} is damaged: {error}") from error


def _node(path: Path, proto: onnx.NodeProto, opsets: dict[str, int]) -> Node:
    domain = "" if proto.domain == "ai.onnx" else proto.domain
    op = f"{domain}.{proto.op_type}" if domain else proto.op_type
    outputs = list(proto.output)
    name = proto.name or next((output for output in outputs if output), op)
    if not outputs:
        raise OnnxError(f"{path}: node {name} ({op}) makes nothing")
    attributes = {}
    for attribute in proto.attribute:
        if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
            raise OnnxError(
                f"{path}: node {name} is control flow ({op}, opset {opsets.get(domain)}): the "
                "path through a graph has to be known; export it without loops and branches"
            )
        value = onnx.helper.get_attribute_value(attribute)
        if isinstance(value, TensorProto):
            value = _array(path, value)
        attributes[attribute.name] = _as_text(path, name, value)
    return Node(op, name, list(proto.input), outputs, attributes, opsets.get(domain, 1))


def _as_text(path: Path, node: str, value: Any) -> Any:
    """Bytes, and bytes in a list, as strings."""
    try:
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, list):
            return [item.decode() if isinstance(item, bytes) else item for item in value]
    except UnicodeDecodeError as error:
        raise OnnxError(f"{path}: node {node} has an attribute that is no text") from error
    return value


def _constant(path: Path, node: Node) -> np.ndarray:
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64}
    kinds |= {"value_ints": np.int64}
    for name, value in node.attributes.items():
        if name == "value":
            return value
        if name in kinds:
            return np.asarray(value, kinds[name])
    raise OnnxError(f"{path}: node {node.name} is a constant of an unknown kind")


def _refuse_unknown(path: Path, nodes: list[Node]) -> None:
    unknown: dict[str, list[Node]] = {}
    for node in nodes:
        # Some of ours are none of ONNX's: only passes make them.
        foreign = "." not in node.op and not onnx.defs.has(node.op)
        if foreign or (node.op not in OPERATIONS and node.op not in EXPANSIONS):
            unknown.setdefault(node.op, []).append(node)
    if unknown:
        listed = "; ".join(
            f"{op} of opset {found[0].opset} ({len(found)} nodes, the first is {found[0].name})"
            for op, found in unknown.items()
        )
        raise OnnxError(f"{path} has operations that are not known: {listed}")


def _check_nodes(path: Path, model: onnx.ModelProto, opsets: dict[str, int]) -> None:
    """Refuse nodes with other inputs and attributes than their operations have, and values that are
    made twice."""
    context = type(onnx.checker.DEFAULT_CONTEXT)()
    context.ir_version, context.opset_imports = model.ir_version, opsets
    made = {value.name for value in model.graph.input}
    for proto in model.graph.node:
        try:
            if not _is_deprecated(proto, opsets):  # what its opset has no meaning for has an older
                onnx.checker.check_node(proto, context)
        except onnx.checker.ValidationError as error:
            words = " ".join(str(error).split())
            raise OnnxError(f"{path}: node {proto.name or proto.op_type}: {words}") from error
        for name in filter(None, proto.output):
            if name in made:
                raise OnnxError(f"{path}: {name!r} is made twice, once by node {proto.name}")
            made.add(name)


def _is_deprecated(proto: onnx.NodeProto, opsets: dict[str, int]) -> bool:
    if proto.domain not in ("", "ai.onnx"):
        return False
    try:
        return onnx.defs.get_schema(proto.op_type, opsets.get("", 0)).deprecated
    except onnx.defs.SchemaError:  # its opset does not have it yet
        return False


def _refuse_endless_functions(path: Path, model: onnx.ModelProto) -> None:
    """Refuse functions that call themselves, or that would be written out as too many nodes."""
    bodies = {(f.domain, f.name): f.node for f in model.functions}
    counts: dict[tuple[str, str], int] = {}

    def written_out(nodes: Iterable[onnx.NodeProto], above: tuple) -> int:
        return sum(count((node.domain, node.op_type), above) for node in nodes)

    def count(key: tuple[str, str], above: tuple) -> int:
        if key not in bodies:
            return 1
        if key in above or len(above) > _DEEPEST:
            raise OnnxError(f"{path}: function {key[1]} calls itself, or others too deeply")
        if key not in counts:
            counts[key] = written_out(bodies[key], (*above, key))
        return counts[key]

    if written_out(model.graph.node, ()) > MOST_NODES:
        raise OnnxError(f"{path}: its functions are more than {MOST_NODES} nodes when written out")


def _element_type(path: Path, value: onnx.ValueInfoProto) -> np.dtype:
    number = value.type.tensor_type.elem_type
    if number not in ELEMENT_TYPES:
        raise OnnxError(f"{path}: its input {value.name!r} is not a tensor of a known type")
    return ELEMENT_TYPES[number]
