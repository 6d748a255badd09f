"""Which torch call is which operation of the device.

A call arrives as torch hands it over: function, method, operator, in-place variant or reversed
operator. `resolve` finds its one `Operation`; `DATA` marks calls that only move or select values.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.tensix import calls, elementwise, normalisation, reduction, sfpu
from lightning_v2.tensix.formats import FORMATS

Arguments = tuple[tuple, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of device operation.

    name: as it appears in a trace. engine: "matrix", "vector" or "other".
    is_elementwise: arithmetic of several operands, found between the other operations.
    lower: (precision, constants, *args, **kwargs) with torch's arguments -> result; None for a
        function from outside torch that nobody registered.
    plain: the out-of-place torch function with the same arguments.
    macs: (args, result) -> multiply-adds. outputs: formats that a result can have.
    """

    name: str
    engine: str
    lower: Callable[..., Tensor] | None
    plain: Callable[..., Tensor]
    macs: Callable[[tuple, Tensor], int] | None = None
    is_elementwise: bool = False
    outputs: tuple[str, ...] = FORMATS


@dataclass(frozen=True, slots=True)
class Call:
    """How one torch function maps to an operation.

    in_place: the result belongs into the first argument. swapped: the first two arguments change
    places. switch: an in-place variant is chosen by an argument `inplace` of the function.
    """

    operation: Operation
    in_place: bool = False
    swapped: bool = False
    switch: Callable | None = None

    def plain_arguments(self, args: tuple, kwargs: dict[str, object]) -> tuple[Arguments, bool]:
        """Arguments for `operation.plain`, and whether the result belongs into the first one."""
        in_place = self.in_place
        if self.switch is not None:
            bound = inspect.signature(self.switch).bind(*args, **kwargs).arguments
            in_place = bool(bound.pop("inplace", False))
            args, kwargs = (), bound
            if in_place:
                first = next(iter(kwargs))
                args = (kwargs.pop(first),)
        if self.swapped:
            args = (args[1], args[0], *args[2:])
        return (args, kwargs), in_place


class _Data:
    """Marks calls that only create, move or select values."""


DATA = _Data()


def register(
    function: Callable,
    name: str,
    lower: Callable[..., Tensor],
    outputs: tuple[str, ...],
) -> None:
    """Teach the interception an operation of its own.

    function: made overridable with `torch.overrides.handle_torch_function`. Such a function always
        runs as one site, registered or not, also in modules that are marked as on the host.
    lower: (precision, *args, **kwargs) with the arguments of `function` -> result.
    outputs: the output formats that `lower` knows.
    """

    def ignore_constants(precision, constants, *args, **kwargs):
        return lower(precision, *args, **kwargs)

    operation = Operation(name, "other", ignore_constants, function, outputs=outputs)
    _registered[function] = Call(operation)
    resolve.cache_clear()


def outputs(op: str) -> tuple[str, ...]:
    """Formats that the result of the operation called `op` can have; all if it is unknown."""
    known = {call.operation.name: call.operation for call in _registered.values()}
    operation = OPERATIONS.get(op) or known.get(op)
    return operation.outputs if operation else (*FORMATS, "uint32")


@functools.cache
def resolve(function: Callable) -> Call | _Data | None:
    """The call that `function` makes, `DATA`, or None if it is not understood."""
    if function in _registered:
        return _registered[function]
    name = getattr(function, "__name__", "")
    in_place = name.endswith("_") and not name.endswith("__")
    if name in DATA_CALLS or (in_place and name.rstrip("_") in DATA_CALLS):
        return DATA
    swapped = name in _SWAPPED
    if name.startswith("__i") and name.endswith("__") and name[3:-2] in _OPERATORS:
        in_place, name = True, name[3:-2]
    elif name.startswith("__r") and name.endswith("__") and name[3:-2] in _OPERATORS:
        swapped, name = True, name[3:-2]
    name = name.strip("_")
    operation = OPERATIONS.get(_ALIASES.get(name, name))
    if operation is None:
        if inspect.isfunction(function) and function.__module__.split(".")[0] != "torch":
            return Call(Operation(function.__name__, "other", None, function))
        return None
    switch = None
    if inspect.isfunction(function) and "inplace" in inspect.signature(function).parameters:
        switch = function
    return Call(operation, in_place, swapped, switch)


def _layer_norm(
    precision, constants, input, normalized_shape, weight=None, bias=None, eps=1e-5, *ignored
):
    shape = tuple(normalized_shape)
    return normalisation.layer_norm(input, shape, weight, bias, eps, precision, constants)


def _rms_norm(precision, constants, input, normalized_shape, weight=None, eps=None):
    shape = tuple(normalized_shape)
    return normalisation.rms_norm(input, shape, weight, eps, precision, constants)


def _other_norm(function):
    names = ("weight", "bias", "running_mean", "running_var")
    signature = inspect.signature(function)

    def lower(precision, constants, input, *args, **kwargs):
        options = dict(signature.bind(input, *args, **kwargs).arguments)
        options.pop("input")
        vectors = {name: options.pop(name, None) for name in names if name in signature.parameters}
        return normalisation.other_norm(function, input, vectors, options, precision, constants)

    return lower


def _softmax(precision, constants, input, dim=-1, *args, **kwargs):
    return normalisation.softmax(input, -1 if dim is None else dim, precision)


def _log_softmax(precision, constants, input, dim=-1, *args, **kwargs):
    return normalisation.log_softmax(input, -1 if dim is None else dim, precision)


def _sum(precision, constants, input, dim=None, keepdim=False, **kwargs):
    return reduction.total(input, precision, constants, dim, keepdim)


def _mean(precision, constants, input, dim=None, keepdim=False, **kwargs):
    return reduction.total(input, precision, constants, dim, keepdim, mean=True)


