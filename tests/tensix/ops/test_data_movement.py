"""Moves of values: against NumPy, and for block floats against the rule in plain arithmetic."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lightning_v2.tensix.numbers.tensor import Tensor, from_torch
from lightning_v2.tensix.ops import data_movement as move

FORMATS = ("float32", "bfloat16", "bfloat8_b", "bfloat4_b")
BLOCKS = FORMATS[2:]

arrays = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=4, max_side=20),
    elements=st.floats(-100, 100, width=32, allow_subnormal=False).filter(
        lambda v: v == 0 or abs(v) > 1e-6
    ),
)


def repacked(values, dtype):
    """Groups of 16 on the last axis, nearest on 7 bits below the largest, ties away; or 3, cut."""
    width = values.shape[-1]
    padded = np.pad(values.astype(np.float64), [(0, 0)] * (values.ndim - 1) + [(0, -width % 16)])
    groups = padded.reshape(-1, 16)
    largest = np.abs(groups).max(1, keepdims=True)
    unit = 2.0 ** (np.frexp(largest)[1] - 7)
    codes = np.minimum(np.floor(np.abs(groups) / unit + 0.5), 127)
    if dtype == "bfloat4_b":
        codes = codes // 16 * 16
    result = np.copysign(codes * unit, groups) + 0.0
    return result.reshape(*padded.shape)[..., :width].astype(np.float32)


def expected(values, dtype):
    return repacked(values, dtype) if dtype in BLOCKS else values


def assert_same(y, values, dtype):
    assert isinstance(y, Tensor) and y.dtype == dtype
    np.testing.assert_array_equal(y.values.numpy(), expected(values, dtype))


def as_rows(dtype):
    """What a tensor becomes whose tiles are taken apart."""
    return "bfloat16" if dtype in BLOCKS else dtype


@pytest.mark.parametrize("dtype", FORMATS)
@settings(max_examples=30, deadline=None)
@given(array=arrays, data=st.data())
def test_orders_of_axes(dtype, array, data):
    x = from_torch(torch.from_numpy(array), dtype)
    stored = x.values.numpy()
    dims = data.draw(st.permutations(range(array.ndim)))
    assert_same(move.permute(x, dims), stored.transpose(dims), dtype)
    one, two = data.draw(st.tuples(*[st.integers(-array.ndim, array.ndim - 1)] * 2))
    assert_same(move.transpose(x, one, two), np.swapaxes(stored, one, two), dtype)


@pytest.mark.parametrize("dtype", FORMATS)
@settings(max_examples=30, deadline=None)
@given(array=arrays, data=st.data())
def test_other_shapes_and_parts(dtype, array, data):
    x = from_torch(torch.from_numpy(array), dtype)
    stored = x.values.numpy()
    for shape in ((-1,), (-1, array.shape[0]), stored.T.shape):
        assert_same(move.reshape(x, shape), stored.reshape(shape), dtype)
    starts = [data.draw(st.integers(0, n - 1)) for n in array.shape]
    ends = [data.draw(st.integers(a + 1, n)) for a, n in zip(starts, array.shape, strict=True)]
    part = stored[tuple(map(slice, starts, ends))]
    assert_same(move.slice(x, starts, ends), part, as_rows(dtype) if any(starts[-2:]) else dtype)
    pads = [data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in array.shape]
    padded = np.pad(stored, pads, constant_values=-1.5)
    assert_same(move.pad(x, pads, -1.5), padded, dtype)


@pytest.mark.parametrize("dtype", FORMATS)
@settings(max_examples=30, deadline=None)
@given(array=arrays, data=st.data())
def test_joins(dtype, array, data):
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    x = from_torch(torch.from_numpy(array), dtype)
    half = move.slice(x, [0] * array.ndim, [-(-n // 2) for n in array.shape])
    other = from_torch(torch.from_numpy(np.take(array, [0], axis)), dtype)
    joined = np.concatenate([x.values, other.values, x.values], axis)
    inside = axis % array.ndim >= array.ndim - 2  # of tiles, which no side here fills
    assert_same(move.concat([x, other, x], axis), joined, as_rows(dtype) if inside else dtype)
    assert_same(move.concat([half], -1), half.values.numpy(), as_rows(dtype))


def test_groups_that_stay_lose_nothing():
    x = from_torch(torch.randn(3, 64, generator=torch.Generator().manual_seed(1)), "bfloat4_b")
    parts = [move.slice(x, (0, start), (3, start + 32)) for start in (0, 32)]
    joined = move.concat(parts, -1)
    assert joined.dtype == x.dtype and torch.equal(joined.values, x.values)
    assert torch.equal(move.reshape(x, (12, 16)).values.reshape(3, 64), x.values)


def test_new_groups_lose_what_is_small_beside_the_rest():
    x = from_torch(torch.tensor([[1.0] * 16, [2**-8] * 16]), "bfloat8_b")
    assert x.values[1, 0] == 2**-8
    moved = move.transpose(x, 0, 1).values
    assert (moved[:, 0] == 1).all() and (moved[:, 1] == 0).all()


@pytest.mark.parametrize("dtype", FORMATS[:2])
def test_rows_of_a_table(dtype):
    table = from_torch(torch.randn(7, 5), dtype)
    indices = torch.tensor([[6, 0], [3, 3]])
    rows = move.embedding(indices, table)
    assert rows.dtype == dtype and torch.equal(rows.values, table.values[indices])


def test_gradients_pass():
    x = torch.randn(3, 20, requires_grad=True)
    y = move.concat([move.permute(from_torch(x, "bfloat8_b"), (1, 0))] * 2, -1)
    move.slice(y, (0, 1), (20, 6)).values.sum().backward()
    assert torch.equal(x.grad, torch.tensor([1.0, 2.0, 2.0])[:, None].expand(3, 20))


X = from_torch(torch.zeros(2, 3), "bfloat16")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: move.reshape(X, (4, 2)), r"shape is \(4, 2\); legal are shapes of 6 values"),
        (lambda: move.reshape(X, (-1, -1)), r"shape is \(-1, -1\); .* one may be -1"),
        (lambda: move.reshape(X, (-2, -3)), r"shape is \(-2, -3\)"),
        (lambda: move.permute(X, (0, 0)), r"dims is \(0, 0\); legal are orders of 0 to 1"),
        (lambda: move.permute(X, (0,)), r"dims is \(0,\)"),
        (lambda: move.transpose(X, 0, 2), "dim2 is 2; legal are axes -2 to 1"),
        (lambda: move.concat([]), "tensors is empty"),
        (lambda: move.concat([X], 5), "dim is 5; legal are axes -2 to 1"),
        (
            lambda: move.concat([X, move.reshape(X, (3, 2))]),
            r"tensors\[1\] is bfloat16 \(3, 2\); legal is bfloat16 \(2, 3\) with any length of",
        ),
        (
            lambda: move.concat([X, from_torch(torch.zeros(2, 3), "float32")]),
            r"tensors\[1\] is float32 \(2, 3\)",
        ),
        (
            lambda: move.slice(X, (0, 0), (2, 4)),
            r"slice_start is \(0, 0\) and slice_end \(2, 4\); legal are .* \(2, 3\) on every axis",
        ),
        (lambda: move.slice(X, (0,), (2,)), r"slice_start is \(0,\)"),
        (lambda: move.slice(X, (1, 1), (1, 2)), r"slice_start is \(1, 1\)"),
        (lambda: move.pad(X, [(1, 1)]), r"padding is \(\(1, 1\),\); legal are 2 pairs"),
        (lambda: move.pad(X, [(0, -1), (0, 0)]), "padding is"),
        (lambda: move.pad(X, [(0, 1), (0, 0)], 0.1), "value is 0.1; legal are values of bfloat16"),
        (
            lambda: move.embedding(torch.tensor([2]), X),
            "input_tensor holds 2; legal are rows, 0 to 1",
        ),
        (
            lambda: move.embedding(torch.tensor([0]), from_torch(torch.zeros(2, 3), "bfloat8_b")),
            r"weight is bfloat8_b \(2, 3\); legal is bfloat16 or float32 \(R, C\)",
        ),
    ],
)
def test_values_that_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: move.reshape(torch.zeros(2), (2,)), "input_tensor is a Tensor; legal is a tensix"),
        (lambda: move.concat([X, 3]), r"tensors\[1\] is a int"),
        (
            lambda: move.embedding(torch.tensor([0.5]), X),
            "x holds torch.float32; legal as uint32 are int32",
        ),
        (lambda: move.embedding([0], X), "input_tensor is a list; legal is a tensix.Tensor"),
    ],
)
def test_types_that_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()
