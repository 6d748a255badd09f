"""Runs the nodes of a graph as device operations, each site under its precision.

Letters: B sentences, T steps along a sentence, C channels, K and N inputs and outputs of a product.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.deployment.lowering.buckets import EXACT_LENGTHS
from lightning_v2.deployment.lowering.constant import DeviceTensor, Store, View
from lightning_v2.deployment.lowering.graph.moves import Moves
from lightning_v2.deployment.lowering.graph.value import Groups, Refusal, Value, stored
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.deployment.lowering.stage import Stages, Upload
from lightning_v2.tensix.intercept.interception import Observer
from lightning_v2.tensix.numbers.sites import SiteCall, SitePrecision
from lightning_v2.tensix.ops.elementwise import BINARY

Send = Callable[[str, Upload], DeviceTensor]
"""From the name of what the host sends, and its values, to a tensor of the device."""

_MASKED = -1e4
"""Added to the score of a key that is padding."""


def padded(length: int) -> int:
    """How long an axis along a sentence is on the device: 32, 64, 128, …"""
    return EXACT_LENGTHS.for_phones(length)


class GraphRunner(Runner):
    """A `Runner` whose operations take and give `Value`s.

    Attributes:
        moves: of values.
        send: how operands of the host come to the device; whoever runs a stage sets it.
    """

    def __init__(
        self,
        ops: ModuleType,
        policy: Callable[[str], SitePrecision],
        observer: Observer | None = None,
        store: Store | None = None,
        stages: Stages | None = None,
    ):
        """See `Runner`."""
        super().__init__(ops, policy, observer, store, stages)
        self.moves = Moves(ops)
        self.send: Send = _nobody_sends

    def sent(self, name: str, x: Tensor, dtype: str) -> DeviceTensor:
        """A tensor of the host on the device."""
        return self.send(name, Upload(x, dtype))

    def entered(self, name: str, x: Tensor, channels_first: bool) -> Value:
        """An input of the graph, padded along the sentence.

        channels_first: it is (B, C, T), otherwise (..., T, C).
        """
        order = [*range(x.dim())]
        if channels_first and x.dim() == 3:
            order = [0, 2, 1]
        groups = ((),) * (2 - x.dim()) + tuple((axis,) for axis in order)
        sizes, rows = dict(enumerate(x.shape)), groups[-2]
        sizes |= {axis: padded(x.shape[axis]) for axis in rows if x.shape[axis] > 1}
        dtype = self.rows_dtype(name)
        tensor = self.sent(f"input.{name}", stored(x, groups, sizes), dtype)
        return Value(tensor, tuple(x.shape), groups, dtype, frozenset(order))

    def as_value(self, name: str, x: Tensor, like: Value, dtype: str) -> Value:
        """A tensor of the host beside a value of the device, in the order of its axes.

        x: as many axes as `like`, each of length 1 or as long.
        """
        groups, sizes = _beside(tuple(x.shape), like)
        tensor = self.sent(name, stored(x.float(), groups, sizes), dtype)
        return Value(tensor, tuple(x.shape), groups, dtype, frozenset(range(x.dim())))

    def vector_value(self, site: str, name: str, owner: nn.Parameter, like: Value) -> Value:
        """A constant beside a value, with as many axes."""
        shape = (1,) * (len(like.shape) - owner.dim()) + tuple(owner.shape)
        groups, sizes = _beside(shape, like)

        def arrange(x: Tensor) -> Tensor:
            return stored(x.reshape(shape), groups, sizes)

        dtype = self.precision(site).vectors
        # As it lies depends on its neighbour.
        layout = "x".join(str(sizes[axis]) for group in groups for axis in group)
        tensor = self._constant(site, f"{name}.{layout}", "vector", owner, arrange, dtype)
        return Value(tensor, shape, groups, dtype)

    def product(
        self, site: str, x: Value, weight: nn.Parameter, bias: nn.Parameter | None
    ) -> Value:
        """x (..., K) times `weight` (N, K), plus `bias` (N,)."""
        x = self.moves.with_last(x, -1)
        y = self.matrix(site, x.tensor, weight, Tensor.t, bias)
        return self.made(site, x, y, (*x.shape[:-1], weight.shape[0]), x.groups)

    def matrix(
        self,
        site: str,
        x: DeviceTensor,
        weight: nn.Parameter,
        arrange: View,
        bias: nn.Parameter | None,
        bias_arrange: View = torch.flatten,
        op: str = "linear",
    ) -> DeviceTensor:
        """x (..., K) times a constant that `arrange` makes [K, N], plus a bias.

        op: what it is for the graph.
        """
        with torch.device("meta"):
            k, n = arrange(torch.empty(weight.shape)).shape
        execution = self._cut(site, k, n)
        constant = self._constant(site, "weight", "matrix", weight, arrange)
        row = None
        if bias is not None:
            dtype = self.precision(site).vectors
            row = self._constant(site, "bias", "vector", bias, bias_arrange, dtype)
        return self._run(site, op, lambda: execution.linear(x, constant, row))

    def convolved(
        self,
        site: str,
        x: DeviceTensor,
        weight: nn.Parameter,
        bias: nn.Parameter | None,
        side_by_side: int,
    ) -> DeviceTensor:
        """Every channel of x (B, T, d C) by itself, with `weight` (C, 1, k) for each of d."""

        def repeated(values: Tensor) -> Tensor:
            return values.repeat(side_by_side, *(1,) * (values.dim() - 1))

        taps = self._constant(site, "weight", "taps", weight, repeated)
        row = None
        if bias is not None:
            dtype = self.precision(site).vectors
            row = self._constant(site, "bias", "vector", bias, repeated, dtype)
        options = {"padding": weight.shape[2] // 2, "groups": x.shape[-1]}
        return self._run(site, "conv1d", lambda: self.at(site).conv1d(x, taps, row, **options))

    def normalised(
        self,
        site: str,
        x: Value,
        weight: nn.Parameter | None,
        bias: nn.Parameter | None,
        epsilon: float,
    ) -> Value:
        """Over the last axis of the tensor of x; vectors of as many values."""
        dtype = self.precision(site).vectors
        rows = [
            None if v is None else self._constant(site, name, "vector", v, torch.flatten, dtype)
            for name, v in (("weight", weight), ("bias", bias))
        ]
        y = self._run(
            site, "layer_norm", lambda: self.at(site).layer_norm(x.tensor, *rows, epsilon)
        )
        return self.made(site, x, y, x.shape, x.groups)

    def combined(
        self,
        site: str,
        op: str,
        a: Value,
        b: Value | float,
        lead: Value,
        constant: int | None = None,
    ) -> Value:
        """ttnn's `op` of two operands.

        lead: the larger one. constant: 0 or 1 if one of them is a vector of the model.
        """
        pair = [x.tensor if isinstance(x, Value) else x for x in (a, b)]
        name = BINARY[op].call
        y = self._run(site, name, lambda: self.at(site).binary(op, *pair, constant))
        return self.made(site, lead, y, lead.shape, lead.groups)

    def heads_product(self, site: str, a: Value, b: Value) -> Value:
        """a (..., M, K) times b (..., K, N), both values.

        Raises:
            Refusal: they have other axes before these.
        """
        rank = max(len(a.shape), len(b.shape))
        a, b = (x.unsqueezed(range(rank - len(x.shape))) for x in (a, b))
        if a.shape[:-2] != b.shape[:-2]:
            raise Refusal(f"ttnn takes no product of {a.shape} and {b.shape}: batches differ")
        a, b = self.moves.plain(a), self.moves.plain(b)
        if a.is_padded(rank - 1) and rank - 1 not in a.zeros:
            a = self.masked_axis(a, rank - 1)
        execution = self._blocks(site, 1)
        y = self._run(site, "matmul", lambda: execution.matmul(a.tensor, b.tensor))
        return self.made(site, a, y, (*a.shape[:-1], b.shape[-1]), a.groups)

    def softmax_last(self, site: str, x: Value) -> Value:
        """Along the last axis, whose padding becomes zeros."""
        last = len(x.shape) - 1
        x = self.moves.with_last(x, last)
        mask = None
        if x.is_padded(last):
            size = x.sizes[last]
            inside = torch.arange(size) >= x.shape[last]
            shape = (1,) * (len(x.groups) - 1) + (size,)
            name = f"keys.{'x'.join(map(str, shape))}.{x.shape[last]}"
            mask = self.sent(name, inside.float().reshape(shape) * _MASKED, "bfloat16")
        y = self._run(site, "softmax", lambda: self.at(site).softmax(x.tensor, mask=mask))
        return replace(self.made(site, x, y, x.shape, x.groups), zeros=frozenset([last]))

    def masked_axis(self, x: Value, axis: int) -> Value:
        """x with zeros in the padding of an axis."""
        if axis in x.zeros or not x.is_padded(axis):
            return x
        place = x.place(axis)
        length = int(np.prod([x.shape[a] for a in x.groups[place]]))
        size = x.tensor.shape[place]
        shape = [1] * len(x.groups)
        shape[place] = size
        name = f"mask.{'x'.join(map(str, shape))}.{length}"
        mask = self.sent(name, (torch.arange(size) < length).float().reshape(shape), "bfloat16")
        tensor = self.ops.multiply(x.tensor, self.ops.typecast(mask, x.dtype))
        return replace(x, tensor=tensor, zeros=x.zeros | {axis})

    def function(self, site: str, op: str, x: Value, **parameters: object) -> Value:
        """The function `op` of every element."""
        y = self._run(site, op, lambda: self.at(site).unary(op, x.tensor, **parameters))
        return self.made(site, x, y, x.shape, x.groups)

    def made(
        self, site: str, x: Value, tensor: DeviceTensor, shape: Sequence[int], groups: Groups
    ) -> Value:
        """What a site made of x. Padding is whatever came out there."""
        return Value(tensor, tuple(shape), groups, self.precision(site).output)

    def observed(
        self, site: str, op: str, module: nn.Module, operands: Sequence[object], result: Value
    ) -> None:
        """Tell the observer of a site, in the shapes of the graph.

        module: of the site, which makes the graph's own call of torch.
        """
        if self._observer is not None:
            seen = [
                x.seen(self.download(x.tensor)) if isinstance(x, Value) else x for x in operands
            ]
            y = result.seen(self.download(result.tensor)).contiguous()
            self._observer(SiteCall(site, op, module, tuple(seen), {}, y))


def _beside(shape: tuple[int, ...], like: Value) -> tuple[Groups, dict[int, int]]:
    """Groups and lengths of a tensor beside a value: where it has length 1 it is repeated."""
    sizes = dict(enumerate(shape))
    groups = []
    for group in like.groups:
        mine = tuple(axis for axis in group if shape[axis] != 1)
        if mine and [axis for axis in group if like.shape[axis] != 1] != list(mine):
            raise Refusal(f"{shape} beside {like.shape} is repeated inside an axis of the device")
        for axis in mine:
            sizes[axis] = like.sizes[axis]
        groups.append(mine)
    held = {axis for group in groups for axis in group}
    if any(size != 1 and axis not in held for axis, size in enumerate(shape)):
        raise Refusal(f"{shape} is larger than {like.shape} beside it")
    return tuple(groups), sizes


def _nobody_sends(name: str, upload: Upload) -> DeviceTensor:
    raise Refusal("operands of the host are sent while a stage runs")
