"""Runs the operations of a lowering, each at a site of the plan."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from lightning_v2.deployment.lowering.blocks import in0_block_w
from lightning_v2.deployment.lowering.constant import (
    Constant,
    DeviceTensor,
    InMemory,
    Store,
    View,
)
from lightning_v2.deployment.lowering.fused import Function, Fused
from lightning_v2.deployment.lowering.stage import Compute, Result, Stages, Upload
from lightning_v2.deployment.lowering.taps import spread
from lightning_v2.deployment.lowering.views import cropped, filled, same, unturned
from lightning_v2.model.natural.layers import Basis, DepthwiseConv, LeftBasis
from lightning_v2.tensix.intercept.interception import Observer, lower
from lightning_v2.tensix.intercept.operations import OPERATIONS
from lightning_v2.tensix.intercept.rules.execution import Execution
from lightning_v2.tensix.numbers.formats import MAGNITUDE_BITS, pack_host
from lightning_v2.tensix.numbers.rounding import Rounding
from lightning_v2.tensix.numbers.sites import SiteCall, SitePrecision


def moved(dtype: str) -> str:
    """The format in which values are moved by rows: see `Runner.movable`."""
    return "bfloat16" if dtype in MAGNITUDE_BITS else dtype


class Runner(Fused):
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
        store: Store | None = None,
        stages: Stages | None = None,
    ):
        """policy: site name -> precision. observer: see `emulate`.

        store: of packed constants; in memory if not given. stages: runs them; at once if not given.
        """
        self.ops = ops
        self.sites: dict[str, str] = {}
        self.host: Counter = Counter()
        self._policy, self._observer = policy, observer
        self._store = store or InMemory(ops)
        self._stages = stages or self._at_once
        self._executions: dict[tuple, Execution] = {}

    def precision(self, site: str) -> SitePrecision:
        """What the plan says of a site."""
        return self._policy(site)

    def upload(self, x: Tensor, site: str) -> Upload:
        """x of the host in the format of activations of its first consumer."""
        return Upload(x, self.precision(site).activations)

    def download(self, x: DeviceTensor) -> Tensor:
        """A tensor of the device as float32 on the host."""
        return self.ops.to_torch(x)

    def stage(
        self, name: str, compute: Compute, uploads: dict[str, Upload], **held: DeviceTensor
    ) -> Result:
        """`compute` of all operands by name: those that the host sends, and those held already."""
        return self._stages(name, compute, uploads, held)

    def leaving(self) -> AbstractContextManager[None]:
        """Context of results that a stage keeps, or that the host fetches."""
        return getattr(self.ops, "leaving", nullcontext)()

    def convolving(self) -> AbstractContextManager[None]:
        """Context of what goes to a convolution."""
        return getattr(self.ops, "convolving", nullcontext)()

    def on_host(self, path: str, function: Callable, *operands: Tensor) -> Any:
        """What the module at `path` does, as it is, in float32."""
        self.host[path, "forward"] += 1
        return function(*operands)

    def phase(self, site: str, function: Callable, f0: Tensor, *settings: float) -> Tensor:
        """(1, T) Hz -> (1, N) cycles, on the host, as the site's output format says.

        function: of the network, which sums them in integers; settings: what it is given besides.
        """
        precision, call = self.precision(site), (f0, *settings)
        cycles = self._run(site, "phase", lambda: lower(function, call, {}, precision))
        if self._observer is not None:
            self._observer(SiteCall(site, "phase", function, call, {}, cycles))
        return cycles

    def linear(
        self,
        site: str,
        x: DeviceTensor,
        layer: nn.Linear,
        view: View,
        columns: int | None = None,
        then: Function | None = None,
    ) -> DeviceTensor:
        """x (..., K) through a layer of weight (N, K), stored as [K, N], and bias (N,).

        columns: of the result, those after N of zeros; the observer does not see them. then: what
        follows at once.
        """
        wide, crop = filled(columns), cropped(view, layer.out_features)
        return self._linear(site, x, layer, lambda w: wide(w.t()), wide, (view, crop), then)

    def taps(
        self,
        site: str,
        x: DeviceTensor,
        layer: nn.Linear,
        order: Tensor,
        view: View,
        then: Function | None = None,
    ) -> DeviceTensor:
        """x (..., K) through `Taps`; order (K,): which of its inputs each column of x is, see
        `lowering.taps`. Those that it leaves out are zero. then: as of `linear`."""

        def as_layer(seen: Tensor) -> Tensor:
            inputs = seen.new_zeros(*seen.shape[:-1], layer.in_features)
            inputs[..., order] = seen
            return view(inputs)

        views = as_layer, view
        return self._linear(site, x, layer, lambda w: w[:, order].t(), same, views, then)

    def _linear(
        self,
        site: str,
        x: DeviceTensor,
        layer: nn.Linear,
        arrange: View,
        arrange_bias: View,
        views: tuple[View, View],
        then: Function | None,
    ) -> DeviceTensor:
        execution = self._cut(site, x.shape[-1], layer.out_features)
        weight = self._constant(site, "weight", "matrix", layer.weight, arrange)
        bias = self._bias(site, layer.bias, arrange_bias)
        rest = layer.weight, layer.bias

        def plain() -> DeviceTensor:
            y = self._run(site, "linear", lambda: execution.linear(x, weight, bias))
            return self._seen(site, "linear", (x,), y, views, rest)

        if then is None:
            return plain()

        def product(program: Any) -> DeviceTensor:
            return execution.linear(x, weight, bias, program)

        return self.ended(site, execution, then, plain, product, views[1])

    def basis(
        self, site: str, x: DeviceTensor, layer: Basis, view: View, columns: int | None = None
    ) -> DeviceTensor:
        """x (..., K) times a constant (K, N); columns: as those of `linear`."""
        execution = self._cut(site, *layer.basis.shape)
        weight = self._constant(site, "basis", "matrix", layer.basis, filled(columns))
        y = self._run(site, "matmul", lambda: execution.linear(x, weight))
        views = view, cropped(view, layer.basis.shape[1])
        return self._seen(site, "matmul", (x,), y, views, (layer.basis,))

    def left_basis(self, site: str, x: DeviceTensor, layer: LeftBasis, view: View) -> DeviceTensor:
        """A constant (N, K) times x (B, T, K) turned: (N, B * T)."""
        batch, time, k = x.shape
        execution = self._blocks(site, 1)
        constant = self._constant(site, "basis", "left", layer.basis)
        rows = self.ops.reshape(x, (batch * time, k))

        def product() -> DeviceTensor:
            if self.precision(site).activations == "bfloat16":
                return execution.product(constant, execution.operand(rows), transpose_b=True)
            # Block floats would have been grouped before; a float32 is not turned on its way.
            columns = self.ops.permute(rows, (1, 0))
            return execution.product(constant, execution.operand(columns))

        def turned(seen: Tensor) -> Tensor:
            return view(seen).mT

        def of_sentences(seen: Tensor) -> Tensor:
            return view(unturned(seen, batch)).mT

        y, views = self._run(site, "matmul", product), (turned, of_sentences)
        return self._seen(site, "matmul", (x,), y, views, first=(layer.basis,))

    def matmul(
        self, site: str, a: DeviceTensor, b: DeviceTensor, views: tuple[View, View, View]
    ) -> DeviceTensor:
        """a (..., M, K) times b (..., K, N), both activations.

        K may be the length of a bucket: blocks of one tile are the same for all of them.
        """
        execution = self._blocks(site, 1)
        y = self._run(site, "matmul", lambda: execution.matmul(a, b))
        return self._seen(site, "matmul", (a, b), y, views)

    def depthwise(
        self, site: str, x: DeviceTensor, layer: DepthwiseConv, view: View
    ) -> DeviceTensor:
        """x (B, T, C) along T, each channel by itself; between taps that are apart lie zeros."""
        (step,) = layer.dilation
        weight = self._constant(site, "weight", "taps", layer.weight, lambda w: spread(w, step))
        bias = self._vector(site, "bias", layer.bias)
        options = {"padding": layer.padding[0], "groups": layer.groups}
        y = self._run(site, "conv1d", lambda: self.at(site).conv1d(x, weight, bias, **options))
        options |= {"dilation": step} if step > 1 else {}

        def channels_first(seen: Tensor) -> Tensor:
            return view(seen).transpose(1, 2)

        views, rest = (channels_first, channels_first), (layer.weight, layer.bias)
        return self._seen(site, "conv1d", (x,), y, views, rest, options)

    def layer_norm(
        self, site: str, x: DeviceTensor, layer: nn.LayerNorm, view: View
    ) -> DeviceTensor:
        """Over the last axis of x."""
        rows = [self._vector(site, name, getattr(layer, name)) for name in ("weight", "bias")]
        y = self._run(site, "layer_norm", lambda: self.at(site).layer_norm(x, *rows, layer.eps))
        rest = (layer.normalized_shape, layer.weight, layer.bias, layer.eps)
        return self._seen(site, "layer_norm", (x,), y, (view, view), rest)

    def softmax(self, site: str, x: DeviceTensor, mask: DeviceTensor, view: View) -> DeviceTensor:
        """Along the keys of scores x (B, H, P, P) + mask (B, 1, 1, P)."""
        y = self._run(site, "softmax", lambda: self.at(site).attention_softmax(x, mask))
        return self._seen(site, "softmax", (x,), y, (view, view), (-1,))

    def unary(
        self, site: str, op: str, x: DeviceTensor, view: View, **parameters: float
    ) -> DeviceTensor:
        """The function `op` of x."""
        y = self._run(site, op, lambda: self.at(site).unary(op, x, **parameters))
        return self._seen(site, op, (x,), y, (view, view), (), parameters)

    def binary(
        self, site: str, op: str, a: DeviceTensor, b: DeviceTensor | float, view: View
    ) -> DeviceTensor:
        """Torch's `op` (add, sub, mul) of a and b."""
        name = _TTNN_NAMES.get(op, op)
        y = self._run(site, op, lambda: self.at(site).binary(name, a, b))
        if isinstance(b, int | float):
            return self._seen(site, op, (a,), y, (view, view), (b,))
        return self._seen(site, op, (a, b), y, (view, view, view))

    def scaled(
        self, site: str, x: DeviceTensor, scales: Tensor, view: View, columns: int | None = None
    ) -> DeviceTensor:
        """x (..., C) times constant `scales` (C,); columns: as those of `linear`."""
        row = self._vector(site, "scales", scales, filled(columns))
        y = self._run(site, "mul", lambda: self.at(site).binary("multiply", x, row, constant=1))
        view = cropped(view, len(scales))
        return self._seen(site, "mul", (x,), y, (view, view), (scales,))

    def masked(self, x: DeviceTensor, mask: DeviceTensor | None, stored: str) -> DeviceTensor:
        """x, in the format `stored`, times a mask (B, T, 1) of 1 and 0; no mask: x.

        A product with 1 is exact in every format and fidelity, so that no plan has a say here.
        """
        return x if mask is None else self.ops.multiply(x, self.ops.typecast(mask, stored))

    def rows_dtype(self, site: str) -> str:
        """The format of the rows of a table that `site` consumes."""
        return "float32" if self.precision(site).activations == "float32" else "bfloat16"

    def table(self, site: str, values: Tensor, arrange: View = same) -> DeviceTensor:
        """`values` (R, C), a parameter, whose rows `site` consumes."""
        return self._constant(site, "table", "table", values, arrange, self.rows_dtype(site))

    def untiled(self, x: DeviceTensor) -> DeviceTensor:
        """x where rows of it are looked up, which tiles would be in the way of."""
        return getattr(self.ops, "untiled", same)(x)

    def rows(self, indices: DeviceTensor, table: DeviceTensor) -> DeviceTensor:
        """Rows of `table` (R, C), in the format that `rows_dtype` tells."""
        return self.ops.embedding(indices, table, layout="TILE")

    def movable(self, x: DeviceTensor, source: str) -> DeviceTensor:
        """x, the result of site `source`, for moves that do not keep tiles whole.

        Block floats are moved as bfloat16, which holds all their values.
        """
        return self.ops.typecast(x, moved(self.precision(source).output))

    def at(self, site: str) -> Execution:
        """How one site runs."""
        return self._blocks(site, None)

    def _cut(self, site: str, k: int, n: int) -> Execution:
        """How a product with a constant (k, n) matrix runs."""
        return self._blocks(site, in0_block_w(k, n, self.precision(site).weights))

    def _blocks(self, site: str, width: int | None) -> Execution:
        """How a site runs, by blocks of `width` tiles of K unless the plan says otherwise."""
        if (site, width) not in self._executions:
            precision = self.precision(site)
            if precision.in0_block_w is None:
                precision = replace(precision, in0_block_w=width)
            self._executions[site, width] = Execution(self.ops, precision)
        return self._executions[site, width]

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
        views: tuple[View, ...],
        rest: tuple = (),
        options: dict[str, Any] | None = None,
        first: tuple = (),
        after: str = "",
    ) -> DeviceTensor:
        """`result`, after the observer saw the network's own call of torch.

        operands: that lie on the device. views: of them and of the result. rest, options: arguments
        after the operands; first: before them. after: as that of `SiteCall`.
        """
        if self._observer is not None:
            tensors = map(self.download, (*operands, result))
            *values, y = (view(x) for view, x in zip(views, tensors, strict=True))
            function = OPERATIONS[op].plain
            args = (*first, *values, *rest)
            self._observer(SiteCall(site, op, function, args, options or {}, y, after))
        return result

    def _vector(self, site: str, name: str, vector: Tensor, arrange: View = same) -> DeviceTensor:
        dtype = self.precision(site).vectors
        return self._constant(site, name, "vector", vector, arrange, dtype)

    def _bias(self, site: str, bias: Tensor, arrange: View) -> DeviceTensor:
        """A bias row, where it is added to a float32 as one that has been cast already."""
        precision = self.precision(site)
        if precision.output != "float32" or precision.vectors == "float32":
            return self._vector(site, "bias", bias, arrange)
        name, dtype = "bias.cast", precision.vectors
        return self._constant(
            site, name, "vector", bias, lambda x: pack_host(arrange(x), dtype), "float32"
        )

    def _constant(
        self,
        site: str,
        name: str,
        kind: str,
        owner: Tensor,
        arrange: View = same,
        dtype: str | None = None,
    ) -> DeviceTensor:
        precision = self.precision(site)
        dtype, rounding = dtype or precision.weights, Rounding()
        if kind in _MULTIPLIED_AS:
            rounding = Rounding.of(precision, _MULTIPLIED_AS[kind])
        return self._store(Constant(f"{site}.{name}", kind, owner, arrange, dtype, rounding))

    def _at_once(
        self,
        name: str,
        compute: Compute,
        uploads: dict[str, Upload],
        held: dict[str, DeviceTensor],
    ) -> Result:
        sent = {key: self.ops.from_torch(x.values, x.dtype) for key, x in uploads.items()}
        kept, fetched = compute(**sent, **held)
        return kept, tuple(map(self.download, fetched))


_MULTIPLIED_AS = {"matrix": "in1", "taps": "in0", "left": "in0"}
"""Kinds of constants that weights_rounding concerns, and the operand that they are."""

_TTNN_NAMES = {"sub": "subtract", "mul": "multiply"}
