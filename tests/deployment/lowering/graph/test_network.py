"""Small graphs on operations that round nothing: every lowering must be what the graph computes."""

import numpy as np
import pytest
import torch

from lightning_v2.deployment.lowering.graph.network import LoweredGraph
from lightning_v2.deployment.lowering.graph.runner import GraphRunner
from lightning_v2.deployment.lowering.graph.value import Refusal
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.precision import Plan
from tests.deployment import plain_ops
from tests.onnx.files import node, saved

LENGTH = 45
CHANNELS = 64
random = np.random.default_rng(0)


def constant(*shape):
    return random.standard_normal(shape).astype(np.float32)


def integers(*values):
    return np.array(values, np.int64)


MATRIX, VECTOR = constant(CHANNELS, CHANNELS), constant(CHANNELS)
X = constant(1, CHANNELS, LENGTH)
"""(B, C, T), as convolutions have it; every graph begins with a convolution `c` of `x`."""

TURNED = node("Transpose", "c", "t", "turn", perm=[0, 2, 1])
"""`t` (B, T, C)."""

BACK = node("Transpose", "z", "y", "back", perm=[0, 2, 1])


def windows(**attributes):
    return [node("Conv", "c w", "y", "conv", **attributes)]


def heads(head_nodes):
    """`t` as (1, T, 2, C / 2), and back."""
    return [
        TURNED,
        node("Reshape", "t four", "f", "split"),
        *head_nodes,
        node("Reshape", "g three", "z", "merge"),
        BACK,
    ]


