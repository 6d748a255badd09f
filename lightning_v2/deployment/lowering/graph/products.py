"""Products and convolutions of a graph on the device.

A dense convolution is a product: every step with its neighbours side by side, which are looked up
as rows; those beyond the edges are a row of zeros. A transposed one is such a product whose result
holds as many steps side by side as its stride. A depthwise one is `conv1d`; with a dilation of d it
is one of d times as many channels, d steps side by side.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_v2.deployment.lowering.constant import DeviceTensor
from lightning_v2.deployment.lowering.graph.runner import GraphRunner, padded
from lightning_v2.deployment.lowering.graph.value import Refusal, Value
from lightning_v2.onnx.graph import Node
from lightning_v2.tile import TILE


def linear(run: GraphRunner, node: Node, site: str, *operands: object) -> Value:
    """A product with known weights, or of two values."""
    x, weight, bias = (*operands, None)[:3]
    if isinstance(x, Value) and isinstance(weight, nn.Parameter) and weight.dim() == 2:
        if bias is not None and not isinstance(bias, nn.Parameter):
            raise Refusal("its bias is computed")
        return run.product(site, x, weight, bias)
    if isinstance(x, Value) and isinstance(weight, Value) and bias is None:
        return run.heads_product(site, x, weight)
    raise Refusal("one operand is a constant of other than two axes, or on the host")


def convolution(
    run: GraphRunner,
    node: Node,
    site: str,
    x: Value,
    weight: nn.Parameter,
    bias: nn.Parameter | None = None,
) -> Value:
    """A convolution along the one axis T of (B, C, T)."""
    _check(node, x, weight)
    attributes = node.attributes
    (stride,), (dilation,) = attributes.get("strides", [1]), attributes.get("dilations", [1])
    before, behind = attributes.get("pads", [0, 0])
    groups, kernel = attributes.get("group", 1), weight.shape[2]
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Refusal(f"auto_pad={attributes['auto_pad']} is not lowered: give pads")
    x = run.moves.channels_last(x)
    batch, channels, length = x.shape
    steps = (length + before + behind - dilation * (kernel - 1) - 1) // stride + 1
    if groups == channels == weight.shape[0]:
        if steps != length or stride != 1 or before != behind or kernel % 2 == 0:
            raise Refusal("depthwise convolutions are lowered for odd kernels that keep the length")
        return _depthwise(run, site, x, weight, bias, dilation)
    if groups != 1:
        raise Refusal(f"ttnn's conv1d in {groups} groups is not emulated bit for bit")
    shape = (batch, weight.shape[0], steps)
    if (kernel, stride, before, behind) == (1, 1, 0, 0):
        y = run.matrix(site, x.tensor, weight, lambda w: w[:, :, 0].t(), bias, op="conv1d")
        return run.made(site, x, y, shape, x.groups)
    offsets = range(-before, -before + dilation * kernel, dilation)
    size = x.sizes[2] if steps == length else padded(steps)
    windows = _windows(run, x, stride, list(offsets), size, steps)
    wide = -(-channels // TILE) * TILE

    def side_by_side(w: Tensor) -> Tensor:
        return F.pad(w.permute(2, 1, 0), (0, 0, 0, wide - channels)).flatten(0, 1)

    y = run.matrix(site, windows, weight, side_by_side, bias, op="conv1d")
    return run.made(site, x, y, shape, x.groups)


def transposed(
    run: GraphRunner,
    node: Node,
    site: str,
    x: Value,
    weight: nn.Parameter,
    bias: nn.Parameter | None = None,
) -> Value:
    """A transposed convolution along the one axis T of (B, C, T) to `stride` times as many."""
    _check(node, x, weight)
    attributes = node.attributes
    (stride,), (dilation,) = attributes.get("strides", [1]), attributes.get("dilations", [1])
    before, behind = attributes.get("pads", [0, 0])
    further, kernel = attributes.get("output_padding", [0])[0], weight.shape[2]
    if attributes.get("group", 1) != 1 or dilation != 1:
        raise Refusal("transposed convolutions in groups or with a dilation are not lowered")
    if kernel - stride + further != before + behind:
        raise Refusal("transposed convolutions are lowered where they give stride x steps")
    x = run.moves.channels_last(x)
    batch, channels, length = x.shape
    earliest, latest = -((stride - 1 + before) // stride), (kernel - 1 - before) // stride
    taps = [*range(earliest, latest + 1)]
    windows = _windows(run, x, 1, [-tap for tap in taps], x.sizes[2], length)
    wide = -(-channels // TILE) * TILE

    def phases(w: Tensor) -> Tensor:
        """(C, O, k) -> (taps, C, stride, O): the k of each tap and place between two steps."""
        k = torch.tensor([[tap * stride + r + before for r in range(stride)] for tap in taps])
        inside = ((k >= 0) & (k < kernel)).to(w.device)
        chosen = w[:, :, k.clamp(0, kernel - 1)] * inside
        chosen = chosen.permute(2, 0, 3, 1)
        return F.pad(chosen, (0, 0, 0, 0, 0, wide - channels)).flatten(2).flatten(0, 1)

    name = "conv_transpose1d"
    y = run.matrix(site, windows, weight, phases, bias, lambda b: b.repeat(stride), name)
    outputs = weight.shape[1]
    side = run.made(site, x, y, (batch, length, stride, outputs), ((0,), (1,), (2, 3)))
    return run.moves.reshaped(side, (batch, length * stride, outputs)).transposed((0, 2, 1))


def _check(node: Node, x: object, weight: object) -> None:
    if not isinstance(weight, nn.Parameter):
        raise Refusal("its weights are computed")
    if weight.dim() != 3:
        axes = weight.dim() - 2
        raise Refusal(f"convolutions along {axes} axes are not lowered, only those along one")
    if not isinstance(x, Value):
        raise Refusal("its operand is on the host")


def _windows(
    run: GraphRunner, x: Value, stride: int, offsets: list[int], size: int, steps: int
) -> DeviceTensor:
    """Rows of x (B, T, C) side by side, those at `offsets` from every `stride`-th one.

    Returns (B, size, offsets * C), C in whole tiles; rows from `steps` on are zero.
    """
    batch, channels, length = x.shape
    stored = x.sizes[2]
    places = torch.arange(size)[:, None] * stride + torch.tensor(offsets)
    inside = (places >= 0) & (places < length) & (torch.arange(size) < steps)[:, None]
    sentences = stored * torch.arange(batch)[:, None, None]
    rows = torch.where(inside, places + sentences, batch * stored).flatten(1)
    name = f"neighbours.{length}.{size}.{stride}.{offsets[0]}.{offsets[-1]}.{len(offsets)}"
    indices = run.sent(name, rows, "uint32")
    x = run.moves.movable(x)
    wide = -(-channels // TILE) * TILE
    table = run.ops.reshape(x.tensor, (batch * stored, channels))
    table = run.ops.pad(table, ((0, TILE), (0, wide - channels)))
    found = run.ops.embedding(indices, table)
    return run.ops.reshape(found, (batch, size, len(offsets) * wide))


def _depthwise(
    run: GraphRunner,
    site: str,
    x: Value,
    weight: nn.Parameter,
    bias: nn.Parameter | None,
    dilation: int,
) -> Value:
    """Every channel of x (B, T, C) by itself."""
    x = run.masked_axis(x, 2)
    batch, channels, _ = x.shape
    tensor, size = x.tensor, x.sizes[2]
    rows = -(-size // (TILE * dilation)) * TILE
    if dilation > 1:
        x = run.moves.movable(x)
        tensor = x.tensor
        if rows * dilation != size:
            tensor = run.ops.pad(tensor, ((0, 0), (0, rows * dilation - size), (0, 0)))
        tensor = run.ops.reshape(tensor, (batch, rows, dilation * channels))
    y = run.convolved(site, tensor, weight, bias, dilation)
    made = run.made(site, x, y, x.shape, x.groups)
    if dilation == 1:
        return made
    made = run.moves.movable(made)
    y = run.ops.reshape(made.tensor, (batch, rows * dilation, channels))
    if rows * dilation != size:
        y = run.ops.slice(y, (0, 0, 0), (batch, size, channels))
    return replace(made, tensor=y)


PRODUCTS = {
    "Conv": convolution,
    "ConvTranspose": transposed,
    "Gemm": linear,
    "Linear": linear,
    "MatMul": linear,
}
"""ONNX operation -> its lowering, (runner, node, site, *operands) -> value."""
