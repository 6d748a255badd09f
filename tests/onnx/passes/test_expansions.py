"""Quantised nodes as the float ones of their dequantised weights."""

import numpy as np
import pytest

from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.passes.expansions import EXPANSIONS, dequantize, expand
from lightning_v2.onnx.reader import read
from tests.onnx.files import MICROSOFT, by_executor, by_onnxruntime, deviation, node, saved
from tests.onnx.operations.cases import floats, ints

rng = np.random.default_rng(1)


def weights(*shape, kind=np.int8):
    info = np.iinfo(kind)
    return rng.integers(info.min, info.max, shape).astype(kind)


def scale(*shape):
    return rng.uniform(0.005, 0.02, shape).astype(np.float32)


X = floats(2, 6, 8)
SIGNAL = floats(1, 8, 12)
QUANTIZE = node("DynamicQuantizeLinear", "x", "xq xs xz")
LSTM = {"hidden_size": 4, "direction": "bidirectional"}

FILES = {
    "MatMulInteger": (
        [
            QUANTIZE,
            node("MatMulInteger", "xq w xz wz", "p"),
            node("Cast", "p", "f", to=1),
            node("Mul", "xs ws", "s"),
            node("Mul", "f s", "m"),
            node("Add", "m b", "y"),
        ],
        X,
        {"w": weights(8, 5), "wz": weights(5), "ws": scale(5), "b": floats(5)},
    ),
    "ConvInteger": (
        [
            QUANTIZE,
            node("ConvInteger", "xq w xz wz", "p", pads=[1, 1], kernel_shape=[3]),
            node("Cast", "p", "f", to=1),
            node("Mul", "xs ws", "s"),
            node("Mul", "f s", "y"),
        ],
        SIGNAL,
        {"w": weights(4, 8, 3, kind=np.uint8), "wz": np.uint8(131).reshape(()), "ws": scale()},
    ),
    "DequantizeLinear": (
        [node("DequantizeLinear", "w ws wz", "wf", axis=0), node("MatMul", "x wf", "y")],
        X,
        {"w": weights(8, 5), "ws": scale(8), "wz": weights(8)},
    ),
    "QuantizeLinear": (
        [
            node("QuantizeLinear", "x s z", "q"),
            node("DequantizeLinear", "q s z", "d"),
            node("Mul", "d d", "y"),
        ],
        X,
        {"s": np.float32(1e-4).reshape(()), "z": np.uint16(30000).reshape(())},
    ),
    "Gather": (
        [
            node("Gather", "w i", "g"),
            node("DequantizeLinear", "g s z", "d"),
            node("Add", "d x", "y"),
        ],
        floats(3, 8),
        {"w": weights(9, 8), "i": ints(1, 0, 8), "s": scale(), "z": weights()},
    ),
    "com.microsoft.DynamicQuantizeMatMul": (
        [node("com.microsoft.DynamicQuantizeMatMul", "x w ws wz b", "y")],
        X,
        {"w": weights(8, 5), "ws": scale(5), "wz": weights(5), "b": floats(5)},
    ),
    "com.microsoft.MatMulIntegerToFloat": (
        [QUANTIZE, node("com.microsoft.MatMulIntegerToFloat", "xq w xs ws xz wz b", "y")],
        X,
        {"w": weights(8, 5), "ws": scale(1), "wz": weights(1), "b": floats(5)},
    ),
    "com.microsoft.DynamicQuantizeLSTM": (
        [
            node(
                "com.microsoft.DynamicQuantizeLSTM",
                "x w r b - - - - ws wz rs rz",
                "y",
                **LSTM,
            )
        ],
        floats(5, 1, 8),
        {
            "w": weights(2, 8, 16),
            "r": weights(2, 4, 16),
            "b": floats(2, 32),
            "ws": scale(2),
            "wz": np.zeros(2, np.int8),
            "rs": scale(2),
            "rz": np.zeros(2, np.int8),
        },
    ),
    "com.microsoft.SkipLayerNormalization": (
        [node("com.microsoft.SkipLayerNormalization", "x k g b c", "y - - s", epsilon=1e-5)],
        X,
        {"k": floats(2, 6, 8), "g": floats(8), "b": floats(8), "c": floats(8)},
    ),
    "com.microsoft.FastGelu": ([node("com.microsoft.FastGelu", "x b", "y")], X, {"b": floats(8)}),
    "com.microsoft.BiasGelu": ([node("com.microsoft.BiasGelu", "x b", "y")], X, {"b": floats(8)}),
    "com.microsoft.Gelu": ([node("com.microsoft.Gelu", "x", "y")], X, {}),
    "com.microsoft.FusedMatMul": (
        [node("com.microsoft.FusedMatMul", "x w", "y", transA=1, transB=1, alpha=0.3)],
        floats(2, 8, 6),
        {"w": floats(5, 8)},
    ),
}
EXACT = {"SkipLayerNormalization", "FastGelu", "BiasGelu", "Gelu", "FusedMatMul"}
"""Those that quantise nothing, so that onnxruntime gives the same for the file itself."""


