"""What exporters write out is one site each, with the same values; what is only near is left."""

import math

import numpy as np
import pytest

from lightning_v2.onnx.network import OnnxNetwork
from tests.onnx.files import by_executor, by_onnxruntime, deviation, node, saved
from tests.onnx.operations.cases import floats, ints, number

X = floats(2, 5, 8)
C = {"half": number(0.5), "one": number(1), "two": number(2), "eps": number(1e-5)}
ROOT = {"r2": number(math.sqrt(2)), "r12": number(math.sqrt(0.5)), "wrong": number(1.3)}


def norm(square=("Pow", "c two"), end=("Div", "c r"), axes=(-1,), axes2=None):
    inverse = [node("Reciprocal", "r", "i")] if "i" in end[1].split() else []
    return [
        node("ReduceMean", "x", "m", axes=list(axes)),
        node("Sub", "x m", "c"),
        node(square[0], square[1], "s"),
        node("ReduceMean", "s", "v", axes=list(axes2 or axes)),
        node("Add", "v eps", "ve"),
        node("Sqrt", "ve", "r"),
        *inverse,
        node(end[0], end[1], "n"),
    ]


AFFINE = [node("Mul", "n g", "ng"), node("Add", "ng b", "y")]
PLAIN = [node("Identity", "n", "y")]


def gelu(scaled=("Div", "x r2"), one="one", order=0):
    start = [node(scaled[0], scaled[1], "d"), node("Erf", "d", "e"), node("Add", f"e {one}", "a")]
    ends = [
        [node("Mul", "x a", "p"), node("Mul", "p half", "y")],
        [node("Mul", "x half", "p"), node("Mul", "p a", "y")],
        [node("Mul", "half a", "p"), node("Mul", "p x", "y")],
    ]
    return start + ends[order]


def tanh_gelu(share="share", exponent="three"):
    return [
        node("Pow", f"x {exponent}", "c"),
        node("Mul", f"c {share}", "cs"),
        node("Add", "x cs", "t"),
        node("Mul", "t root", "tr"),
        node("Tanh", "tr", "h"),
        node("Add", "h one", "a"),
        node("Mul", "x a", "p"),
        node("Mul", "p half", "y"),
    ]


TANH = {
    "share": number(0.044715),
    "three": number(3),
    "root": number(math.sqrt(2 / math.pi)),
    "odd": number(0.05),
}


def softmax(subtracted="m", axes="last", total_axes="last"):
    return [
        node("ReduceMax", "x", "m", axes=[-1]),
        node("Sub", f"x {subtracted}", "d"),
        node("Exp", "d", "e"),
        node("ReduceSum", f"e {total_axes}", "s"),
        node("Div", "e s", "y"),
    ]


AXES = {"last": ints(-1), "both": ints(1, 2)}
VECTORS = {"g": floats(8), "b": floats(8)}
W = {"w": floats(8, 6), "bias": floats(6), "scales": floats(6), "number": number(0.3)}
K = {"k": floats(4, 5, 3), "cb": floats(1, 4, 1), "c1": floats(4)}
PRODUCT, CONV = node("MatMul", "x w", "p"), node("Conv", "x k", "p", kernel_shape=[3])

