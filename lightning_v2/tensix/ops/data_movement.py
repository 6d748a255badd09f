"""Operations that move values and compute nothing, with ttnn's names and order of arguments.

Values stay as they are but in block floats: where a move forms new groups of 16 along the last
axis, the device converts to bfloat16, moves, and converts back (`ttnn.typecast`; docs/numerics.md,
section 5), so that small values lose bits beside larger ones. `concat` and `slice` leave
bfloat16 where they cannot move whole tiles. Where the packer writes bfloat16 again (there, and
where rows become columns), -0 and denormals become +0 and NaN inf.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers import formats
from lightning_v2.tensix.numbers.tensor import Tensor, checked, from_torch, uint32


def reshape(input_tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """The same values in row-major order as another `shape`, in which one length may be -1.

    Raises:
        TypeError: input_tensor is no `tensix.Tensor`.
        ArgumentError: `shape` holds another number of values.
    """
    values, shape = checked("input_tensor", input_tensor).values, tuple(shape)
    known = math.prod(n for n in shape if n != -1)
    rest = values.numel() // known if -1 in shape and known else 1
    if shape.count(-1) > 1 or min(shape, default=0) < -1 or known * rest != values.numel():
        count = values.numel()
        raise ArgumentError(f"shape is {shape}; legal are shapes of {count} values, one may be -1")
    return _moved(values.reshape(shape), input_tensor)


def permute(input_tensor: Tensor, dims: Sequence[int]) -> Tensor:
    """Axis `dims[i]` of the input becomes axis i.

    Raises:
        TypeError: input_tensor is no `tensix.Tensor`.
        ArgumentError: `dims` is no order of its axes.
    """
    values, rank = checked("input_tensor", input_tensor).values, len(input_tensor.shape)
    if sorted(d + rank if d < 0 else d for d in dims) != list(range(rank)):
        raise ArgumentError(f"dims is {tuple(dims)}; legal are orders of 0 to {rank - 1}")
    turned = rank > 1 and dims[-1] % rank == rank - 2 and dims[-2] % rank == rank - 1
    return _moved(values.permute(*dims), input_tensor, repacked=turned)


def transpose(input_tensor: Tensor, dim1: int, dim2: int) -> Tensor:
    """Axes `dim1` and `dim2` change places.

    Raises:
        TypeError: input_tensor is no `tensix.Tensor`. ArgumentError: it has no such axis.
    """
    rank = len(checked("input_tensor", input_tensor).shape)
    axes = _axis("dim1", dim1, rank), _axis("dim2", dim2, rank)
    turned = set(axes) == {rank - 2, rank - 1}
    return _moved(input_tensor.values.transpose(*axes), input_tensor, repacked=turned)


def concat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one format, and of one shape but for axis `dim`, one after the other along it.

    Block floats become bfloat16 where `dim` is one of the last two axes and a length no multiple of
    32.

    Raises:
        TypeError: an entry is no `tensix.Tensor`.
        ArgumentError: there is none, formats or shapes differ, or there is no such axis.
    """
    if not tensors:
        raise ArgumentError("tensors is empty; legal are one or more")
    first = checked("tensors[0]", tensors[0])
    axis = _axis("dim", dim, len(first.shape))
    for i, x in enumerate(tensors):
        shape = list(checked(f"tensors[{i}]", x).shape)
        shape[axis : axis + 1] = first.shape[axis : axis + 1]
        if x.dtype != first.dtype or shape != list(first.shape):
            raise ArgumentError(
                f"tensors[{i}] is {x.dtype} {tuple(x.shape)}; legal is {first.dtype} "
                f"{tuple(first.shape)} with any length of axis {axis}"
            )
    values = torch.cat([x.values for x in tensors], axis)
    if axis >= values.dim() - 2 and any(x.shape[axis] % formats.TILE for x in tensors):
        return _without_tiles(values, first)
    return _moved(values, first)


def slice(input_tensor: Tensor, slice_start: Sequence[int], slice_end: Sequence[int]) -> Tensor:
    """The part from `slice_start` up to, but without, `slice_end`: a number each for every axis.

    Block floats become bfloat16 where it starts inside a tile.

    Raises:
        TypeError: input_tensor is no `tensix.Tensor`.
        ArgumentError: not one number for each axis, or a part that is empty or not inside.
    """
    shape = tuple(checked("input_tensor", input_tensor).shape)
    start, end = tuple(slice_start), tuple(slice_end)
    inside = len(start) == len(end) == len(shape) and all(
        0 <= a < b <= length for a, b, length in zip(start, end, shape, strict=True)
    )
    if not inside:
        raise ArgumentError(
            f"slice_start is {start} and slice_end {end}; "
            f"legal are 0 <= start < end <= {shape} on every axis"
        )
    values = input_tensor.values
    for axis, (a, b) in enumerate(zip(start, end, strict=True)):
        values = values.narrow(axis, a, b - a)
    if any(a % formats.TILE for a in start[-2:]):
        return _without_tiles(values, input_tensor)
    return _moved(values, input_tensor)


