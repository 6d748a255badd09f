"""Kinds of layer that voices share, on the device.

Letters: B sentences, P phones or T frames of a bucket, C channels, H heads.
"""

from torch import nn

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.runner import Function, Runner
from lightning_v2.model.natural.layers import Attention, Block, Layer


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
    mask: DeviceTensor,
) -> DeviceTensor:
    """Blocks of convolution in a row, (B, T, C) -> (B, T, C).

    Convolutions alone look at neighbours: what they see of padding is zero, as it is for the
    network beyond the edges.

    x: zero where there is padding. mask: (B, T, 1), 1 where there is something and 0 for padding.
    """
    last = len(blocks) - 1
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
    y = _perceptron(run, path, y, block, view)
    return run.residual(f"{path}.add", x, y, view, mask)


def transformers(
    run: Runner,
    path: str,
    x: DeviceTensor,
    layers: nn.ModuleList,
    keys: DeviceTensor,
    view: View,
    norm: tuple[str, nn.LayerNorm],
) -> DeviceTensor:
    """Layers of self-attention, each followed by a perceptron, and the norm that ends them: its
    site, and what it is."""
    last = len(layers) - 1
    for i, layer in enumerate(layers):
        at = f"{path}.{i}"
        x = attention(run, f"{at}.attention", x, layer.attention, keys, view)
        y = _perceptron(run, at, x, layer, view)
        if i < last:
            x = run.binary(f"{at}.add", "add", x, y, view)
    return run.norm_of_sum(f"{path}.{last}.add", x, y, *norm, view)


def _perceptron(
    run: Runner, path: str, x: DeviceTensor, block: Block | Layer, view: View
) -> DeviceTensor:
    """What norm and perceptron make of x."""
    y = run.layer_norm(f"{path}.norm", x, block.norm, view)
    gelu = Function(f"{path}.gelu", "gelu")
    y = run.linear(f"{path}.up", y, block.up, view, then=gelu)
    return run.linear(f"{path}.down", y, block.down, view)
