"""Runs the operations of a lowering, each at a site of the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from lightning_v2.deployment import phase
from lightning_v2.model.layers import Basis, DepthwiseConv
from lightning_v2.model.source import accumulate_phase
from lightning_v2.tensix.constants import packed
from lightning_v2.tensix.execution import Execution
from lightning_v2.tensix.interception import Observer
from lightning_v2.tensix.operations import OPERATIONS
from lightning_v2.tensix.sites import SitePrecision

DeviceTensor = Any
"""A tensor of `ops`."""

View = Callable[[Tensor], Tensor]


class Runner:
    """What a lowering is written against: layers of the model, run by `ops` at named sites.

    Attributes:
        ops: the module that computes: `lightning_v2.tensix`, or one with the same names.
        sites: name -> op, in the order of their first run.
        host: (module, "forward") -> its runs on the host.
    """

    def __init__(
        self,
        ops: ModuleType,
        policy: Callable[[str], SitePrecision],
        observer: Observer | None = None,
    ):
        """policy: site name -> precision. observer: see `emulate`."""
        self.ops = ops
        self.sites: dict[str, str] = {}
        self.host: Counter = Counter()
        self._policy, self._observer = policy, observer
        self._executions: dict[str, Execution] = {}

    def at(self, site: str) -> Execution:
        """How one site runs."""
        if site not in self._executions:
            self._executions[site] = Execution(self.ops, self._policy(site))
        return self._executions[site]

    def upload(self, x: Tensor, site: str) -> DeviceTensor:
        """x of the host, packed by the host in the format of activations of its first consumer."""
        return self.ops.from_torch(x, self._format(self.at(site).precision.activations))

    def download(self, x: DeviceTensor) -> Tensor:
        """A tensor of the device as float32 on the host."""
        return self.ops.to_torch(x)

    def on_host(self, path: str, function: Callable, *operands: Tensor) -> Any:
        """What the module at `path` does, as it is, in float32."""
        self.host[path, "forward"] += 1
        return function(*operands)

    def phase(self, site: str, f0: Tensor) -> Tensor:
        """(1, T) Hz -> (1, N) cycles, on the host, as the site's output format says."""
        precision = self.at(site).precision
        cycles = self._run(site, "phase", lambda: phase.run(precision, f0))
        if self._observer is not None:
            self._observer(site, "phase", accumulate_phase, (f0,), {}, cycles)
        return cycles

    def linear(self, site: str, x: DeviceTensor, layer: nn.Linear) -> DeviceTensor:
        """x (..., K) through a layer of weight (N, K), stored as [K, N], and bias (N,)."""
        weight = self._weight(site, layer.weight.t(), layer.weight)
        bias = self._vector(site, layer.bias)
        y = self._run(site, "linear", lambda: self.at(site).linear(x, weight, bias))
        return self._seen(site, "linear", (x,), y, (layer.weight, layer.bias))

    def basis(
        self, site: str, x: DeviceTensor, layer: Basis, view: View | None = None
    ) -> DeviceTensor:
        """x (..., K) times a constant (K, N)."""
        weight = self._weight(site, layer.basis, layer.basis)
        y = self._run(site, "matmul", lambda: self.at(site).linear(x, weight))
        return self._seen(site, "matmul", (x,), y, (layer.basis,), view=view)

    def matmul(self, site: str, a: DeviceTensor, b: DeviceTensor) -> DeviceTensor:
        """a (..., M, K) times b (..., K, N), both activations."""
        y = self._run(site, "matmul", lambda: self.at(site).matmul(a, b))
        return self._seen(site, "matmul", (a, b), y)

    def depthwise(self, site: str, x: DeviceTensor, layer: DepthwiseConv) -> DeviceTensor:
        """x (B, T, C) along T, each channel by itself."""
        weight = self._constant(layer.weight, layer.weight, "float32")
        bias = self._vector(site, layer.bias)
        options = {"padding": layer.padding[0], "groups": layer.groups}
        y = self._run(site, "conv1d", lambda: self.at(site).conv1d(x, weight, bias, **options))
        constants = (layer.weight, layer.bias)
        return self._seen(site, "conv1d", (x,), y, constants, options, _channels_first)

    def layer_norm(self, site: str, x: DeviceTensor, layer: nn.LayerNorm) -> DeviceTensor:
        """Over the last axis of x."""
        rows = self._vector(site, layer.weight), self._vector(site, layer.bias)
        y = self._run(site, "layer_norm", lambda: self.at(site).layer_norm(x, *rows, layer.eps))
        rest = (layer.normalized_shape, layer.weight, layer.bias, layer.eps)
        return self._seen(site, "layer_norm", (x,), y, rest)

    def softmax(self, site: str, x: DeviceTensor) -> DeviceTensor:
        """Along the last axis of x."""
        y = self._run(site, "softmax", lambda: self.at(site).softmax(x))
        return self._seen(site, "softmax", (x,), y, (-1,))

    def unary(
        self, site: str, op: str, x: DeviceTensor, view: View | None = None, **parameters: float
    ) -> DeviceTensor:
        """The function `op` of x."""
        y = self._run(site, op, lambda: self.at(site).unary(op, x, **parameters))
        return self._seen(site, op, (x,), y, (), parameters, view)

    def binary(
        self, site: str, op: str, a: DeviceTensor, b: DeviceTensor, view: View | None = None
    ) -> DeviceTensor:
        """Torch's `op` (add, sub, mul) of a and b."""
        name = _TTNN_NAMES.get(op, op)
        y = self._run(site, op, lambda: self.at(site).binary(name, a, b))
        return self._seen(site, op, (a, b), y, view=view)

    def rows(self, site: str, indices: Tensor, table: Tensor) -> DeviceTensor:
        """Rows of `table` (R, C), a parameter, in the format that suits `site`, the consumer."""
        wide = self.at(site).precision.activations == "float32"
        stored = self._constant(table, table, "float32" if wide else "bfloat16")
        return self.ops.embedding(indices, stored)

    def columns(self, x: DeviceTensor, start: int, stop: int) -> DeviceTensor:
        """Columns `start` to `stop` of x."""
        return self.part(x, -1, start, stop)

    def part(self, x: DeviceTensor, axis: int, start: int, stop: int) -> DeviceTensor:
        """x from `start` to `stop` along `axis`."""
        first, last = [0] * len(x.shape), list(x.shape)
        first[axis], last[axis] = start, stop
        return self.ops.slice(x, first, last)

    def _run(self, site: str, op: str, compute: Callable[[], Any]) -> Any:
        self.sites.setdefault(site, op)
        try:
            return compute()
        except Exception as error:
            error.add_note(f"in {op} at site {site}")
            raise

    def _seen(
        self,
        site: str,
        op: str,
        operands: tuple[DeviceTensor, ...],
        result: DeviceTensor,
        rest: tuple = (),
        options: dict[str, Any] | None = None,
        view: View | None = None,
    ) -> DeviceTensor:
        """`result`, after the observer saw the network's own call of torch.

        operands: that lie on the device. rest, options: arguments after them. view: from the layout
        of this lowering to the network's.
        """
        if self._observer is not None:
            *values, y = (
                x if view is None else view(x) for x in map(self.download, (*operands, result))
            )
            function = OPERATIONS[op].plain
            self._observer(site, op, function, (*values, *rest), options or {}, y)
        return result

    def _weight(self, site: str, matrix: Tensor, owner: Tensor) -> DeviceTensor:
        return self._constant(matrix, owner, self.at(site).precision.weights)

    def _vector(self, site: str, vector: Tensor) -> DeviceTensor:
        return self._constant(vector, vector, self.at(site).precision.vectors)

    def _constant(self, values: Tensor, owner: Tensor, dtype: str) -> DeviceTensor:
        """A view of a parameter or buffer, packed once by the host."""

        def make(x: Tensor) -> DeviceTensor:
            return self.ops.from_torch(x, self._format(dtype))

        return packed(values, owner, (self.ops.__name__, dtype), make)

    def _format(self, dtype: str) -> Any:
        return getattr(self.ops, dtype)


def _channels_first(y: Tensor) -> Tensor:
    return y.transpose(1, 2)


_TTNN_NAMES = {"sub": "subtract", "mul": "multiply"}
