"""Which torch call is which operation of the device.

A call arrives as torch hands it over: function, method, operator, in-place variant or reversed
operator. `resolve` finds its one `Operation`; `DATA` marks calls that only move or select values.
"""

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._ops import OpOverload, OpOverloadPacket

from lightning_v2.errors import NoRuleError
from lightning_v2.tensix.intercept.data_calls import DATA_CALLS
from lightning_v2.tensix.intercept.rules import calls, compositions, recurrent, stand_ins
from lightning_v2.tensix.intercept.rules import convolution_calls as convolutions
from lightning_v2.tensix.numbers.configuration import settings, use
from lightning_v2.tensix.numbers.formats import FORMATS
from lightning_v2.tensix.ops import phase
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY

Arguments = tuple[tuple, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of device operation.

    Attributes:
        name: as it appears in a trace.
        engine: "matrix", "vector" or "other".
        is_elementwise: arithmetic of several operands, found between the other operations.
        lower: (precision, constants, *args, **kwargs) with torch's arguments -> result; None for a
            function from outside torch that nobody registered. Raises NotImplementedError where it
            has no rule, in the tier at hand.
        plain: the out-of-place torch function with the same arguments; None in the table where the
            function comes from outside torch and is its own.
        macs: (all arguments, flattened, and result) -> multiply-adds.
        outputs: formats of a result; uint32 for the integers that the function itself computes.
        stand_in: like `lower`, always in the fast tier: float32 arithmetic on rounded operands.
    """

    name: str
    engine: str
    lower: Callable[..., Tensor] | None
    plain: Callable[..., Tensor] | None
    macs: Callable[[tuple, Tensor], int] | None = None
    is_elementwise: bool = False
    outputs: tuple[str, ...] = FORMATS
    stand_in: Callable[..., Tensor] | None = None

    def run(self, precision, constants, args, kwargs) -> tuple[object, bool]:
        """The result, and whether it has the bits of the tier that was asked for.

        Raises:
            NoRuleError: there is neither a rule nor a stand-in.
        """
        if precision.output == "uint32" and "uint32" in self.outputs:
            return self.plain(*args, **kwargs), True
        if self.lower is None:
            raise NoRuleError(f"{self.name} is no operation of the device")
        try:
            return self.lower(precision, constants, *args, **kwargs), True
        except NotImplementedError:
            exact = settings().exact
            with use(tier="fast"):
                if self.stand_in is not None:
                    return self.stand_in(precision, constants, *args, **kwargs), not exact
                if exact:
                    return self.lower(precision, constants, *args, **kwargs), False
            raise


@dataclass(frozen=True, slots=True)
class Call:
    """How one torch function maps to an operation.

    Attributes:
        in_place: the result belongs into the first argument.
        swapped: the first two arguments change places.
        switch: an in-place variant is chosen by an argument `inplace` of the function.
    """

    operation: Operation
    in_place: bool = False
    swapped: bool = False
    switch: Callable | None = None

    def plain_arguments(self, args: tuple, kwargs: dict[str, object]) -> tuple[Arguments, bool]:
        """Arguments for `operation.plain`, and whether the result belongs into the first one."""
        in_place = self.in_place
        if self.switch is not None and not kwargs.get("inplace", len(args) > 1):
            kwargs = {key: value for key, value in kwargs.items() if key != "inplace"}
        elif self.switch is not None:
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
    return operation.outputs if operation else _ANY


@functools.cache
def resolve(function: Callable) -> Call | _Data | None:
    """The call that `function` makes, `DATA`, or None if it is not understood."""
    if function in _registered:
        return _registered[function]
    name = getattr(function, "__name__", "")
    if isinstance(function, OpOverload | OpOverloadPacket):
        library, name, *_ = str(function).split(".")
        if library != "aten":
            return None
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
            return Call(Operation(function.__name__, "other", None, function, outputs=_ANY))
        return None
    if operation.plain is None:
        operation = replace(operation, plain=function)
    switch = None
    if inspect.isfunction(function):
        # Operators such as ** wrap methods that have no signature.
        parameters = inspect.signature(function, follow_wrapped=False).parameters
        switch = function if "inplace" in parameters else None
    return Call(operation, in_place, swapped, switch)


def _trained_norm(function):
    signature = inspect.signature(function)

    def stand_in(precision, constants, input, *args, **kwargs):
        options = dict(signature.bind(input, *args, **kwargs).arguments)
        options.pop("input")
        # Running statistics stay what they are: torch updates them in place.
        vectors = {name: options.pop(name, None) for name in ("weight", "bias")}
        return stand_ins.norm_in_training(function, input, vectors, options, precision, constants)

    return stand_in


def _unary(function):
    def stand_in(precision, constants, input, *args, **kwargs):
        def of_one(x):
            return function(x, *args, **kwargs)

        return stand_ins.function_of(of_one, (input,), precision, constants)

    return stand_in


def _elementwise(function):
    def stand_in(precision, constants, *operands, **kwargs):
        return stand_ins.function_of(function, operands, precision, constants, **kwargs)

    return stand_in


def _no_rule(precision, constants, *args, **kwargs):
    raise NoRuleError("it has no exact rule")


def _product_macs(args, result):
    return result.numel() * args[0].shape[-1]


def _addmm_macs(args, result):
    return result.numel() * args[1].shape[-1]


def _convolution_macs(args, result):
    return result.numel() * math.prod(args[1].shape[1:])


def _attention_macs(args, result):
    query, key, value = args[:3]
    scores = query.numel() // query.shape[-1] * key.shape[-2]
    return scores * (query.shape[-1] + value.shape[-1])


def _transposed_macs(args, result):
    return args[0].numel() * math.prod(args[1].shape[1:])


def _function(name):
    return getattr(F, name) if name in F.__dict__ else getattr(torch, name)


_UNARY = {
    name: calls.unary(row.name, parameters)
    for row in UNARY.values()
    for name, parameters in row.torch_calls.items()
} | {"gelu": calls.gelu}
_UNARY_STAND_INS = ("acos asin cosh erfc frac nan_to_num sinc sinh").split()
_COMPOSED = {
    "addcdiv": compositions.addcdiv,
    "addcmul": compositions.addcmul,
    "lerp": compositions.lerp,
    "prelu": compositions.prelu,
}
_ELEMENTWISE_STAND_INS = ("atan2 floor_divide fmod hypot logaddexp remainder xlogy").split()
_MATRIX = (
    Operation("linear", "matrix", calls.linear, F.linear, _product_macs),
    Operation("matmul", "matrix", calls.matmul, torch.matmul, _product_macs),
    Operation("addmm", "matrix", calls.addmm, torch.addmm, _addmm_macs),
    Operation("baddbmm", "matrix", calls.addmm, torch.baddbmm, _addmm_macs),
    Operation("einsum", "matrix", recurrent.einsum, torch.einsum, recurrent.einsum_macs),
    Operation("conv1d", "matrix", convolutions.conv1d, F.conv1d, _convolution_macs),
    Operation("conv2d", "matrix", convolutions.conv2d, F.conv2d, _convolution_macs),
    Operation(
        "conv_transpose1d",
        "matrix",
        convolutions.conv_transpose1d,
        F.conv_transpose1d,
        _transposed_macs,
    ),
    Operation(
        "conv_transpose2d",
        "matrix",
        convolutions.conv_transpose2d,
        F.conv_transpose2d,
        _transposed_macs,
    ),
    Operation(
        "scaled_dot_product_attention",
        "matrix",
        calls.attention,
        F.scaled_dot_product_attention,
        _attention_macs,
    ),
    Operation("lstm", "matrix", recurrent.lstm, torch.lstm, recurrent.macs),
    Operation("gru", "matrix", recurrent.gru, torch.gru, recurrent.macs),
    Operation("rnn_tanh", "matrix", recurrent.rnn("tanh"), torch.rnn_tanh, recurrent.macs),
    Operation("rnn_relu", "matrix", recurrent.rnn("relu"), torch.rnn_relu, recurrent.macs),
    *(
        Operation(f"{name}_cell", "matrix", lower, f, recurrent.cell_macs)
        for name, lower, f in (
            ("lstm", recurrent.lstm_cell, torch.lstm_cell),
            ("gru", recurrent.gru_cell, torch.gru_cell),
            ("rnn_tanh", recurrent.rnn_cell("tanh"), torch.rnn_tanh_cell),
            ("rnn_relu", recurrent.rnn_cell("relu"), torch.rnn_relu_cell),
        )
    ),
)
_VECTOR = (
    Operation("layer_norm", "vector", calls.layer_norm, F.layer_norm),
    Operation("rms_norm", "vector", calls.rms_norm, F.rms_norm),
    Operation("group_norm", "vector", compositions.group_norm, F.group_norm),
    *(
        Operation(f.__name__, "vector", lower, f, stand_in=_trained_norm(f))
        for f, lower in (
            (F.batch_norm, compositions.batch_norm),
            (F.instance_norm, compositions.instance_norm),
        )
    ),
    Operation("softmax", "vector", calls.softmax, torch.softmax),
    Operation("log_softmax", "vector", compositions.log_softmax, torch.log_softmax),
    Operation("glu", "vector", compositions.glu, F.glu),
    Operation("sum", "vector", calls.reduction("sum"), torch.sum),
    Operation("mean", "vector", calls.reduction("mean"), torch.mean),
    Operation("cumsum", "vector", calls.cumsum, torch.cumsum),
    *(
        Operation(name, "vector", lower, _function(name), stand_in=_unary(_function(name)))
        for name, lower in _UNARY.items()
    ),
    *(
        Operation(name, "vector", _no_rule, f, stand_in=_unary(f))
        for name, f in ((name, _function(name)) for name in _UNARY_STAND_INS)
        if name not in _UNARY
    ),
    *(
        Operation(
            row.call,
            "vector",
            calls.binary(row.name),
            getattr(torch, row.call),
            is_elementwise=True,
            stand_in=_elementwise(getattr(torch, row.call)),
        )
        for row in BINARY.values()
    ),
    Operation(
        "pow",
        "vector",
        calls.power,
        torch.pow,
        is_elementwise=True,
        stand_in=_elementwise(torch.pow),
    ),
    *(
        Operation(name, "vector", lower, getattr(torch, name), is_elementwise=True)
        for name, lower in _COMPOSED.items()
    ),
    *(
        Operation(name, "vector", _no_rule, f, is_elementwise=True, stand_in=_elementwise(f))
        for name, f in ((name, getattr(torch, name)) for name in _ELEMENTWISE_STAND_INS)
    ),
)

_HOST = (Operation("phase", "other", phase.accumulate, None, outputs=phase.OUTPUTS),)
_ANY = (*FORMATS, "uint32")

OPERATIONS = {operation.name: operation for operation in (*_MATRIX, *_VECTOR, *_HOST)}

_registered: dict[Callable, Call] = {}

_OPERATORS = {"add", "sub", "mul", "truediv", "div", "floordiv", "pow", "mod", "matmul"}
_SWAPPED = {"rsub"}
_ALIASES = {
    "absolute": "abs",
    "accumulate_phase": "phase",
    "bmm": "matmul",
    "clip": "clamp",
    "divide": "div",
    "floordiv": "floor_divide",
    "log_sigmoid": "logsigmoid",
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
