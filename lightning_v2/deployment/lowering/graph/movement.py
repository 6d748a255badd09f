"""What a graph only moves: on the device, or a change of names."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.deployment.lowering.graph.runner import GraphRunner, padded
from lightning_v2.deployment.lowering.graph.value import Refusal, Value, stored
from lightning_v2.onnx.graph import Node

Lowering = Callable[..., Value | tuple[Value, ...]]


def _integers(node: Node, attribute: str, given: Tensor | None) -> list[int] | None:
    """What older opsets have in an attribute, and newer ones in an input."""
    if attribute in node.attributes:
        return [int(x) for x in np.atleast_1d(node.attributes[attribute])]
    return None if given is None else [int(x) for x in given.reshape(-1)]


def _transpose(run: GraphRunner, node: Node, name: str, x: Value) -> Value:
    rank = len(x.shape)
    return x.transposed(node.attributes.get("perm") or list(range(rank))[::-1])


def _transpose_last(run: GraphRunner, node: Node, name: str, x: Value) -> Value:
    rank = len(x.shape)
    return x.transposed([*range(rank - 2), rank - 1, rank - 2])


def _reshape(
    run: GraphRunner, node: Node, name: str, x: Value, shape: Tensor | None = None
) -> Value:
    sizes = _integers(node, "shape", shape)
    if not node.attributes.get("allowzero"):
        sizes = [x.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
    whole = int(np.prod(x.shape))
    rest = int(np.prod([size for size in sizes if size != -1]))
    return run.moves.reshaped(x, [whole // rest if size == -1 else size for size in sizes])


def _flatten(run: GraphRunner, node: Node, name: str, x: Value) -> Value:
    axis = node.attributes.get("axis", 1)
    rows = int(np.prod(x.shape[:axis]))
    return run.moves.reshaped(x, (rows, int(np.prod(x.shape)) // rows))


def _squeeze(
    run: GraphRunner, node: Node, name: str, x: Value, axes: Tensor | None = None
) -> Value:
    places = _integers(node, "axes", axes)
    if places is None:
        places = [axis for axis, size in enumerate(x.shape) if size == 1]
    return x.squeezed([axis % len(x.shape) for axis in places])


def _unsqueeze(
    run: GraphRunner, node: Node, name: str, x: Value, axes: Tensor | None = None
) -> Value:
    places = _integers(node, "axes", axes)
    rank = len(x.shape) + len(places)
    return x.unsqueezed([axis % rank for axis in places])


def _slice(run: GraphRunner, node: Node, name: str, x: Value, *bounds: Tensor | None) -> Value:
    given = dict(zip(("starts", "ends", "axes", "steps"), bounds, strict=False))
    starts, ends, axes, steps = (
        _integers(node, key, given.get(key)) for key in ("starts", "ends", "axes", "steps")
    )
    axes = range(len(starts)) if axes is None else axes
    for axis, start, end, step in zip(axes, starts, ends, steps or [1] * len(starts), strict=True):
        if step != 1:
            raise Refusal("slices are lowered with a step of 1")
        first, last, _ = slice(start, end).indices(x.shape[axis])
        x = run.moves.cut(x, axis, first, max(first, last))
    return x


def _split(
    run: GraphRunner, node: Node, name: str, x: Value, sizes: Tensor | None = None
) -> tuple[Value, ...]:
    axis = node.attributes.get("axis", 0) % len(x.shape)
    count, lengths = len(node.outputs), _integers(node, "split", sizes)
    if lengths is None:
        each = -(-x.shape[axis] // count)
        lengths = [each] * (count - 1) + [x.shape[axis] - each * (count - 1)]
    parts, start = [], 0
    for length in lengths:
        parts.append(run.moves.cut(x, axis, start, start + length))
        start += length
    return tuple(parts)


def _concat(run: GraphRunner, node: Node, name: str, *values: object) -> Value:
    axis = node.attributes["axis"]
    present = [x for x in values if isinstance(x, Value)]
    lead = max(present, key=lambda x: np.prod(x.shape))
    axis %= len(lead.shape)
    lead = run.moves.alone(lead, axis)
    formats = {x.dtype for x in present}
    dtype = "float32" if "float32" in formats else "bfloat16"
    parts = []
    for i, x in enumerate(values):
        if isinstance(x, Value):
            part = run.moves.arranged(x, lead.groups)
            part = replace(part, tensor=run.ops.typecast(part.tensor, dtype), dtype=dtype)
        else:
            sizes = {**lead.sizes, axis: x.shape[axis]}
            sent = run.sent(f"{name}.{i}", stored(x.detach().float(), lead.groups, sizes), dtype)
            part = Value(sent, tuple(x.shape), lead.groups, dtype)
        parts.append(part)
    return run.moves.joined(parts, axis)


def _repeat(run: GraphRunner, node: Node, name: str, x: Value, given: Tensor) -> Value:
    """`Tile`, and `Expand` as one of axes of length 1."""
    times = [int(n) for n in given]
    if node.op == "Expand":
        rank = max(len(times), len(x.shape))
        x = x.unsqueezed(range(rank - len(x.shape)))
        times = [1] * (rank - len(times)) + times
        times = [1 if size == n else n for size, n in zip(x.shape, times, strict=True)]
    for axis, n in enumerate(times):
        if n != 1 and x.shape[axis] != 1:
            raise Refusal("values are repeated along axes of length 1 only")
        x = run.moves.repeated(x, axis, n)
    return x


def _gather(run: GraphRunner, node: Node, name: str, x: object, index: object) -> Value:
    if not isinstance(index, Tensor) or index.is_floating_point():
        raise Refusal("its indices are computed on the device")
    axis = node.attributes.get("axis", 0)
    if isinstance(x, nn.Parameter):
        if axis or x.dim() != 2:
            raise Refusal("tables are looked up by rows")
        table = run.table(name, x)
        return _looked_up(run, name, table, index, x.shape[0], [x.shape[1]], run.rows_dtype(name))
    axis %= len(x.shape)
    if index.dim() == 0:
        place = int(index) % x.shape[axis]
        return run.moves.cut(x, axis, place, place + 1).squeezed([axis])
    if index.dim() != 1:
        raise Refusal("values are looked up by indices of one axis")
    others = [a for group in x.groups for a in group if a != axis and x.shape[a] != 1]
    rows = run.moves.table(x, axis)
    dtype = run.moves.movable(x).dtype
    wide = [x.shape[a] for a in others]
    found = _looked_up(run, name, rows, index, x.shape[axis], wide, dtype)
    # (index, *others) -> the axes of x
    rest = [a for a in range(len(x.shape)) if a not in (axis, *others)]
    order = {a: i for i, a in enumerate((axis, *others))}
    found = found.transposed([order[a] for a in range(len(x.shape)) if a in order])
    return found.unsqueezed(rest)


def _looked_up(
    run: GraphRunner,
    name: str,
    table: object,
    index: Tensor,
    count: int,
    wide: Sequence[int],
    dtype: str,
) -> Value:
    """Rows of a table of `count` rows of `wide` values: (*index, *wide)."""
    index = torch.where(index < 0, index + count, index)
    shape = tuple(index.shape)
    size = padded(shape[-1])
    flat = torch.zeros(int(np.prod(shape[:-1])), size, dtype=torch.int64)
    flat[:, : shape[-1]] = index.reshape(-1, shape[-1])
    tensor = run.ops.embedding(run.sent(f"{name}.indices", flat, "uint32"), table)
    lead, rank = tuple(range(len(shape) - 1)), len(shape)
    groups = (lead, (rank - 1,), tuple(range(rank, rank + len(wide))))
    return Value(tensor, (*shape, *wide), groups, dtype)


def _same(run: GraphRunner, node: Node, name: str, x: Value, *_: object) -> Value:
    return x


MOVEMENT: dict[str, Lowering] = {
    "Cast": _same,
    "CastLike": _same,
    "Concat": _concat,
    "Dropout": _same,
    "Expand": _repeat,
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": _same,
    "Reshape": _reshape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _repeat,
    "Transpose": _transpose,
    "TransposeLast": _transpose_last,
    "Unsqueeze": _unsqueeze,
}
"""ONNX operation on values of the device -> (runner, node, name, *operands) -> value or values."""
