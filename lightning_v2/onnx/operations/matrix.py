"""Products of matrices and convolutions."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.operations.table import Built, Function, Given, computing, refuse

_CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _matmul(node: Node, given: Given) -> Function | Built:
    weight = given[1]
    if weight is None or weight.ndim != 2 or weight.dtype.kind != "f":
        return torch.matmul
    return Built(F.linear, {1: np.ascontiguousarray(weight.T)})


def _linear(node: Node, given: Given) -> Built:
    """A product with known weights [K, N] and their bias, as folding leaves it."""
    return Built(F.linear, {1: np.ascontiguousarray(given[1].T)})


def _gemm(node: Node, given: Given) -> Function | Built:
    alpha, beta = node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)
    turn_a, turn_b = node.attributes.get("transA", 0), node.attributes.get("transB", 0)
    weight, bias = given[1], given[2] if len(given) > 2 else None
    known_bias = len(node.inputs) < 3 or (bias is not None and bias.ndim == 1)
    if weight is not None and known_bias and not turn_a:
        constants = {1: np.ascontiguousarray(alpha * (weight if turn_b else weight.T))}
        if bias is not None:
            constants[2] = beta * bias
        return Built(F.linear, {i: x.astype(np.float32) for i, x in constants.items()})

    def gemm(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
        product = torch.matmul(a.mT if turn_a else a, b.mT if turn_b else b)
        product = product if alpha == 1 else product * alpha
        if c is None:
            return product
        return product + (c if beta == 1 else c * beta)

    return gemm


def _spatial(node: Node, given: Given) -> int:
    """How many axes the kernel has."""
    if given[1] is not None:
        return given[1].ndim - 2
    if "kernel_shape" not in node.attributes:
        raise refuse(node, "says nowhere how many axes its kernel has")
    return len(node.attributes["kernel_shape"])


def _settings(node: Node, axes: int) -> tuple[list[int], list[int], list[int]]:
    """Strides, dilations, and padding: before each axis, then behind each."""
    ones, attributes = [1] * axes, node.attributes
    strides, dilations = attributes.get("strides", ones), attributes.get("dilations", ones)
    pads = attributes.get("pads", [0] * 2 * axes)
    automatic = attributes.get("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        if any(stride != 1 for stride in strides) or "kernel_shape" not in attributes:
            raise refuse(node, f"has auto_pad={automatic} with a stride: give pads")
        sums = [d * (k - 1) for d, k in zip(dilations, attributes["kernel_shape"], strict=True)]
        small, large = [s // 2 for s in sums], [s - s // 2 for s in sums]
        pads = small + large if automatic == "SAME_UPPER" else large + small
    return list(strides), list(dilations), list(pads)


def _convolution(node: Node, given: Given) -> Function:
    axes = _spatial(node, given)
    function, groups = _CONVOLUTIONS[axes], node.attributes.get("group", 1)
    strides, dilations, pads = _settings(node, axes)
    before, behind = pads[:axes], pads[axes:]
    if before == behind:
        return lambda x, w, b=None: function(x, w, b, strides, before, dilations, groups)
    around = [side for pair in reversed(list(zip(before, behind, strict=True))) for side in pair]

    def padded(x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
        return function(F.pad(x, around), w, b, strides, 0, dilations, groups)

    return padded


def _transposed(node: Node, given: Given) -> Function:
    axes = _spatial(node, given)
    function, groups = _TRANSPOSED[axes], node.attributes.get("group", 1)
    strides, dilations, pads = _settings(node, axes)
    if "output_shape" in node.attributes:
        raise refuse(node, "has output_shape, which is not known: give pads")
    further = node.attributes.get("output_padding", [0] * axes)
    before, behind = pads[:axes], pads[axes:]
    if before == behind:
        return lambda x, w, b=None: function(x, w, b, strides, before, further, groups, dilations)

    def cut(x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
        y = function(x, w, b, strides, 0, further, groups, dilations)
        for axis, (left, right) in enumerate(zip(before, behind, strict=True), 2):
            y = y.narrow(axis, left, y.shape[axis] - left - right)
        return y

    return cut


def _einsum(node: Node, given: Given) -> Function:
    equation = node.attributes["equation"]
    return lambda *operands: torch.einsum(equation, *operands)


MATRIX = computing(
    {
        "Conv": _convolution,
        "ConvTranspose": _transposed,
        "Einsum": _einsum,
        "Gemm": _gemm,
        "Linear": _linear,
        "MatMul": _matmul,
    }
)
"""`Linear` is none of ONNX's: folding makes it of a product and a bias."""
