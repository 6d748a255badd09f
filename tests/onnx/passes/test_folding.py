import numpy as np
import pytest

from lightning_v2.onnx.passes.folding import fold
from lightning_v2.onnx.reader import read
from tests.onnx.files import node, saved
from tests.onnx.operations.cases import floats, ints, number

X = {"x": floats(3, 4)}


@pytest.fixture
def folded(tmp_path):
    """folded(nodes, constants): operations that are left, and the graph."""

    def run(nodes, constants=None, outputs=("y",)):
        graph = read(saved(tmp_path / "f.onnx", nodes, X, outputs, constants))
        fold(graph)
        return [made.op for made in graph.nodes], graph

    return run


def test_constants_of_constants_are_computed(folded):
    nodes = [node("Exp", "a", "b"), node("Neg", "b", "c"), node("Add", "x c", "y")]
    ops, graph = folded(nodes, {"a": np.float32([0, 1, 2, 3])})
    assert ops == ["Add"]
    np.testing.assert_allclose(graph.constants["c"], -np.exp([0, 1, 2, 3]), rtol=1e-6)


def test_what_changes_nothing_is_left_out(folded):
    nodes = [
        node("Identity", "x", "a"),
        node("Cast", "a", "b", to=1),
        node("Mul", "one b", "c"),
        node("Div", "c one", "d"),
        node("Dropout", "d", "e"),
        node("Neg", "e", "y"),
    ]
    assert folded(nodes, {"one": number(1)})[0] == ["Neg"]


def test_a_one_that_changes_the_shape_stays(folded):
    nodes = [node("Mul", "x ones", "a"), node("Neg", "a", "y")]
    assert folded(nodes, {"ones": np.ones((2, 1, 1), np.float32)})[0] == ["Mul", "Neg"]


def test_a_quotient_of_one_stays(folded):
    assert folded([node("Div", "one x", "y")], {"one": number(1)})[0] == ["Div"]


def test_equal_nodes_are_one(folded):
    nodes = [node("Neg", "x", "a"), node("Neg", "x", "b"), node("Add", "a b", "y")]
    assert folded(nodes)[0] == ["Neg", "Add"]


def test_nodes_that_differ_stay_two(folded):
    nodes = [
        node("LeakyRelu", "x", "a", alpha=0.1),
        node("LeakyRelu", "x", "b", alpha=0.2),
        node("RandomNormalLike", "x", "c"),
        node("RandomNormalLike", "x", "d"),
        node("Sum", "a b c d", "y"),
    ]
    assert len(folded(nodes)[0]) == 5


def test_outputs_keep_their_names(folded):
    nodes = [node("Neg", "x", "y"), node("Neg", "x", "z")]
    assert folded(nodes, outputs=("y", "z"))[1].outputs == ["y", "z"]


@pytest.mark.parametrize(
    "big",
    [
        node("ConstantOfShape", "size", "big"),
        node("Expand", "value size", "big"),
        node("Tile", "value size", "big"),
        node("Range", "start size delta", "big"),
    ],
    ids=lambda made: made.op_type,
)
def test_a_small_constant_is_not_made_a_huge_one(folded, big):
    """10 GB of zeros claimed by 8 bytes would be made while a file is loaded."""
    scalar = big.op_type == "Range"
    size = np.array(10_000_000_000, np.int64)
    constants = {"size": size if scalar else size.reshape(1), "value": floats(1)}
    constants |= {"start": np.array(0, np.int64), "delta": np.array(1, np.int64)}
    nodes = [big, node("Size", "big", "n"), node("Cast", "n", "f", to=1), node("Add", "x f", "y")]
    assert folded(nodes, constants)[0][0] == big.op_type


@pytest.mark.parametrize("op", ["Add", "MatMul"])
def test_a_row_and_a_column_are_not_made_a_huge_matrix(folded, op):
    row, column = np.zeros((1, 100_000), np.float32), np.zeros((100_000, 1), np.float32)
    nodes = [node(op, "column row", "big"), node("ReduceMax", "big", "m"), node("Add", "x m", "y")]
    assert folded(nodes, {"row": row, "column": column})[0][0] == op


def test_constants_that_are_padded_hugely_are_not_made(folded):
    nodes = [node("Pad", "value pads", "big"), node("Size", "big", "n")]
    nodes += [node("Cast", "n", "f", to=1), node("Add", "x f", "y")]
    constants = {"value": floats(1), "pads": ints(0, 10_000_000_000)}
    assert folded(nodes, constants)[0][0] == "Pad"
