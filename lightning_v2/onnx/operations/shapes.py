"""Shapes, and values that change place: nothing is computed."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.operations.table import (
    Function,
    Given,
    has_input,
    integers,
    moving,
    refuse,
    simple,
    torch_type,
)


def _shape(node: Node, given: Given) -> Function:
    start, end = node.attributes.get("start", 0), node.attributes.get("end")
    return lambda x: torch.tensor(x.shape[start:end], dtype=torch.int64)


def _size(x: Tensor) -> Tensor:
    return torch.tensor(x.numel())


def _cast(node: Node, given: Given) -> Function:
    to = torch_type(node.attributes["to"])
    return lambda x: x.to(to)


def _reshape(node: Node, given: Given) -> Function:
    zero_stays, known = not node.attributes.get("allowzero"), integers(node, given, "shape", 1)

    def reshape(x: Tensor, shape: Tensor | None = None) -> Tensor:
        sizes = known if known is not None else shape.tolist()
        if zero_stays and 0 in sizes:
            sizes = [x.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
        return x.reshape(sizes)

    return reshape


def _flatten(node: Node, given: Given) -> Function:
    axis = node.attributes.get("axis", 1)

    def flatten(x: Tensor) -> Tensor:
        rows = int(np.prod(x.shape[:axis], dtype=int))
        return x.reshape(rows, -1) if x.numel() else x.reshape(rows, 0)

    return flatten


def _squeeze(node: Node, given: Given) -> Function:
    known = integers(node, given, "axes", 1)
    if known is not None:
        return lambda x, *_: x.squeeze(tuple(known))
    if has_input(node, 1):
        return lambda x, axes: x.squeeze(tuple(axes.tolist()))
    return lambda x: x.squeeze()


def _unsqueeze(node: Node, given: Given) -> Function:
    known = integers(node, given, "axes", 1)

    def unsqueeze(x: Tensor, axes: Tensor | None = None) -> Tensor:
        places = known if known is not None else axes.tolist()
        ndim = x.ndim + len(places)
        for axis in sorted(axis % ndim for axis in places):
            x = x.unsqueeze(axis)
        return x

    return unsqueeze


def _transpose(node: Node, given: Given) -> Function:
    order = node.attributes.get("perm")
    return lambda x: x.permute(order or list(range(x.ndim))[::-1])


def _concat(node: Node, given: Given) -> Function:
    axis = node.attributes["axis"]
    return lambda *xs: torch.cat(xs, axis)


def _split(node: Node, given: Given) -> Function:
    axis, parts = node.attributes.get("axis", 0), len(node.outputs)
    known = integers(node, given, "split", 1)

    def split(x: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, ...]:
        if known is not None:
            return x.split(known, axis)
        if sizes is not None:
            return x.split(sizes.tolist(), axis)
        return x.split(-(-x.shape[axis] // parts), axis)

    return split


def _slice(node: Node, given: Given) -> Function:
    names = ("starts", "ends", "axes", "steps")
    known = [integers(node, given, name, i) for i, name in enumerate(names, 1)]

    def cut(x: Tensor, *bounds: Tensor | None) -> Tensor:
        found = list(known)
        for i, bound in enumerate(bounds):
            if found[i] is None and bound is not None:
                found[i] = bound.tolist()
        starts, ends, axes, steps = found
        axes = range(len(starts)) if axes is None else axes
        steps = [1] * len(starts) if steps is None else steps
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
            if step > 0:
                size = x.shape[axis]
                first, last, _ = slice(start, end, step).indices(size)
                if (first, last, step) != (0, size, 1):
                    x = x.narrow(axis, first, max(0, last - first))
                    x = (
                        x
                        if step == 1
                        else x.index_select(axis, torch.arange(0, x.shape[axis], step))
                    )
            else:
                picked = list(_backwards(start, end, step, x.shape[axis]))
                x = x.index_select(axis, torch.tensor(picked, dtype=torch.int64))
        return x

    return cut


def _backwards(start: int, end: int, step: int, size: int) -> range:
    """Indices of a cut with a negative step; before the start is the start, unlike in Python."""
    start, end = (place + size if place < 0 else place for place in (start, end))
    return range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step)


def _expand(node: Node, given: Given) -> Function:
    known = integers(node, given, "shape", 1)

    def expand(x: Tensor, shape: Tensor | None = None) -> Tensor:
        sizes = known if known is not None else shape.tolist()
        return x.expand(torch.broadcast_shapes(x.shape, tuple(sizes)))

    return expand


def _tile(x: Tensor, repeats: Tensor) -> Tensor:
    return x.repeat(repeats.tolist())


def _constant_of_shape(node: Node, given: Given) -> Function:
    value = node.attributes.get("value")
    filled = torch.zeros(1) if value is None else torch.from_numpy(np.array(value).reshape(1))
    return lambda shape: filled.expand(shape.tolist()).clone()


def _range(start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    return torch.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)


def _eye_like(node: Node, given: Given) -> Function:
    to, k = node.attributes.get("dtype"), node.attributes.get("k", 0)

    def eye(x: Tensor) -> Tensor:
        ones = torch.ones(x.shape, dtype=torch_type(to) if to else x.dtype)
        return ones.triu(k) - ones.triu(k + 1)

    return eye


def _trilu(node: Node, given: Given) -> Function:
    function = torch.triu if node.attributes.get("upper", 1) else torch.tril
    return lambda x, k=None: function(x, 0 if k is None else int(k))


_PADDING = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def _pad(node: Node, given: Given) -> Function:
    mode = node.attributes.get("mode", "constant")
    if mode not in _PADDING:
        raise refuse(node, f"pads by {mode!r}, known are {', '.join(_PADDING)}")
    known, axes = integers(node, given, "pads", 1), integers(node, given, "axes", 3)
    if has_input(node, 3) and axes is None:
        raise refuse(node, "computes which axes to pad")
    fixed = node.attributes.get("value", 0.0)

    def pad(
        x: Tensor, pads: Tensor | None = None, value: Tensor | None = None, *_: Tensor
    ) -> Tensor:
        given_sides = known if known is not None else pads.tolist()
        places = range(x.ndim) if axes is None else [axis % x.ndim for axis in axes]
        sides = [(0, 0)] * x.ndim
        for i, axis in enumerate(places):
            sides[axis] = given_sides[i], given_sides[i + len(places)]
        around = [side for pair in reversed(sides) for side in pair]
        if mode == "constant":
            return F.pad(x, around, value=fixed if value is None else value.item())
        while around and around[-2:] == [0, 0]:
            del around[-2:]
        axes_padded = len(around) // 2
        lead = x.shape[: x.ndim - axes_padded]
        flat = x.reshape(1, -1, *x.shape[x.ndim - axes_padded :])  # torch pads the last axes alone
        padded = F.pad(flat, around, mode=_PADDING[mode])
        return padded.reshape(*lead, *padded.shape[2:])

    return pad


def _identity(x: Tensor, *_: Tensor | None) -> Tensor:
    return x


def _depth_to_space(node: Node, given: Given) -> Function:
    size, mode = node.attributes["blocksize"], node.attributes.get("mode", "DCR")
    if mode == "CRD":
        return lambda x: F.pixel_shuffle(x, size)

    def rearranged(x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        blocks = x.reshape(b, size, size, c // size**2, h, w).permute(0, 3, 4, 1, 5, 2)
        return blocks.reshape(b, c // size**2, h * size, w * size)

    return rearranged


def _space_to_depth(node: Node, given: Given) -> Function:
    size = node.attributes["blocksize"]

    def rearranged(x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        blocks = x.reshape(b, c, h // size, size, w // size, size).permute(0, 3, 5, 1, 2, 4)
        return blocks.reshape(b, c * size**2, h // size, w // size)

    return rearranged


SHAPES = moving(
    {
        "Cast": _cast,
        "CastLike": simple(lambda x, like: x.to(like.dtype)),
        "Concat": _concat,
        "ConstantOfShape": _constant_of_shape,
        "DepthToSpace": _depth_to_space,
        "Dropout": simple(_identity),
        "Expand": _expand,
        "EyeLike": _eye_like,
        "Flatten": _flatten,
        "Identity": simple(_identity),
        "Pad": _pad,
        "Range": simple(_range),
        "Reshape": _reshape,
        "Shape": _shape,
        "Size": simple(_size),
        "Slice": _slice,
        "SpaceToDepth": _space_to_depth,
        "Split": _split,
        "Squeeze": _squeeze,
        "Tile": simple(_tile),
        "Transpose": _transpose,
        "TransposeLast": simple(lambda x: x.mT),
        "Trilu": _trilu,
        "Unsqueeze": _unsqueeze,
    }
)
"""`TransposeLast` is none of ONNX's: expansions make it of products that turn an operand."""
