"""Moves of values on the device: into another order of axes, cut, joined, looked up.

Block floats are moved as bfloat16, which holds all their values.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

from lightning_v2.deployment.lowering.constant import DeviceTensor
from lightning_v2.deployment.lowering.graph.value import Groups, Refusal, Value, blocks
from lightning_v2.tensix.numbers.formats import MAGNITUDE_BITS
from lightning_v2.tile import TILE


class Moves:
    """Moves with the operations of `ops`."""

    def __init__(self, ops: ModuleType):
        self._ops = ops

    def movable(self, x: Value) -> Value:
        """x in a format that may leave its tiles."""
        if x.dtype not in MAGNITUDE_BITS:
            return x
        return replace(x, tensor=self._ops.typecast(x.tensor, "bfloat16"), dtype="bfloat16")

    def arranged(self, x: Value, groups: Groups) -> Value:
        """x with other groups.

        Raises:
            Refusal: padding would lie inside an axis.
        """
        if x.groups == groups:
            return x
        x = self.movable(x)
        for fast in (self._turned, self._heads_apart, self._heads_joined):
            y = fast(x, groups)
            if y is not None:
                return y
        return self._by_single_axes(x, groups)

    def with_last(self, x: Value, axis: int) -> Value:
        """x with an axis by itself in the last place, the others as they are."""
        axis %= len(x.shape)
        groups = [tuple(a for a in group if a != axis) for group in x.groups]
        if x.place(axis) is not None and not groups[x.place(axis)]:
            del groups[x.place(axis)]
        rest = [*groups, (axis,)]
        return self.arranged(x, tuple([()] * (2 - len(rest)) + rest))

    def channels_last(self, x: Value) -> Value:
        """x (B, C, T) as (B, T, C)."""
        return self.arranged(x, ((0,), (2,), (1,)))

    def plain(self, x: Value) -> Value:
        """x with the axes of the graph."""
        return self.arranged(x, tuple((axis,) for axis in range(len(x.shape))))

    def alone(self, x: Value, axis: int) -> Value:
        """x with an axis by itself."""
        place = x.place(axis)
        if place is not None and x.groups[place] == (axis,):
            return x
        if place is None:
            return self.arranged(x, (*x.groups[:-1], (axis,), x.groups[-1]))
        group = x.groups[place]
        at = group.index(axis)
        parts = [part for part in (group[:at], (axis,), group[at + 1 :]) if part]
        return self.arranged(x, (*x.groups[:place], *parts, *x.groups[place + 1 :]))

    def reshaped(self, x: Value, shape: Sequence[int]) -> Value:
        """x as a value of another shape.

        Raises:
            Refusal: axes are neither split nor merged, but cut anew.
        """
        x = x.squeezed([axis for axis, size in enumerate(x.shape) if size == 1])
        small = [size for size in shape if size != 1]
        names = {}
        for mine, theirs in blocks(x.shape, small):
            if len(mine) > 1 < len(theirs):
                raise Refusal(f"it makes {tuple(shape)} of {x.shape} across the borders of axes")
            x = self._merged(x, mine) if len(mine) > 1 else x
            names[mine[0]] = tuple(theirs)
        x = x.renamed(names, small)
        return x.unsqueezed([axis for axis, size in enumerate(shape) if size == 1])

    def cut(self, x: Value, axis: int, start: int, stop: int) -> Value:
        """x from `start` up to `stop` along an axis.

        Raises:
            Refusal: the axis has padding.
        """
        axis %= len(x.shape)
        if (start, stop) == (0, x.shape[axis]):
            return x
        if x.is_padded(axis):
            raise Refusal("it cuts an axis whose length is that of a sentence")
        x = self.movable(self.alone(x, axis))
        place, shape = x.place(axis), list(x.shape)
        first, last = [0] * len(x.groups), list(x.tensor.shape)
        first[place], last[place], shape[axis] = start, stop, stop - start
        return replace(x, tensor=self._ops.slice(x.tensor, first, last), shape=tuple(shape))

    def joined(self, values: Sequence[Value], axis: int) -> Value:
        """Values of one format, one after the other along an axis.

        Raises:
            Refusal: the axis has padding.
        """
        axis %= len(values[0].shape)
        lead = self.alone(max(values, key=lambda x: math.prod(x.tensor.shape)), axis)
        parts = [self.movable(self.arranged(x, lead.groups)) for x in values]
        if any(x.is_padded(axis) for x in parts):
            raise Refusal("it joins values along an axis whose length is that of a sentence")
        shape = list(lead.shape)
        shape[axis] = sum(x.shape[axis] for x in parts)
        tensor = self._ops.concat([x.tensor for x in parts], lead.place(axis))
        zeros = frozenset.intersection(*(x.zeros for x in parts))
        return replace(lead, tensor=tensor, shape=tuple(shape), dtype=parts[0].dtype, zeros=zeros)

    def repeated(self, x: Value, axis: int, times: int) -> Value:
        """x, whose axis has length 1, so many times along it."""
        return x if times == 1 else self.joined([x] * times, axis)

    def table(self, x: Value, axis: int) -> DeviceTensor:
        """x as rows along an axis, (R, C), all other axes in C."""
        others = tuple(a for group in x.groups for a in group if a != axis and x.shape[a] != 1)
        x = self.movable(self.arranged(x, ((axis,), others)))
        return x.tensor

    def _merged(self, x: Value, axes: list[int]) -> Value:
        """x with these axes, in this order, in one axis of the tensor, and named as one."""
        longest = max(axes, key=lambda axis: x.sizes[axis])
        place = x.place(longest)
        groups = []
        for i, group in enumerate(x.groups):
            rest = tuple(axis for axis in group if axis not in axes)
            if i == place:
                groups.append(tuple(axes))
            if rest or not group:
                groups.append(rest)
        x = self.arranged(x, tuple(groups))
        names = {axis: (axis,) for axis in range(len(x.shape)) if axis not in axes[1:]}
        shape = list(x.shape)
        shape[axes[0]] = math.prod(x.shape[axis] for axis in axes)
        for axis in axes[1:]:
            shape[axis] = 1
        return x.renamed(names, shape)

    def _turned(self, x: Value, groups: Groups) -> Value | None:
        """The same axes of the tensor in another order."""
        if sorted(x.groups) != sorted(groups) or len(set(groups)) < len(groups):
            return None
        order = [x.groups.index(group) for group in groups]
        return replace(x, tensor=self._ops.permute(x.tensor, order), groups=groups)

    def _heads_apart(self, x: Value, groups: Groups) -> Value | None:
        """(..., L, H D) -> (..., H, L, D), or with the last two axes exchanged."""
        if len(x.groups) < 2 or len(x.groups[-1]) != 2:
            return None
        *lead, rows, (heads, width) = x.groups
        apart = (*lead, (heads,), rows, (width,))
        if groups not in (apart, (*apart[:-2], *apart[:-3:-1])) or x.shape[width] % TILE:
            return None
        shape, size = list(x.tensor.shape), x.shape[width]
        parts = []
        for head in range(x.shape[heads]):
            first, last = [0] * len(shape), list(shape)
            first[-1], last[-1] = head * size, (head + 1) * size
            part = self._ops.slice(x.tensor, first, last)
            parts.append(self._ops.reshape(part, (*shape[:-2], 1, shape[-2], size)))
        joined = self._ops.concat(parts, len(lead))
        y = replace(x, tensor=joined, groups=apart)
        return self.arranged(y, groups)

    def _heads_joined(self, x: Value, groups: Groups) -> Value | None:
        """(B, H, L, D) -> (B, L, H D)."""
        if len(x.groups) != 4 or any(len(group) > 1 for group in x.groups) or not x.groups[1]:
            return None
        lead, heads, rows, width = x.groups
        if groups != (lead, rows, (*heads, *width)) or x.shape[width[0]] % TILE:
            return None
        return replace(x, tensor=self._ops.concatenate_heads(x.tensor), groups=groups)

    def _by_single_axes(self, x: Value, groups: Groups) -> Value:
        """Every axis by itself, in the new order, and put together again."""
        sizes = x.sizes
        for group in groups:
            if any(sizes[axis] != x.shape[axis] for axis in group[1:]):
                raise Refusal("padding would lie inside an axis")
        held = [axis for group in x.groups for axis in group]
        wanted = [axis for group in groups for axis in group]
        order = [axis for axis in wanted if axis in held and sizes[axis] != 1]
        current = [axis for axis in held if sizes[axis] != 1]
        tensor = x.tensor
        if order != current:
            tensor = self._ops.reshape(tensor, [sizes[axis] for axis in current])
            tensor = self._ops.permute(tensor, [current.index(axis) for axis in order])
        shape = [math.prod(sizes[axis] for axis in group) for group in groups]
        if shape != list(tensor.shape):
            tensor = self._ops.reshape(tensor, shape)
        return replace(x, tensor=tensor, groups=groups)
