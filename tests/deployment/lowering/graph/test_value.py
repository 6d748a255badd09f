from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.deployment.lowering.graph.moves import Moves
from lightning_v2.deployment.lowering.graph.value import Refusal, Value, blocks, stored
from tests.deployment import plain_ops

SHAPE = (1, 6, 4, 32)
moves = Moves(plain_ops)


@st.composite
def layouts(draw):
    """An order of the axes of `SHAPE`, and where the axes of the tensor begin in it."""
    order = draw(st.permutations(range(len(SHAPE))))
    starts = sorted({0, *draw(st.sets(st.integers(1, 3), min_size=1))})
    bounds = [*starts, len(SHAPE)]
    return tuple(tuple(order[a:b]) for a, b in pairwise(bounds))


def value(groups, padding=0):
    """Numbers from 0 on, and the value that holds them; its first axis of each group is padded."""
    x = torch.arange(768.0).reshape(SHAPE)
    sizes = dict(enumerate(SHAPE))
    sizes |= {group[0]: SHAPE[group[0]] + padding for group in groups}
    return x, Value(stored(x, groups, sizes), SHAPE, groups, "float32")


@given(layouts(), st.integers(0, 3))
def test_what_is_stored_is_seen_again(groups, padding):
    x, held = value(groups, padding)
    assert torch.equal(held.seen(held.tensor), x)


@given(layouts(), layouts())
def test_other_orders_hold_the_same(groups, wanted):
    x, held = value(groups)
    moved = moves.arranged(held, wanted)
    assert moved.groups == wanted
    assert torch.equal(moved.seen(moved.tensor), x)


@given(layouts(), st.permutations(range(len(SHAPE))))
def test_a_transpose_moves_nothing(groups, order):
    x, held = value(groups, 2)
    turned = held.transposed(order)
    assert turned.tensor is held.tensor
    assert torch.equal(turned.seen(turned.tensor), x.permute(order))


@given(layouts(), st.sampled_from([(24, 32), (6, 128), (1, 6, 1, 4, 8, 4), (2, 3, 4, 32), (768,)]))
def test_reshapes(groups, shape):
    x, held = value(groups)
    found = moves.reshaped(held, shape)
    assert found.shape == shape
    assert torch.equal(found.seen(found.tensor), x.reshape(shape))


@given(layouts(), st.integers(0, 3), st.data())
def test_parts(groups, axis, data):
    x, held = value(groups)
    start = data.draw(st.integers(0, SHAPE[axis] - 1))
    stop = data.draw(st.integers(start + 1, SHAPE[axis]))
    part = moves.cut(held, axis, start, stop)
    wanted = x.narrow(axis, start, stop - start)
    assert torch.equal(part.seen(part.tensor), wanted)
    both = moves.joined([part, part], axis)
    assert torch.equal(both.seen(both.tensor), torch.cat([wanted, wanted], axis))


def test_padding_never_lies_inside_an_axis():
    _, held = value(((0,), (1,), (2,), (3,)), padding=2)
    with pytest.raises(Refusal, match="padding would lie inside an axis"):
        moves.reshaped(held, (1, 6, 128))


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ((6, 4), (24,), [([0, 1], [0])]),
        ((24,), (1, 6, 4), [([0], [1, 2])]),
        ((6, 1, 4), (2, 3, 4), [([0], [0, 1]), ([2], [2])]),
        ((4, 6), (6, 4), [([0, 1], [0, 1])]),
    ],
)
def test_blocks(old, new, wanted):
    assert blocks(old, new) == wanted
