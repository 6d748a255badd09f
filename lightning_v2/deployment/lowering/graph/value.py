"""How a value of a graph lies on the device.

A graph moves axes all the time: channels before frames for a convolution, frames before channels
for a norm, heads beside frames. On the device most of that is a change of names. A tensor there
says for each of its axes which axes of the value it holds, so that a transpose moves nothing until
an operation asks for another order.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from torch import Tensor

from lightning_v2.errors import LightningError

Groups = tuple[tuple[int, ...], ...]
"""For each axis of a tensor the axes of the value that it holds, the slowest first."""

Names = Mapping[int, tuple[int, ...]]
"""Axis of a value -> the axes that stand in its place; none: it is left out."""


class Refusal(LightningError, NotImplementedError):
    """A node that no device operation is known for; the message is the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A value of the graph, on the device.

    Attributes:
        tensor: of the device. An axis of it may be longer than what it holds: the rest is padding.
        shape: of the value, as the graph has it.
        groups: which axes of `shape` each axis of `tensor` holds. Axes of length 1 may be missing.
        dtype: the format of `tensor`.
        zeros: axes of `shape` whose padding holds zeros.
    """

    tensor: Any
    shape: tuple[int, ...]
    groups: Groups
    dtype: str
    zeros: frozenset[int] = frozenset()

    @property
    def sizes(self) -> dict[int, int]:
        """Axis of `shape` -> its length on the device, padding and all.

        Raises:
            Refusal: padding does not lie at the end of an axis.
        """
        found = dict(enumerate(self.shape))
        for group, size in zip(self.groups, self.tensor.shape, strict=True):
            if group:
                inner = math.prod(self.shape[axis] for axis in group[1:])
                if size % inner:
                    raise Refusal("padding would lie inside an axis")
                found[group[0]] = size // inner
        return found

    def is_padded(self, axis: int) -> bool:
        """Whether an axis is longer on the device."""
        return self.sizes[axis] != self.shape[axis]

    def place(self, axis: int) -> int | None:
        """The axis of `tensor` that holds an axis of the value."""
        return next((i for i, group in enumerate(self.groups) if axis in group), None)

    def renamed(self, names: Names, shape: Sequence[int]) -> Self:
        """The same tensor, held to be a value of another shape."""
        groups = tuple(
            tuple(new for axis in group for new in names.get(axis, ())) for group in self.groups
        )
        zeros = frozenset(names[axis][0] for axis in self.zeros if names.get(axis))
        return replace(self, shape=tuple(shape), groups=groups, zeros=zeros)

    def transposed(self, order: Sequence[int]) -> Self:
        """Axis `order[i]` becomes axis i."""
        names = {old: (new,) for new, old in enumerate(order)}
        return self.renamed(names, [self.shape[axis] for axis in order])

    def squeezed(self, axes: Sequence[int]) -> Self:
        """Without these axes of length 1."""
        kept = [axis for axis in range(len(self.shape)) if axis not in axes]
        names = {old: (new,) for new, old in enumerate(kept)}
        return self.renamed(names, [self.shape[axis] for axis in kept])

    def unsqueezed(self, axes: Sequence[int]) -> Self:
        """With axes of length 1 at these places of the result."""
        rest = iter(range(len(self.shape)))
        names, shape = {}, []
        for new in range(len(self.shape) + len(axes)):
            if new in axes:
                shape.append(1)
            else:
                old = next(rest)
                names[old] = (new,)
                shape.append(self.shape[old])
        return self.renamed(names, shape)

    def seen(self, values: Tensor) -> Tensor:
        """`tensor`, fetched by the host, as the graph has the value."""
        for i, group in enumerate(self.groups):
            values = values.narrow(i, 0, math.prod(self.shape[axis] for axis in group))
        held = [axis for group in self.groups for axis in group]
        missing = [axis for axis in range(len(self.shape)) if axis not in held]
        values = values.reshape([self.shape[axis] for axis in (*held, *missing)])
        order = {axis: i for i, axis in enumerate((*held, *missing))}
        return values.permute([order[axis] for axis in range(len(self.shape))])


def stored(x: Tensor, groups: Groups, sizes: Mapping[int, int]) -> Tensor:
    """A tensor of the host as a value with these groups lies on the device, padded with zeros.

    sizes: axis of x -> its length there.
    """
    held = [axis for group in groups for axis in group]
    missing = [axis for axis in range(x.dim()) if axis not in held]
    values = x.permute(*held, *missing).reshape([x.shape[axis] for axis in held])
    for i, axis in enumerate(held):
        if sizes[axis] != values.shape[i]:
            padded = values.new_zeros([*values.shape[:i], sizes[axis], *values.shape[i + 1 :]])
            padded.narrow(i, 0, values.shape[i]).copy_(values)
            values = padded
    return values.reshape([math.prod(sizes[axis] for axis in group) for group in groups])


def blocks(old: Sequence[int], new: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Which axes of a shape become which of another one of as many values, in the smallest parts.

    Axes of length 1 are in none of them.
    """
    before = [axis for axis, size in enumerate(old) if size != 1]
    behind = [axis for axis, size in enumerate(new) if size != 1]
    parts = []
    while before or behind:
        mine, theirs = [before.pop(0)], [behind.pop(0)]
        left, right = old[mine[0]], new[theirs[0]]
        while left != right:
            if left < right:
                mine.append(before.pop(0))
                left *= old[mine[-1]]
            else:
                theirs.append(behind.pop(0))
                right *= new[theirs[-1]]
        parts.append((mine, theirs))
    return parts
