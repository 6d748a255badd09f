"""Damaged and foreign files are refused with a reason; nothing of them runs."""

from itertools import pairwise

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from lightning_v2.errors import MissingFileError
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.reader import read
from tests.onnx.files import by_executor, model, node, saved
from tests.onnx.operations.cases import floats, ints

X = {"x": floats(3, 4)}
W = {"w": floats(4, 2)}
NODES = [node("MatMul", "x w", "y", "product")]


@pytest.fixture
def proto():
    return model(NODES, X, ["y"], W)


@pytest.fixture
def refused(tmp_path):
    """refused(content, words): reading a file with this content fails with these words."""

    def check(content, words):
        path = tmp_path / "voice.onnx"
        path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        with pytest.raises(OnnxError, match=words) as error:
            read(path)
        assert str(path) in str(error.value)

    return check


def test_a_file(tmp_path):
    graph = read(saved(tmp_path / "voice.onnx", NODES, X, ["y"], W))
    assert [(made.op, made.name, made.opset) for made in graph.nodes] == [("MatMul", "product", 17)]
    assert graph.inputs == {"x": np.float32} and graph.outputs == ["y"]
    assert np.array_equal(graph.constants["w"], W["w"])


def test_no_file(tmp_path):
    with pytest.raises(MissingFileError, match=r"no file .*none\.onnx"):
        read(tmp_path / "none.onnx")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_cut_off(proto, refused, share):
    content = proto.SerializeToString()
    refused(content[: int(share * len(content))], "cut off|no nodes|opset|damaged|claims")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x00" * 400, b"{}", b"\xff" * 99])
def test_no_onnx(refused, content):
    refused(content, "is not an ONNX file|opset")


@pytest.mark.parametrize("opset", [1, 8, 24, 99])
def test_opset(refused, opset):
    refused(model(NODES, X, ["y"], W, opset), f"opset {opset}, known are 9 to 23")


def test_external_data_that_is_missing(proto, refused, tmp_path):
    external(proto, "weights.bin")
    refused(proto, r"weights\.bin is missing, which holds constant 'w'")


@pytest.mark.parametrize("place", ["../weights.bin", "/etc/passwd", "a/../../weights.bin"])
def test_external_data_outside_the_folder(proto, refused, place):
    external(proto, place)
    refused(proto, "outside the folder")


def test_external_data_through_a_link(proto, refused, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (tmp_path / "weights.bin").symlink_to("/etc/hostname")
    external(proto, "weights.bin")
    refused(proto, "outside the folder")


@pytest.mark.parametrize("size", [0, 5, 31])
def test_external_data_that_is_too_short(proto, refused, tmp_path, size):
    (tmp_path / "weights.bin").write_bytes(b"x" * size)
    external(proto, "weights.bin")
    refused(proto, f"constant 'w' claims 32 bytes and has {size}")


def test_external_data(proto, tmp_path):
    (tmp_path / "weights.bin").write_bytes(W["w"].tobytes())
    external(proto, "weights.bin")
    path = tmp_path / "voice.onnx"
    path.write_bytes(proto.SerializeToString())
    assert np.array_equal(read(path).constants["w"], W["w"])


def test_external_data_of_a_constant_node(refused):
    tensor = TensorProto(name="t", data_type=1, dims=[4, 2])
    proto = model(NODES, X, ["y"], {"w": W["w"]})
    external(proto, "/etc/passwd")
    tensor.CopyFrom(proto.graph.initializer[0])
    nodes = [node("Constant", "", "w", "big", value=tensor), *NODES]
    refused(model(nodes, X, ["y"]), "outside the folder")


@pytest.mark.parametrize("offset", ["nowhere", "-5", "99999999999999"])
def test_external_data_at_an_odd_place(proto, refused, tmp_path, offset):
    (tmp_path / "weights.bin").write_bytes(b"x" * 9)
    external(proto, "weights.bin", offset)
    refused(proto, "constant 'w'")


def external(proto, location, offset="0"):
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", "32")):
        tensor.external_data.add(key=key, value=value)


@pytest.mark.parametrize("op", ["If", "Loop", "Scan"])
def test_control_flow(refused, op):
    inner = helper.make_graph([node("Identity", "x", "z")], "inner", [], [])
    attributes = {"If": ("then_branch", "else_branch")}.get(op, ("body",))
    made = node(op, "x", "y", "choice", **dict.fromkeys(attributes, inner))
    refused(model([made], X, ["y"]), rf"node choice is control flow \({op}, opset 17\)")


@pytest.mark.parametrize("dims", [[50000, 50000], [2**40], [2**62, 2**62]])
def test_constants_that_claim_gigabytes(proto, refused, dims):
    proto.graph.initializer[0].dims[:] = dims
    refused(proto, "claims .*GiB of constants, at most 4")


@pytest.mark.parametrize("dims", [[4, 3], [-4, -2]])
def test_constants_that_claim_more_than_there_is(proto, refused, dims):
    proto.graph.initializer[0].dims[:] = dims
    refused(proto, r"constant 'w' (claims 48 bytes and has 32|has the shape)")


def test_constant_nodes_that_claim_gigabytes(refused):
    tensor = TensorProto(name="t", data_type=1, dims=[2**40])
    nodes = [node("Constant", "", "w", "big", value=tensor), *NODES]
    refused(model(nodes, X, ["y"]), "constant 't' claims 4096")


def test_constants_of_a_type_that_is_not_known(proto, refused):
    proto.graph.initializer[0].data_type = TensorProto.COMPLEX64
    refused(proto, "'w' is of type COMPLEX64")


def test_unknown_operations(refused):
    nodes = [node("Foo", "x", "a", "first"), node("Foo", "a", "b"), node("my.Bar", "b", "y", "bar")]
    proto = model(nodes, X, ["y"])
    proto.opset_import.add(domain="my", version=3)
    refused(
        proto,
        r"Foo of opset 17 \(2 nodes, the first is first\); my\.Bar of opset 3 \(1 nodes, the first "
        "is bar",
    )


def test_circles(refused):
    refused(model([node("Add", "x b", "a", "one"), node("Neg", "a", "b")], X, ["a"]), "node one")


def test_values_that_nobody_makes(refused):
    refused(model([node("Add", "x ghost", "y", "sum")], X, ["y"]), "node sum reads 'ghost'")
    refused(model([node("Neg", "x", "y")], X, ["z"]), "no node makes its output 'z'")


def test_sparse_constants(proto, refused):
    proto.graph.sparse_initializer.add()
    refused(proto, "sparse constants")


def test_nodes_in_any_order(tmp_path):
    nodes = [node("Exp", "a", "y"), node("Neg", "x", "a")]
    path = saved(tmp_path / "voice.onnx", nodes, X, ["y"])
    np.testing.assert_allclose(by_executor(path, X)[0], np.exp(-X["x"]), rtol=1e-6)


def test_nodes_that_no_output_needs_are_left_out(tmp_path):
    nodes = [node("Neg", "x", "y"), node("Exp", "x", "z")]
    assert len(read(saved(tmp_path / "voice.onnx", nodes, X, ["y"])).nodes) == 1


def test_functions_of_the_file_are_written_out(tmp_path):
    proto = model([node("own.Twice", "x", "y")], X, ["y"])
    proto.opset_import.add(domain="own", version=1)
    imports = [helper.make_opsetid("", 17)]
    body = [node("Add", "a a", "b")]
    proto.functions.append(helper.make_function("own", "Twice", ["a"], ["b"], body, imports))
    path = tmp_path / "voice.onnx"
    onnx.save_model(proto, path)
    assert np.array_equal(by_executor(path, X)[0], 2 * X["x"])


@pytest.mark.parametrize("op", ["Linear", "Standardize", "TransposeLast", "Interpolate"])
def test_operations_that_only_we_have(refused, op):
    refused(model([node(op, "x", "y", "odd")], X, ["y"]), f"not known: {op} of opset 17")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (node("MatMul", "x", "y", "short"), "node short: .*input size"),
        (node("Softmax", "x", "y", "odd", axis="last"), "node odd: .*axis"),
        (node("Cast", "x", "y", "untold"), "node untold: .*'to'"),
        (node("Neg", "x", "y", "further", size=3), "node further: .*size"),
        (node("Gelu", "x", "y", "early"), "node early: .*Gelu"),
    ],
)
def test_nodes_that_are_not_as_their_operation_has_to_be(refused, made, words):
    refused(model([made], X, ["y"]), words)