def pad(input_tensor: Tensor, padding: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """`value` before and after the input, as many times as `padding` says for each axis.

    Args:
        input_tensor: any shape.
        padding: (before, after) for every axis, in their order.
        value: one that bfloat16 holds.

    Raises:
        TypeError: input_tensor is no `tensix.Tensor`.
        ArgumentError: not one pair for each axis, a negative number, or another value.
    """
    values, pairs = checked("input_tensor", input_tensor).values, tuple(map(tuple, padding))
    if len(pairs) != values.dim() or any(len(pair) != 2 or min(pair) < 0 for pair in pairs):
        raise ArgumentError(
            f"padding is {pairs}; legal are {values.dim()} pairs of numbers from 0 on"
        )
    if torch.tensor(float(value)).bfloat16().item() != value:
        raise ArgumentError(f"value is {value!r}; legal are values of bfloat16")
    around = [n for pair in reversed(pairs) for n in pair]
    return _moved(F.pad(values, around, value=value), input_tensor)


def split_query_key_value_and_split_heads(
    input_tensor: Tensor, *, num_heads: int, transpose_key: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values side by side to heads, as the function of `ttnn.transformer`.

    Args:
        input_tensor: (B, S, 3 * H * D).
        num_heads: H.
        transpose_key: keys as (B, H, D, S) instead of (B, H, S, D).

    Returns:
        (B, H, S, D) each, but for the keys.

    Raises:
        TypeError: input_tensor is no `tensix.Tensor`. ArgumentError: its shape does not fit.
    """
    shape = tuple(checked("input_tensor", input_tensor).shape)
    if len(shape) != 3 or shape[-1] % (3 * num_heads):
        raise ArgumentError(f"input_tensor has shape {shape}; legal is (B, S, 3 * {num_heads} * D)")
    split = input_tensor.values.view(*shape[:2], 3, num_heads, -1)
    query, key, value = split.permute(2, 0, 3, 1, 4)
    keys = _moved(key.transpose(2, 3) if transpose_key else key, input_tensor, transpose_key)
    return _moved(query, input_tensor), keys, _moved(value, input_tensor)


def concatenate_heads(input_tensor: Tensor) -> Tensor:
    """(B, H, S, D) -> (B, S, H * D), as the function of `ttnn.transformer`.

    Raises:
        TypeError: input_tensor is no `tensix.Tensor`. ArgumentError: it has not four axes.
    """
    values = checked("input_tensor", input_tensor).values
    if values.dim() != 4:
        raise ArgumentError(f"input_tensor has shape {tuple(values.shape)}; legal is (B, H, S, D)")
    return _moved(values.transpose(1, 2).flatten(2), input_tensor)


def embedding(
    input_tensor: Tensor | torch.Tensor, weight: Tensor, *, layout: str = "ROW_MAJOR"
) -> Tensor:
    """Rows of `weight`.

    Args:
        input_tensor: indices of any shape (...): a tensor of dtype uint32, or of torch's integers.
        weight: (R, C), bfloat16 or float32, which the device keeps in rows, not in tiles.
        layout: "ROW_MAJOR" or "TILE": how the device leaves the result, whose values are the same.

    Returns:
        (..., C) in the format of `weight`.

    Raises:
        TypeError: `input_tensor` holds no integers, or weight is no `tensix.Tensor`.
        ArgumentError: `weight` has other axes or a block format, or an index is not one of its
            rows.
    """
    if isinstance(input_tensor, torch.Tensor):
        input_tensor = from_torch(input_tensor, uint32)
    if checked("input_tensor", input_tensor).dtype != uint32:
        raise TypeError(f"input_tensor is {input_tensor.dtype}; legal is uint32")
    if checked("weight", weight).values.dim() != 2 or weight.dtype in formats.MAGNITUDE_BITS:
        raise ArgumentError(
            f"weight is {weight.dtype} {tuple(weight.shape)}; legal is bfloat16 or float32 (R, C)"
        )
    indices, rows = input_tensor.values, weight.shape[0]
    if indices.numel() and int(indices.max()) >= rows:
        raise ArgumentError(
            f"input_tensor holds {int(indices.max())}; legal are rows, 0 to {rows - 1}"
        )
    return Tensor(F.embedding(indices, weight.values), weight.dtype)


def _axis(name: str, dim: int, rank: int) -> int:
    if not -rank <= dim < rank:
        raise ArgumentError(f"{name} is {dim}; legal are axes {-rank} to {rank - 1}")
    return dim % rank


def _without_tiles(values: torch.Tensor, source: Tensor) -> Tensor:
    """`values`, moved out of `source` as rows: block floats do not become tiles again."""
    if source.dtype == "float32":
        return Tensor(values, source.dtype)
    return Tensor(formats.pack_device(values, "bfloat16"), "bfloat16")


def _moved(values: torch.Tensor, source: Tensor, repacked: bool = False) -> Tensor:
    """`values`, moved out of `source`; groups that are the same as before change nothing."""
    if repacked and source.dtype == "bfloat16":
        values = formats.pack_device(values, "bfloat16")
    if source.dtype in formats.MAGNITUDE_BITS:
        values = formats.typecast(values, source.dtype, source=source.dtype)
    return Tensor(values, source.dtype)