def test_every_expansion_has_a_file():
    tested = {
        made.domain + "." * bool(made.domain) + made.op_type
        for f in FILES.values()
        for made in f[0]
    }
    same = {"com.microsoft.DequantizeLinear", "com.microsoft.QuantizeLinear"}  # by one function
    assert EXPANSIONS.keys() - same <= tested
    for name in same:
        assert EXPANSIONS[name] is EXPANSIONS[name.removeprefix(f"{MICROSOFT}.")]


@pytest.mark.parametrize("name", FILES)
def test_like_onnxruntime_of_the_dequantised_graph(name, tmp_path):
    nodes, x, constants = FILES[name]
    path = saved(tmp_path / "q.onnx", nodes, {"x": x}, ["y"], constants, opset=21)
    graph = read(path)
    expand(graph)
    assert not EXPANSIONS.keys() & {made.op for made in graph.nodes}
    expected = by_onnxruntime(graph, {"x": x})[0]
    assert deviation(by_executor(path, {"x": x})[0], expected) < 1e-5


@pytest.mark.parametrize("name", FILES)
def test_near_to_what_the_file_itself_says(name, tmp_path):
    """A wrong axis, sign or zero point would be far from it."""
    nodes, x, constants = FILES[name]
    path = saved(tmp_path / "q.onnx", nodes, {"x": x}, ["y"], constants, opset=21)
    expected = by_onnxruntime(path, {"x": x})[0]
    limit = 1e-5 if name.rpartition(".")[2] in EXACT else 0.05
    assert deviation(by_executor(path, {"x": x})[0], expected) < limit


def test_a_quantised_product_with_scale_and_bias_is_one_site(tmp_path):
    nodes, x, constants = FILES["MatMulInteger"]
    path = saved(tmp_path / "q.onnx", nodes, {"x": x}, ["y"], constants)
    network = OnnxNetwork.load(path)
    assert list(network.kinds.values()) == ["Linear"]
    assert "1 integer weights run as the float32 values" in network.notes[0]


def test_weights_that_are_computed_are_refused(tmp_path):
    nodes = [QUANTIZE, node("MatMulInteger", "xq xq xz xz", "y", "product")]
    path = saved(tmp_path / "q.onnx", nodes, {"x": floats(4, 4)}, ["y"])
    with pytest.raises(OnnxError, match=r"node product \(MatMulInteger, opset 17\) computes"):
        OnnxNetwork.load(path)


def test_half_precision_runs_in_float32(tmp_path):
    nodes = [
        node("Cast", "x", "h", to=10),
        node("MatMul", "h w", "p"),
        node("Cast", "p", "y", to=1),
    ]
    constants = {"w": floats(8, 5).astype(np.float16)}
    path = saved(tmp_path / "h.onnx", nodes, {"x": X}, ["y"], constants)
    network = OnnxNetwork.load(path)
    expected = X @ constants["w"].astype(np.float32)
    np.testing.assert_allclose(by_executor(network, {"x": X})[0], expected, rtol=1e-5, atol=1e-5)
    assert network.notes == ["float16: it runs in float32"]


def test_dequantize():
    values = dequantize(np.int8([[1, 2], [3, 4]]), np.float32([2, 3]), np.int8([1, 0]), 0)
    assert np.array_equal(values, [[0, 2], [9, 12]])