def _cumsum(precision, constants, input, dim, **kwargs):
    return reduction.cumulative(input, dim, precision, constants)


def _unary(name, function):
    def lower(precision, constants, input, *args, **kwargs):
        return sfpu.unary(function, name, input, precision, constants, *args, **kwargs)

    return lower


def _elementwise(name, function):
    def lower(precision, constants, *operands, **kwargs):
        return elementwise.elementwise(function, name, operands, precision, constants, **kwargs)

    return lower


def _product_macs(args, result):
    return result.numel() * args[0].shape[-1]


def _addmm_macs(args, result):
    return result.numel() * args[1].shape[-1]


def _convolution_macs(args, result):
    return result.numel() * math.prod(args[1].shape[1:])


def _transposed_macs(args, result):
    return args[0].numel() * math.prod(args[1].shape[1:])


_UNARY = {
    name: getattr(F, name, None) if name in F.__dict__ else getattr(torch, name)
    for name in (
        "abs acos asin atan ceil celu clamp clamp_max clamp_min cos cosh elu erf erfc exp exp2 "
        "expm1 floor frac gelu hardsigmoid hardswish hardtanh leaky_relu log log10 log1p log2 "
        "logsigmoid mish nan_to_num neg reciprocal relu relu6 round rsqrt selu sigmoid sign silu "
        "sin sinc sinh softplus softsign sqrt square tan tanh trunc"
    ).split()
}
_ELEMENTWISE = {
    name: getattr(torch, name)
    for name in (
        "add addcdiv addcmul atan2 div floor_divide fmod hypot lerp logaddexp maximum minimum mul "
        "pow prelu remainder sub xlogy"
    ).split()
}
_MATRIX = (
    Operation("linear", "matrix", calls.linear, F.linear, _product_macs),
    Operation("matmul", "matrix", calls.matmul, torch.matmul, _product_macs),
    Operation("addmm", "matrix", calls.addmm, torch.addmm, _addmm_macs),
    Operation("baddbmm", "matrix", calls.addmm, torch.baddbmm, _addmm_macs),
    Operation("conv1d", "matrix", calls.conv1d, F.conv1d, _convolution_macs),
    Operation("conv2d", "matrix", calls.conv2d, F.conv2d, _convolution_macs),
    Operation(
        "conv_transpose1d", "matrix", calls.conv_transpose1d, F.conv_transpose1d, _transposed_macs
    ),
    Operation(
        "conv_transpose2d", "matrix", calls.conv_transpose2d, F.conv_transpose2d, _transposed_macs
    ),
)
_VECTOR = (
    Operation("layer_norm", "vector", _layer_norm, F.layer_norm),
    Operation("rms_norm", "vector", _rms_norm, F.rms_norm),
    *(
        Operation(f.__name__, "vector", _other_norm(f), f)
        for f in (F.group_norm, F.batch_norm, F.instance_norm)
    ),
    Operation("softmax", "vector", _softmax, torch.softmax),
    Operation("log_softmax", "vector", _log_softmax, torch.log_softmax),
    Operation("sum", "vector", _sum, torch.sum),
    Operation("mean", "vector", _mean, torch.mean),
    Operation("cumsum", "vector", _cumsum, torch.cumsum),
    *(Operation(name, "vector", _unary(name, f), f) for name, f in _UNARY.items()),
    *(
        Operation(name, "vector", _elementwise(name, f), f, is_elementwise=True)
        for name, f in _ELEMENTWISE.items()
    ),
)

OPERATIONS = {operation.name: operation for operation in (*_MATRIX, *_VECTOR)}

_registered: dict[Callable, Call] = {}

_OPERATORS = {"add", "sub", "mul", "truediv", "div", "floordiv", "pow", "mod", "matmul"}
_SWAPPED = {"rsub"}
_ALIASES = {
    "absolute": "abs",
    "bmm": "matmul",
    "clip": "clamp",
    "divide": "div",
    "floordiv": "floor_divide",
    "mm": "matmul",
    "mod": "remainder",
    "multiply": "mul",
    "mv": "matmul",
    "negative": "neg",
    "rsub": "sub",
    "subtract": "sub",
    "true_divide": "div",
    "truediv": "div",
}

DATA_CALLS = frozenset(
    (
        # views and copies
        "as_strided broadcast_tensors broadcast_to chunk clone contiguous detach diag diagonal "
        "expand expand_as flatten flip hsplit imag movedim moveaxis narrow permute ravel real "
        "reshape reshape_as resolve_conj roll rot90 select split split_with_sizes squeeze swapaxes "
        "swapdims t tensor_split transpose tril triu unbind unflatten unfold unsqueeze view "
        "view_as vsplit __get__ __iter__ "
        # joining, repeating, padding
        "block_diag cat column_stack concat concatenate constant_pad_nd dstack hstack meshgrid pad "
        "repeat repeat_interleave stack tile vstack "
        # indexing and selection
        "amax amin cummax cummin embedding gather index_copy index_fill index_put "
        "index_select kthvalue masked_fill masked_scatter masked_select max max_pool1d median min "
        "scatter select_scatter slice_scatter sort take take_along_dim topk unique where "
        "__getitem__ __setitem__ "
        # conversion, creation, dropout
        "alpha_dropout bernoulli bfloat16 copy cpu cuda double dropout dropout1d dropout2d "
        "empty_like exponential feature_alpha_dropout feature_dropout fill float full_like half "
        "new_empty new_full new_ones new_tensor new_zeros normal ones_like rand_like randn_like "
        "requires_grad resize set to type type_as uniform zero zeros_like __deepcopy__ "
        "__reduce_ex__"
    ).split()
)
