"""Kinds of layer that voices share, on the device.

Letters: B sentences, P phones or T frames of a bucket, C channels, H heads.
"""

from torch import nn

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.runner import Function, Runner
from lightning_v2.model.layers import Attention, ConvNeXtBlock
from lightning_v2.model.natural import layers as natural
from lightning_v2.model.natural.layers import Layer

Block = ConvNeXtBlock | natural.Block


def attention(
    run: Runner,
    path: str,
    x: DeviceTensor,
    module: Attention,
    keys: DeviceTensor,
    view: View,
) -> DeviceTensor:
    """Self-attention around a residual connection, (B, P, C) -> (B, P, C)."""
    ops = run.ops

    def queries(seen):  # (B, H, P, ·), a padded row for each query
        return view(seen.transpose(1, 2)).transpose(1, 2)

    def transposed(seen):  # (B, H, ·, P)
        return queries(seen.transpose(2, 3)).transpose(2, 3)

    def both(seen):
        return transposed(queries(seen))

    normed = run.layer_norm(f"{path}.norm", x, module.norm, view)
    site = f"{path}.query_key_value"
    joint = run.linear(site, normed, module.query_key_value, view)
    query, key, value = ops.split_query_key_value_and_split_heads(
        run.movable(joint, site), num_heads=module.heads, transpose_key=True
    )
    scores = run.matmul(f"{path}.scores", query, key, (queries, transposed, both))
    weights = run.softmax(f"{path}.softmax", scores, keys, both)
    context = run.matmul(f"{path}.context", weights, value, (both, queries, queries))
    joined = ops.concatenate_heads(run.movable(context, f"{path}.context"))
    output = run.linear(f"{path}.output", joined, module.output, view)
    return run.binary(f"{path}.add", "add", x, output, view)


def stack(
    run: Runner,
    path: str,
    x: DeviceTensor,
    blocks: nn.ModuleList,
    view: View,
    stored: str,
    mask: DeviceTensor | None,
) -> DeviceTensor:
    """Blocks of convolution in a row, (B, T, C) -> (B, T, C).

    Convolutions alone look at neighbours: what they see of padding is zero, as it is for the
    network beyond the edges.

    stored: the format of x. mask: (B, T, 1), 1 where there is something and 0 for padding.
    """
    x, last = run.masked(x, mask, stored), len(blocks) - 1
    for i, block in enumerate(blocks):
        x = convnext(run, f"{path}.{i}", x, block, view, None if i == last else mask)
    return x


def convnext(
    run: Runner,
    path: str,
    x: DeviceTensor,
    block: Block,
    view: View,
    mask: DeviceTensor | None = None,
) -> DeviceTensor:
    """Depthwise convolution, norm and perceptron around a residual connection.

    x: zero where there is padding. mask: where the result is to be so, too, as of `stack`.
    """
    y = run.depthwise(f"{path}.depthwise", x, block.depthwise, view)
    return _perceptron(run, path, x, y, block, view, mask)


def transformer(
    run: Runner, path: str, x: DeviceTensor, layer: Layer, keys: DeviceTensor, view: View
) -> DeviceTensor:
    """Self-attention, then norm and perceptron around a residual connection."""
    x = attention(run, f"{path}.attention", x, layer.attention, keys, view)
    return _perceptron(run, path, x, x, layer, view)


def _perceptron(
    run: Runner,
    path: str,
    x: DeviceTensor,
    y: DeviceTensor,
    block: Block | Layer,
    view: View,
    mask: DeviceTensor | None = None,
) -> DeviceTensor:
    """x + what norm and perceptron make of y; mask: as of `Runner.residual`."""
    y = run.layer_norm(f"{path}.norm", y, block.norm, view)
    gelu = Function(f"{path}.gelu", "gelu")
    y = run.linear(f"{path}.up", y, block.up, view, then=gelu)
    y = run.linear(f"{path}.down", y, block.down, view)
    return run.residual(f"{path}.add", x, y, view, mask)