FUSED = {
    "layer norm": (norm() + AFFINE, C | VECTORS, "LayerNormalization"),
    "layer norm of a product": (norm(("Mul", "c c")) + AFFINE, C | VECTORS, "LayerNormalization"),
    "layer norm by the reciprocal": (
        norm(end=("Mul", "c i")) + AFFINE,
        C | VECTORS,
        "LayerNormalization",
    ),
    "norm without vectors": (norm() + PLAIN, C, "Standardize"),
    "norm of channels": (norm(axes=(1,)) + PLAIN, C, "Standardize"),
    "gelu": (gelu(), C | ROOT, "Gelu"),
    "gelu with a factor": (gelu(("Mul", "x r12")), C | ROOT, "Gelu"),
    "gelu, half first": (gelu(order=1), C | ROOT, "Gelu"),
    "gelu, half of the sum": (gelu(order=2), C | ROOT, "Gelu"),
    "gelu by tanh": (tanh_gelu(), C | TANH, "Gelu"),
    "silu": ([node("Sigmoid", "x", "s"), node("Mul", "x s", "y")], {}, "Silu"),
    "silu, turned": ([node("Sigmoid", "x", "s"), node("Mul", "s x", "y")], {}, "Silu"),
    "softmax": (softmax(), AXES, "Softmax"),
    "bias": ([PRODUCT, node("Add", "p bias", "y")], W, "Linear"),
    "bias, turned": ([PRODUCT, node("Add", "bias p", "y")], W, "Linear"),
    "scale of columns": ([PRODUCT, node("Mul", "p scales", "y")], W, "MatMul"),
    "one scale": ([PRODUCT, node("Mul", "number p", "y")], W, "MatMul"),
    "bias and scale": (
        [PRODUCT, node("Add", "p bias", "a"), node("Mul", "a scales", "y")],
        W,
        "Linear",
    ),
    "bias of a convolution": ([CONV, node("Add", "p cb", "y")], K, "Conv"),
    "scale of a convolution": ([CONV, node("Mul", "p cb", "y")], K, "Conv"),
}

LEFT = {
    "norm of two means": (norm(axes2=(1,)) + PLAIN, C),
    "norm with a cube": (norm(("Pow", "c three")) + PLAIN, C | TANH),
    "norm, divided the other way": (norm(end=("Div", "r c")) + PLAIN, C),
    "gelu with another root": (gelu(("Div", "x wrong")), C | ROOT),
    "gelu with two for one": (gelu(one="two"), C | ROOT),
    "gelu divided the other way": (gelu(("Div", "r2 x")), C | ROOT),
    "gelu by tanh with another share": (tanh_gelu(share="odd"), C | TANH),
    "gelu by tanh with a square": (tanh_gelu(exponent="two"), C | TANH),
    "sigmoid of another value": (
        [node("Sigmoid", "x", "s"), node("Sigmoid", "s", "t"), node("Mul", "x t", "y")],
        {},
    ),
    "softmax over two axes": (softmax(total_axes="both"), AXES),
    "a bias a row": ([PRODUCT, node("Add", "p rows", "y")], W | {"rows": floats(5, 1)}),
    "a scale of every value": ([PRODUCT, node("Mul", "p all", "y")], W | {"all": floats(5, 6)}),
    "a bias of positions": (
        [CONV, node("Add", "p positions", "y")],
        K | {"positions": floats(6)},
    ),
    "a product that others read": (
        [PRODUCT, node("Add", "p bias", "a"), node("Mul", "a p", "y")],
        W,
    ),
}


@pytest.mark.parametrize("name", FUSED)
def test_one_site_with_the_same_values(name, tmp_path):
    nodes, constants, kind = FUSED[name]
    path = saved(tmp_path / "f.onnx", nodes, {"x": X}, ["y"], constants)
    network = OnnxNetwork.load(path)
    assert list(network.kinds.values()) == [kind]
    expected = by_onnxruntime(path, {"x": X}, optimised=False)[0]
    assert deviation(by_executor(network, {"x": X})[0], expected) < 1e-5


@pytest.mark.parametrize("name", LEFT)
def test_what_is_only_near_is_left_as_it_is(name, tmp_path):
    nodes, constants = LEFT[name]
    path = saved(tmp_path / "f.onnx", nodes, {"x": X}, ["y"], constants)
    network = OnnxNetwork.load(path)
    whole = {"LayerNormalization", "Standardize", "Gelu", "Silu", "Linear"}
    assert not whole & {*network.kinds.values()} and len(network.kinds) > 1
    expected = by_onnxruntime(path, {"x": X}, optimised=False)[0]
    np.testing.assert_allclose(by_executor(network, {"x": X})[0], expected, rtol=1e-4, atol=1e-5)


def test_a_value_in_between_that_others_read_stays(tmp_path):
    nodes = [*gelu(), node("Neg", "e", "z")]
    path = saved(tmp_path / "f.onnx", nodes, {"x": X}, ["y", "z"], C | ROOT)
    network = OnnxNetwork.load(path)
    assert sorted(network.kinds.values()) == ["Div", "Erf", "Gelu", "Neg"]
