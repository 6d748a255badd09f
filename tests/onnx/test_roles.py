"""Roles of small graphs, whose names say nothing."""

import numpy as np
import pytest

from lightning_v2 import tensix
from lightning_v2.onnx.passes.fusions import fuse
from lightning_v2.onnx.reader import read
from lightning_v2.onnx.roles import PRODUCTS, site_roles, summed_f0
from tests.onnx.files import node, saved
from tests.onnx.operations.cases import floats, ints, number

X = {"x": floats(1, 4, 8)}
CONSTANTS = {
    "w": floats(1, 4, 3),
    "v": floats(2, 1, 3),
    "mix": floats(24, 24),
    "turns": number(2 * np.pi),
    "rate": number(24000),
    "one": number(1),
    "axis": ints(2)[0],
    "axes": ints(2),
    "scales": np.float32([1, 1, 3]),
}
SOURCE = [
    node("Conv", "x w", "a"),
    node("Resize", "a - scales", "b", mode="nearest"),
    node("Div", "b rate", "c"),
    node("Mod", "c one", "d", fmod=1),
    node("CumSum", "d axis", "e"),
    node("Mul", "e turns", "f"),
    node("Resize", "f - scales", "g", mode="linear"),
    node("Sin", "g", "h"),
    node("Conv", "h v", "i"),
    node("Tanh", "i", "y"),
]


def roles(tmp_path, nodes, outputs="y", **given):
    graph = graph_of(tmp_path, nodes, outputs)
    found = {"durations": None, "f0": None, "returns_sound": False} | given
    return site_roles(graph, **found)


def graph_of(tmp_path, nodes, outputs="y"):
    graph = read(saved(tmp_path / "g.onnx", nodes, X, outputs.split(), CONSTANTS, opset=18))
    fuse(graph)
    return graph


def test_a_running_phase_and_the_f0_that_it_sums(tmp_path):
    found = roles(tmp_path, SOURCE)
    assert {name for name, role in found.items() if role == "phase"} == set("bcdefgh")
    assert {name for name, role in found.items() if role == "f0"} == {"a"}
    assert found.keys().isdisjoint({"i", "y"})  # behind a convolution


def test_what_a_phase_sounds_like_up_to_the_next_convolution(tmp_path):
    nodes = [
        *SOURCE[:8],
        node("Mul", "h turns", "louder"),
        node("MatMul", "louder mix", "mixed"),
        node("Tanh", "mixed", "said"),
        node("Shape", "said", "shape"),
        node("Conv", "said v", "deep"),
        node("Tanh", "deep", "y"),
    ]
    found = roles(tmp_path, nodes)
    assert {k for k, role in found.items() if role == "source"} == {"louder", "mixed", "said"}


def test_f0_may_come_through_a_function(tmp_path):
    nodes = [node("Conv", "x w", "z"), node("Exp", "z", "a"), *SOURCE[1:]]
    assert {k for k, role in roles(tmp_path, nodes).items() if role == "f0"} == {"a", "z"}
    assert summed_f0(graph_of(tmp_path, nodes)) == "a"


def test_a_sine_of_a_product_alone_has_no_role(tmp_path):
    nodes = [
        node("Conv", "x w", "a"),
        node("Mul", "a turns", "b"),
        node("Sin", "b", "c"),
        node("Mul", "c c", "d"),
        node("Add", "a d", "y"),
    ]
    assert roles(tmp_path, nodes) == {}
    assert summed_f0(graph_of(tmp_path, nodes)) is None


def test_a_sum_that_no_sine_is_taken_of_has_no_role(tmp_path):
    nodes = [node("Conv", "x w", "a"), node("CumSum", "a axis", "y")]
    assert roles(tmp_path, nodes) == {}


def test_sound_from_the_last_product_on(tmp_path):
    found = roles(tmp_path, SOURCE, returns_sound=True)
    assert (found["i"], found["y"], found["h"]) == ("sound", "sound", "phase")


def test_durations_from_the_last_product_on(tmp_path):
    nodes = [
        node("Conv", "x w", "a"),
        node("Sigmoid", "a", "b"),
        node("Conv", "b v", "c"),
        node("Exp", "c", "d"),
        node("Ceil", "d", "y"),
    ]
    assert {*roles(tmp_path, nodes, durations="y")} == {"c", "d", "y"}


def test_shapes_and_masks_are_not_followed(tmp_path):
    nodes = [
        node("Conv", "x w", "a"),
        node("Shape", "a", "s"),
        node("Greater", "a one", "m"),
        node("Cast", "m", "mask", to=1),
        node("Conv", "x w", "b"),
        node("Expand", "b s", "c"),
        node("Mul", "c mask", "y"),
    ]
    assert roles(tmp_path, nodes, f0="y").keys() - {"mask"} == {"b", "c", "y"}


@pytest.mark.parametrize("given", [{"f0": "h"}, {"durations": "h"}, {"returns_sound": True}])
def test_roles_are_those_of_plans(tmp_path, given):
    assert set(roles(tmp_path, SOURCE, **given).values()) <= tensix.ROLES.keys()


def test_products_are_operations_of_the_matrix_engine():
    assert {"Conv", "ConvTranspose", "LSTM", "MatMul", "STFT"} <= PRODUCTS
