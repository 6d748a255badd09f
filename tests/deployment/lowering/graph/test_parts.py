import numpy as np
import pytest

from lightning_v2 import load
from lightning_v2.deployment.lowering.graph.parts import parts
from lightning_v2.onnx.network import OnnxNetwork
from tests.onnx.files import node, saved

X = np.zeros((1, 8, 20), np.float32)


@pytest.fixture(scope="module")
def hibari():
    return parts(load("hibari").model)


def test_hibari_is_cut_at_its_durations(hibari):
    assert hibari.count == 2
    assert hibari.fetched(["f0"]) == {"/Div_40_output_0", "f0"}
    kept = hibari.kept(["lh", "phi"])
    assert kept == {"lh", "phi", "/Transpose_22_output_0", "/Transpose_55_output_0"}


def test_what_counts_stays_on_the_host(hibari):
    host = {step.node.op for step in hibari.steps if not step.on_device}
    assert {"Round", "Clip", "CumSum", "Shape", "Range"} <= host
    assert not any(step.is_site for step in hibari.steps if not step.on_device)


def graph(path, nodes, inputs=None):
    constants = {"w": np.ones((8, 8, 1), np.float32), "s": np.float32(2)}
    return OnnxNetwork.load(saved(path, nodes, inputs or {"x": X}, ["y"], constants))


def test_the_device_begins_where_an_input_is_multiplied(tmp_path):
    nodes = [node("Conv", "x w", "a", "conv"), node("Tanh", "a", "y", "tanh")]
    cut = parts(graph(tmp_path / "a.onnx", nodes))
    assert [step.on_device for step in cut.steps] == [True, True]
    assert cut.sent == {"x": True}


def test_what_nothing_of_the_device_reaches_stays_on_the_host(tmp_path):
    nodes = [
        node("Mul", "z s", "noise", "scale"),
        node("Conv", "x w", "a", "conv"),
        node("Add", "a noise", "y", "sum"),
    ]
    cut = parts(graph(tmp_path / "a.onnx", nodes, {"x": X, "z": X}))
    assert {step.name: step.on_device for step in cut.steps} == {
        "scale": False,
        "conv": True,
        "sum": True,
    }
    assert cut.count == 1


def test_a_value_that_the_host_reads_ends_a_part(tmp_path):
    nodes = [
        node("Conv", "x w", "a", "conv"),
        node("Round", "a", "whole", "round"),
        node("Add", "a whole", "y", "sum"),
    ]
    cut = parts(graph(tmp_path / "a.onnx", nodes))
    assert [step.part for step in cut.steps] == [0, 1, 1]
    assert cut.fetched(["y"]) == {"a", "y"}
    assert cut.kept([]) == {"a"}