CASES = {
    "dense": (windows(pads=[1, 1]), {"w": constant(32, CHANNELS, 3)}),
    "dense with a dilation": (
        windows(pads=[4, 4], dilations=[2]),
        {"w": constant(32, CHANNELS, 5)},
    ),
    "dense with a stride": (windows(pads=[3, 2], strides=[4]), {"w": constant(32, CHANNELS, 8)}),
    "dense of odd channels": (
        [
            node("Conv", "c first", "odd", "odd", pads=[0, 0]),
            node("Conv", "odd w", "y", "conv", pads=[3, 3]),
        ],
        {"first": constant(13, CHANNELS, 1), "w": constant(7, 13, 7)},
    ),
    "causal": (windows(pads=[2, 0]), {"w": constant(32, CHANNELS, 3)}),
    "depthwise": (windows(pads=[3, 3], group=CHANNELS), {"w": constant(CHANNELS, 1, 7)}),
    **{
        f"depthwise with a dilation of {d}": (
            windows(pads=[3 * d, 3 * d], group=CHANNELS, dilations=[d]),
            {"w": constant(CHANNELS, 1, 7)},
        )
        for d in (2, 8)
    },
    **{
        f"transposed by {stride} with {kernel} taps": (
            [
                node("ConvTranspose", "c w", "u", "up", strides=[stride], pads=[pad, pad]),
                node("Conv", "u v", "y", "conv", pads=[1, 1]),
            ],
            {"w": constant(CHANNELS, 32, kernel), "v": constant(4, 32, 3)},
        )
        for stride, kernel, pad in ((8, 16, 4), (2, 4, 1), (4, 4, 0))
    },
    "norm, product and residual": (
        [
            TURNED,
            node("LayerNormalization", "t scale bias", "n", "norm"),
            node("MatMul", "n matrix", "m", "product"),
            node("Add", "m bias", "p", "sum"),
            node("Gelu", "p", "g", "gelu"),
            node("Add", "t g", "z", "residual"),
            BACK,
        ],
        {"scale": VECTOR, "bias": constant(CHANNELS), "matrix": MATRIX},
    ),
    "attention": (
        heads(
            [
                node("Transpose", "f", "q", "queries", perm=[0, 2, 1, 3]),
                node("Transpose", "f", "k", "keys", perm=[0, 2, 3, 1]),
                node("MatMul", "q k", "s", "scores"),
                node("Mul", "s half", "h", "scaled"),
                node("Softmax", "h", "a", "weights", axis=-1),
                node("MatMul", "a q", "o", "context"),
                node("Transpose", "o", "g", "joined", perm=[0, 2, 1, 3]),
            ]
        ),
        {
            "four": integers(1, LENGTH, 2, CHANNELS // 2),
            "three": integers(1, LENGTH, CHANNELS),
            "half": np.float32(0.05),
        },
    ),
    "cut and joined": (
        [
            node("Split", "c sizes", "a b", "split", axis=1),
            node("Tanh", "a", "u", "tanh"),
            node("Sigmoid", "b", "v", "sigmoid"),
            node("Concat", "v u a", "y", "joined", axis=1),
        ],
        {"sizes": integers(20, CHANNELS - 20)},
    ),
    "picked": (
        [
            node("Gather", "c place", "one", "pick", axis=1),
            node("Unsqueeze", "one axis", "row", "again"),
            node("Mul", "c row", "y", "gate"),
        ],
        {"place": np.array(5, np.int64), "axis": integers(1)},
    ),
    "every step twice": (
        [
            node("Unsqueeze", "c last", "u", "room"),
            node("Tile", "u twice", "v", "copies"),
            node("Reshape", "v shape", "y", "longer"),
        ],
        {
            "last": integers(3),
            "twice": integers(1, 1, 1, 2),
            "shape": integers(1, CHANNELS, 2 * LENGTH),
        },
    ),
    "channels between steps": (
        [
            node("Reshape", "c apart", "a", "apart"),
            node("Transpose", "a", "b", "turn", perm=[0, 1, 3, 2]),
            node("Reshape", "b shape", "d", "longer"),
            node("Exp", "d", "y", "exp"),
        ],
        {
            "apart": integers(1, CHANNELS // 2, 2, LENGTH),
            "shape": integers(1, CHANNELS // 2, 2 * LENGTH),
        },
    ),
    "looked up by steps": (
        [node("Gather", "c places", "g", "regulate", axis=2), node("Relu", "g", "y", "relu")],
        {"places": integers(*np.sort(random.integers(0, LENGTH, 70)))},
    ),
    "with constants": (
        [
            node("Add", "c column", "a", "sum"),
            node("Sub", "a three", "b", "less"),
            node("Div", "b column", "d", "quotient"),
            node("Clip", "d low high", "y", "clip"),
        ],
        {
            "column": constant(1, CHANNELS, 1) + 4,
            "three": np.float32(3),
            "low": np.float32(-1),
            "high": np.float32(2),
        },
    ),
}


def network(path, nodes, constants):
    first = node("Conv", "x first_w", "c", "begin", pads=[0, 0])
    constants = {**constants, "first_w": constant(CHANNELS, CHANNELS, 1) / 8}
    return OnnxNetwork.load(saved(path, [first, *nodes], {"x": X}, ["y"], constants, opset=20))


def lowered(graph):
    return LoweredGraph(graph, GraphRunner(plain_ops, Plan.load("fp32").for_site))


@pytest.mark.parametrize("case", CASES)
def test_a_lowering_computes_what_the_graph_does(tmp_path, case):
    graph = network(tmp_path / "graph.onnx", *CASES[case])
    inputs = {"x": torch.from_numpy(X)}
    with torch.inference_mode():
        wanted, mine = graph(inputs)["y"], lowered(graph)(inputs)["y"]
    torch.testing.assert_close(mine, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))


def test_a_given_value_takes_the_place_of_a_computed_one(tmp_path):
    nodes = [node("Tanh", "c", "middle", "tanh"), node("Exp", "middle", "y", "exp")]
    graph = network(tmp_path / "graph.onnx", nodes, {})
    inputs, given = {"x": torch.from_numpy(X)}, {"middle": torch.linspace(0, 1, X.size)}
    with torch.inference_mode():
        wanted = graph(inputs, pinned=given, also=["middle"])
        mine = lowered(graph)(inputs, pinned=given, also=["middle"])
    torch.testing.assert_close(mine["y"], wanted["y"])
    assert torch.equal(mine["middle"], wanted["middle"])


REFUSED = {
    "a sum along a sentence": (
        [node("ReduceMean", "c", "y", "mean", axes=[2])],
        "what is summed along a sentence",
    ),
    "a cut along a sentence": (
        [node("Slice", "c from to along", "y", "cut")],
        "cuts an axis whose length is that of a sentence",
    ),
    "groups": ([node("Conv", "c w", "y", "conv", group=2, pads=[1, 1])], "in 2 groups"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_lowering_is_refused_with_its_name(tmp_path, case):
    nodes, reason = REFUSED[case]
    bounds = {"from": integers(1), "to": integers(9), "along": integers(2)}
    path, constants = tmp_path / "graph.onnx", bounds | {"w": constant(CHANNELS, CHANNELS // 2, 3)}
    first = node("Conv", "x first_w", "c", "begin", pads=[0, 0])
    constants["first_w"] = constant(CHANNELS, CHANNELS, 1)
    graph = OnnxNetwork.load(saved(path, [first, *nodes], {"x": X}, ["y"], constants))
    with pytest.raises(Refusal, match=reason) as caught, torch.inference_mode():
        lowered(graph)({"x": torch.from_numpy(X)})
    assert nodes[-1].op_type in caught.value.__notes__[0]
