"""Runs the operations of a lowering, each at a site of the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from lightning_v2.model.layers import Basis, DepthwiseConv
from lightning_v2.tensix.constants import packed
from lightning_v2.tensix.execution import Execution
from lightning_v2.tensix.interception import Observer
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

    def on_host_at(
        self, site: str, op: str, function: Callable[[SitePrecision, Tensor], Tensor], x: Tensor
    ) -> Tensor:
        """A site that runs on the host, as `function` of its precision and x says."""
        return self._run(site, op, function, (self.at(site).precision, x), {}, lambda y: y)

    def linear(self, site: str, x: DeviceTensor, layer: nn.Linear) -> DeviceTensor:
        """x (..., K) through a layer of weight (N, K), stored as [K, N], and bias (N,)."""
        weight = self._weight(site, layer.weight.t(), layer.weight)
        operands = (x, weight, self._vector(site, layer.bias))
        return self._device(site, "linear", self.at(site).linear, operands)

    def basis(
        self, site: str, x: DeviceTensor, layer: Basis, view: View | None = None
    ) -> DeviceTensor:
        """x (..., K) times a constant (K, N)."""
        operands = (x, self._weight(site, layer.basis, layer.basis))
        return self._device(site, "matmul", self.at(site).linear, operands, view=view)

    def matmul(self, site: str, a: DeviceTensor, b: DeviceTensor) -> DeviceTensor:
        """a (..., M, K) times b (..., K, N), both activations."""
        return self._device(site, "matmul", self.at(site).matmul, (a, b))

    def depthwise(self, site: str, x: DeviceTensor, layer: DepthwiseConv) -> DeviceTensor:
        """x (B, T, C) along T, each channel by itself."""
        weight = self._constant(layer.weight, layer.weight, "float32")
        options = {"padding": layer.padding[0], "groups": layer.groups}
        operands = (x, weight, self._vector(site, layer.bias))
        function = self.at(site).conv1d
        return self._device(site, "conv1d", function, operands, options, _channels_first)

    def layer_norm(self, site: str, x: DeviceTensor, layer: nn.LayerNorm) -> DeviceTensor:
        """Over the last axis of x."""
        vectors = (self._vector(site, v) for v in (layer.weight, layer.bias))
        operands = (x, *vectors, layer.eps)
        return self._device(site, "layer_norm", self.at(site).layer_norm, operands)

    def softmax(self, site: str, x: DeviceTensor) -> DeviceTensor:
        """Along the last axis of x."""
        return self._device(site, "softmax", self.at(site).softmax, (x,))

    def unary(
        self, site: str, op: str, x: DeviceTensor, view: View | None = None, **parameters: float
    ) -> DeviceTensor:
        """The function `op` of x."""
        return self._device(site, op, self.at(site).unary, (op, x), parameters, view)

    def binary(
        self, site: str, op: str, a: DeviceTensor, b: DeviceTensor, view: View | None = None
    ) -> DeviceTensor:
        """Torch's `op` (add, sub, mul) of a and b."""
        name = _TTNN_NAMES.get(op, op)
        return self._device(site, op, self.at(site).binary, (name, a, b), view=view)

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

    def _device(
        self,
        site: str,
        op: str,
        function: Callable[..., DeviceTensor],
        operands: tuple,
        options: dict[str, Any] | None = None,
        view: View | None = None,
    ) -> DeviceTensor:
        def observed(y: DeviceTensor) -> Tensor:
            y = self.download(y)
            return y if view is None else view(y)

        return self._run(site, op, function, operands, options or {}, observed)

    def _run(
        self,
        site: str,
        op: str,
        function: Callable,
        operands: tuple,
        options: dict[str, Any],
        observed: Callable[[Any], Tensor],
    ) -> Any:
        self.sites.setdefault(site, op)
        try:
            result = function(*operands, **options)
        except Exception as error:
            error.add_note(f"in {op} at site {site}")
            raise
        if self._observer is not None:
            self._observer(site, op, function, operands, options, observed(result))
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
