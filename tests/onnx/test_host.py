"""What counts stays on the host; what computes does not."""

from lightning_v2.onnx.host import host_nodes
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.reader import read
from tests.onnx.files import node, saved
from tests.onnx.operations.cases import floats, ints, number

X = {"x": floats(1, 6)}
DURATIONS = [
    node("Exp", "x", "e", "/exp/Exp"),
    node("Ceil", "e", "d", "/d/Ceil"),
    node("Mul", "d two", "d2", "/frames/Mul"),
    node("ReduceSum", "d2 axis", "n", "/n/ReduceSum"),
    node("Cast", "n", "ni", to=7),
    node("CumSum", "d2 axis", "ends", "/ends/CumSum"),
    node("Sub", "ends x", "y", "/y/Sub"),
]
CONSTANTS = {"two": number(2), "axis": ints(1)}


def test_counts_until_the_first_value_that_is_none(tmp_path):
    graph = read(saved(tmp_path / "h.onnx", DURATIONS, X, ["y", "ni"], CONSTANTS))
    assert host_nodes(graph, graph.types()) == {"d", "d2", "n", "ni", "ends"}


def test_they_are_told_to_the_interception(tmp_path):
    network = OnnxNetwork.load(saved(tmp_path / "h.onnx", DURATIONS, X, ["y", "ni"], CONSTANTS))
    on_host = {name for name, part in network.named_modules() if getattr(part, "on_host", False)}
    assert on_host == {"d", "frames", "n", "ends"}
    assert network.counts == ["d"]
    assert list(network.kinds) == ["exp", "y"]


def test_masks_and_positions_count(tmp_path):
    nodes = [
        node("Greater", "x zero", "m"),
        node("Cast", "m", "f", to=1),
        node("Mul", "f two", "g"),
        node("Mul", "x g", "y"),
    ]
    constants = {"two": number(2), "zero": number(0)}
    graph = read(saved(tmp_path / "h.onnx", nodes, X, ["y"], constants))
    assert host_nodes(graph, graph.types()) == {"g"}