def test_attributes_that_are_no_text(refused):
    made = node("Resize", "x - w", "y", "odd", mode="linear")
    made.attribute[0].s = b"\xff\xfe"
    refused(model([made], X, ["y"], W), "node odd has an attribute that is no text")


@pytest.mark.parametrize("outputs", ["x", "a"])
def test_values_that_are_made_twice(refused, outputs):
    nodes = [node("Neg", "x", "a"), node("Exp", "x", outputs, "again"), node("Abs", "a", "y")]
    refused(model(nodes, X, ["y"]), f"'{outputs}' is made twice, once by node again")


def calling(*bodies):
    """A file with functions f0, f1, ... whose nodes are those of `bodies`."""
    proto = model([node("own.f0", "x", "y")], X, ["y"])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    proto.opset_import.add(domain="own", version=1)
    for i, body in enumerate(bodies):
        proto.functions.append(helper.make_function("own", f"f{i}", ["a"], ["b"], body, imports))
    return proto


def test_functions_without_an_end(refused):
    refused(calling([node("own.f0", "a", "b")]), "function f0 calls itself")
    chain = [[node(f"own.f{i + 1}", "a", "b")] for i in range(200)]
    refused(calling(*chain, [node("Neg", "a", "b")]), "calls itself, or others too deeply")


def test_functions_that_become_too_many_nodes(refused):
    def ten(i):
        steps = ["a", *(f"t{j}" for j in range(9)), "b"]
        return [node(f"own.f{i + 1}" if i < 8 else "Neg", x, y) for x, y in pairwise(steps)]

    refused(calling(*map(ten, range(9))), "more than 1000000 nodes when written out")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (node("com.microsoft.FusedMatMul", "x", "y", "odd"), "node odd .* is misshapen"),
        (node("Add", "w v", "y", "odd"), "node odd .* is misshapen"),
        (node("STFT", "x step - size", "y", "odd"), "node odd .* frames of 10000000 samples"),
    ],
)
def test_what_shows_only_as_it_is_built(tmp_path, made, words):
    constants = {**W, "v": floats(3, 3), "step": ints(4)[0], "size": ints(10**7)[0]}
    path = saved(tmp_path / "voice.onnx", [made, node("Add", "x y", "z")], X, ["z"], constants)
    with pytest.raises(OnnxError, match=words):
        OnnxNetwork.load(path)
