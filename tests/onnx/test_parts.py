"""A graph with everything that the parts of a voice are told by."""

import numpy as np
import pytest

from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.parts import graph_parts
from tests.onnx.files import node, saved
from tests.onnx.operations.cases import ints

NODES = [
    node("Gather", "table ids", "x", "/emb/Gather"),
    node("MatMul", "style w", "taste", "/dec/style/MatMul"),
    node("MatMul", "x w", "hidden", "/enc/MatMul"),
    node("MatMul", "hidden w", "long", "/dur/MatMul"),
    node("Ceil", "long", "durations", "/dur/Ceil"),
    node("MatMul", "hidden other", "mean", "/enc/proj/MatMul"),
    node("Mul", "mean durations", "spread", "/align/Mul"),
    node("MatMul", "spread w", "f0", "/pit/MatMul"),
    node("MatMul", "f0 w", "pulses", "/m_source/MatMul"),
    node("ConvTranspose", "spread thin", "wide", "/pool/ConvTranspose", group=4, strides=[1]),
    node("MatMul", "wide w", "frames", "/dec/MatMul"),
    node("Mul", "frames taste", "styled", "/dec/Mul"),
    node("Add", "styled pulses", "both", "/dec/Add"),
    node("ConvTranspose", "both dense", "up", "/dec/up/ConvTranspose", strides=[1]),
    node("Tanh", "up", "shaped", "/dec/Tanh"),
    node("MatMul", "shaped w", "wave", "/istft/MatMul"),
]
CONSTANTS = {
    "table": np.ones((3, 4, 4), np.float32),
    "w": np.eye(4, dtype=np.float32) + 0.5,
    "other": np.eye(4, dtype=np.float32) + 0.25,
    "thin": np.ones((4, 1, 1), np.float32),
    "dense": np.ones((4, 4, 1), np.float32),
}


@pytest.fixture
def network(tmp_path):
    inputs = {"ids": ints(1), "style": np.ones((1, 4, 4), np.float32)}
    return OnnxNetwork.load(saved(tmp_path / "v.onnx", NODES, inputs, ["wave"], CONSTANTS))


def test_every_site_by_what_depends_on_it(network):
    parts = graph_parts(network, "durations", "f0")
    by_value = {network.made_by[site]: part for site, part in parts.items()}
    assert by_value == {
        "hidden": "front end",
        "mean": "front end",
        "long": "durations",
        "spread": "decoder",
        "f0": "F0",
        "pulses": "source",
        "wide": "decoder",
        "frames": "decoder",
        "taste": "decoder",
        "styled": "decoder",
        "both": "decoder",
        "up": "upsampling",
        "shaped": "upsampling",
        "wave": "inverse STFT",
    }


def test_without_durations_the_graph_tells_nothing(network):
    assert graph_parts(network, None, None) == {}
