import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.names import site_names
from lightning_v2.onnx.network import OnnxNetwork
from tests.onnx.files import by_executor, node, saved
from tests.onnx.operations.cases import floats


def named(*names, op="Add"):
    nodes = [Node(op, name, [], [f"v{i}"]) for i, name in enumerate(names)]
    return list(site_names(nodes).values())


@pytest.mark.parametrize(
    ("name", "op", "expected"),
    [
        ("/decoder/resblocks.0/convs1.1/Conv", "Conv", "decoder.resblocks.0.convs1.1"),
        ("/dec/LayerNormalization", "LayerNormalization", "dec"),
        ("Conv_17", "Conv", "conv_17"),
        ("layers.0.attention/MatMul", "MatMul", "layers.0.attention"),
        ("", "Mul", "mul"),
        ("/a::b/c d/Tanh", "Tanh", "a_b.c_d"),
        ("/forward/Conv", "Conv", "forward_"),
    ],
)
def test_a_node_is_named_after_its_module(name, op, expected):
    assert named(name, op=op) == [expected]


def test_several_nodes_of_a_module_have_names_of_their_own():
    assert named("/dec/Add", "/dec/Add_1", "/dec/lin/Add") == ["dec.add", "dec.add_1", "dec.lin"]


def test_names_that_meet_are_counted():
    assert named("/a/Add", "/a/Add", "b", "b") == ["a.add", "a.add_1", "b", "b_1"]


pieces = st.text("ab0._:/ é-", max_size=6)


@given(st.lists(st.lists(pieces, max_size=3).map("/".join), min_size=1, max_size=8))
def test_names_are_legal_different_and_no_folder_of_another(names):
    found = named(*names)
    assert found == named(*names)
    assert len({*found}) == len(names)
    for name in found:
        assert all(re.fullmatch(r"\w+", part) for part in name.split("."))
    for one, other in combinations(found, 2):
        assert not one.startswith(f"{other}.") and not other.startswith(f"{one}.")


def test_names_do_not_hide_what_torch_calls_its_modules(tmp_path):
    nodes = [node("Neg", "x", "y", "/parameters/Neg"), node("Exp", "y", "z", "/parameters/Exp")]
    x = floats(2)
    path = saved(tmp_path / "n.onnx", nodes, {"x": x}, ["z"])
    network = OnnxNetwork.load(path)
    assert list(network.parameters()) == []
    assert by_executor(network, {"x": x})[0].shape == (2,)
