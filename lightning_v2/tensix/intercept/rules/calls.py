"""Torch calls as operations of one site: from torch's arguments to device tensors and back.

Each function here takes (precision, constants, *args, **kwargs) with the arguments of the torch
function it stands for. An activation arrives as float32 from wherever the module has it; a constant
of the module is packed by the host, once.
"""

import functools
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from lightning_v2 import tensix
from lightning_v2.errors import NoRuleError
from lightning_v2.tensix.intercept.rules.execution import Execution
from lightning_v2.tensix.numbers import stored
from lightning_v2.tensix.numbers.constants import Constants, packed
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.tensix.numbers.rounding import Rounding
from lightning_v2.tensix.numbers.sites import SitePrecision
from lightning_v2.tensix.numbers.tensor import Tensor, from_torch

_POWERS = {0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}


def linear(
    precision: SitePrecision,
    constants: Constants,
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """`torch.nn.functional.linear`: weight (N, K) is stored as [K, N]."""
    in1 = weights(weight.t(), precision, owner_of(weight, constants))
    row = None if bias is None else vector(bias, precision, constants)
    return execution(precision).linear(activation(input), in1, row).values


def matmul(
    precision: SitePrecision,
    constants: Constants,
    input: torch.Tensor,
    other: torch.Tensor,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """`torch.matmul`; an operand that is a constant takes the format of weights."""
    row = None if bias is None else vector(bias, precision, constants)
    run = execution(precision)
    a = matrix(input, precision, constants, run, "in0")
    b = matrix(other, precision, constants, run, "in1")
    return run.product(a, b, row).values


def matrix(
    x: torch.Tensor, precision: SitePrecision, constants: Constants, run: Execution, operand: str
) -> Tensor:
    """An operand ("in0", "in1") of a product: a weight if it is a constant, else an activation."""
    owner = constants.owner(x)
    if owner is None:
        return run.operand(activation(x))
    return weights(x, precision, owner, operand)


def addmm(precision, constants, input, mat1, mat2, *, beta=1, alpha=1) -> torch.Tensor:
    """`torch.addmm` and `baddbmm`; the addend is a fused bias where it is a row."""
    is_row = beta == alpha == 1 and input.numel() == mat2.shape[-1]
    product = matmul(precision, constants, mat1, mat2, input if is_row else None)
    if is_row:
        return product
    run = execution(precision)
    scaled = [
        x if factor == 1 else run.binary("multiply", x, float(factor))
        for x, factor in ((activation(input), beta), (activation(product), alpha))
    ]
    return run.binary("add", *scaled).values


def unary(name: str, parameters: dict[str, object] | None = None) -> Callable[..., torch.Tensor]:
    """Lowering of a function of one operand with the parameters that torch and ttnn share.

    parameters: their names in torch's order, with torch's defaults.
    """
    known = parameters or {}

    def lower(precision, constants, input, *args, **kwargs):
        given = known | dict(zip(known, args, strict=False)) | kwargs
        given = {key: value for key, value in given.items() if value is not None}
        if given.keys() - known or any(isinstance(v, torch.Tensor) for v in given.values()):
            raise NoRuleError(f"{name} with {', '.join(given)} has no exact rule")
        x = operand(input, precision, constants)
        return execution(precision).unary(name, x, **given).values

    return lower


def gelu(precision, constants, input, approximate="none") -> torch.Tensor:
    """`torch.nn.functional.gelu`."""
    options = {"variant": "Tanh"} if approximate == "tanh" else {}
    x = operand(input, precision, constants)
    return execution(precision).unary("gelu", x, **options).values


def power(precision, constants, input, exponent) -> torch.Tensor:
    """`torch.pow` with a small whole exponent, as products, or as a root or a reciprocal."""
    if isinstance(exponent, torch.Tensor) or exponent not in (2, 3, *_POWERS):
        raise NoRuleError("pow with such an exponent has no exact rule")
    run = execution(precision)
    x = operand(input, precision, constants)
    if exponent in _POWERS:
        return run.unary(_POWERS[exponent], x).values
    squared = run.unary("square", x)
    return (squared if exponent == 2 else run.binary("multiply", squared, x)).values


def binary(name: str) -> Callable[..., torch.Tensor]:
    """Lowering of an element-wise operation of two operands by ttnn's function `name`."""

    def lower(precision, constants, input, other, *, alpha=1, rounding_mode=None):
        if rounding_mode is not None:
            raise NoRuleError(f"{name} with rounding has no exact rule")
        run = execution(precision)
        a, b = (operand(x, precision, constants) for x in (input, other))
        if alpha != 1:
            b = b * alpha if isinstance(b, int | float) else run.binary("multiply", b, alpha)
        return run.binary(name, a, b, _constant_of((input, other), constants)).values

    return lower


def layer_norm(
    precision,
    constants,
    input,
    normalized_shape,
    weight=None,
    bias=None,
    eps=1e-5,
    cudnn_enable=True,
) -> torch.Tensor:
    """`torch.nn.functional.layer_norm`; several axes are normalised as one."""
    run = execution(precision)
    x = operand(input.flatten(-len(normalized_shape)), precision, constants)
    rows = [
        None if v is None else vector(v.flatten(), precision, constants) for v in (weight, bias)
    ]
    return run.layer_norm(x, *rows, epsilon=eps).values.view(input.shape)


def rms_norm(precision, constants, input, normalized_shape, weight=None, eps=None) -> torch.Tensor:
    """`torch.nn.functional.rms_norm`; several axes are normalised as one."""
    run = execution(precision)
    epsilon = torch.finfo(torch.float32).eps if eps is None else eps
    x = operand(input.flatten(-len(normalized_shape)), precision, constants)
    row = None if weight is None else vector(weight.flatten(), precision, constants)
    return run.rms_norm(x, row, epsilon=epsilon).values.view(input.shape)


def softmax(precision, constants, input, dim=-1, *ignored, **kwargs) -> torch.Tensor:
    """`torch.softmax`; another axis than the last is moved there and back."""
    dim = -1 if dim is None else dim
    x = input.movedim(dim, -1)
    rows = operand(x.reshape(-1, x.shape[-1]), precision, constants)
    return execution(precision).softmax(rows).values.view(x.shape).movedim(-1, dim)


def cumsum(precision, constants, input, dim, **kwargs) -> torch.Tensor:
    """`torch.cumsum`; a value without axes is its own sum."""
    run = execution(precision)
    x = operand(input if input.dim() else input.unsqueeze(0), precision, constants)
    return run.cumsum(x, dim).values.view(input.shape)


def reduction(name: str) -> Callable[..., torch.Tensor]:
    """Lowering of torch's sum or mean."""

    def lower(precision, constants, input, dim=None, keepdim=False, *, dtype=None):
        x = operand(input, precision, constants)
        axes = None if isinstance(dim, tuple | list) and not dim else dim  # torch: no axes are all
        return execution(precision).reduce(name, x, axes, keepdim).values

    return lower


def attention(
    precision,
    constants,
    query,
    key,
    value,
    attn_mask=None,
    dropout_p=0.0,
    is_causal=False,
    *,
    scale=None,
    enable_gqa=False,
) -> torch.Tensor:
    """`torch.nn.functional.scaled_dot_product_attention`.

    As ttnn's one kernel where that takes it: a 16-bit Dst, no float32, queries, keys and values of
    one width, which is padded to whole tiles. Otherwise as matmul, softmax and matmul.

    Raises:
        NoRuleError: dropout.
    """
    if dropout_p:
        raise NoRuleError("attention with dropout has no rule")
    lead, width = query.shape[:-2], query.shape[-1]
    scale = width**-0.5 if scale is None else scale
    q, k, v = (_four_axes(x) for x in (query, key, value))
    if is_causal:
        square = query.new_ones(query.shape[-2], key.shape[-2], dtype=torch.bool)
        attn_mask = square.tril()
    mask = _additive(attn_mask, (*lead, query.shape[-2], key.shape[-2]))
    run = execution(precision)
    one_kernel = not precision.fp32_dest_acc_en and precision.activations != "float32"
    if one_kernel and width == value.shape[-1]:
        q, k, v = (activation(F.pad(x, (0, -width % TILE))) for x in (q, k, v))
        row = None if mask is None else tensix.typecast(activation(mask), "bfloat16")
        result = run.attention(q, k, v, attn_mask=row, is_causal=False, scale=scale).values
    else:
        groups = q.shape[1] // k.shape[1]
        k, v = (activation(x.repeat_interleave(groups, 1)) for x in (k, v))
        scores = run.binary("multiply", activation(q), scale)
        scores = run.matmul(scores, tensix.transpose(k, -1, -2))
        if mask is not None:
            scores = run.binary("add", scores, activation(mask))
        result = run.matmul(run.softmax(scores), v).values
    return result[..., : value.shape[-1]].reshape(*lead, query.shape[-2], value.shape[-1])


def _additive(mask: torch.Tensor | None, shape: tuple[int, ...]) -> torch.Tensor | None:
    """A mask (B, H, S, T) that is added to scores of `shape` (..., S, T)."""
    if mask is None:
        return None
    if mask.dtype == torch.bool:
        mask = torch.zeros_like(mask, dtype=torch.float32).masked_fill(~mask, -torch.inf)
    return _four_axes(mask.expand(shape))


def _four_axes(x: torch.Tensor) -> torch.Tensor:
    """(..., S, D) as (B, H, S, D)."""
    return x[(None,) * (4 - x.dim())] if x.dim() <= 4 else x.flatten(0, -4)


@functools.lru_cache(maxsize=512)
def execution(precision: SitePrecision) -> Execution:
    """The operations of one site, on a CPU."""
    return Execution(tensix, precision)


def activation(x: torch.Tensor) -> Tensor:
    """A tensor of the module as the site finds it; the site casts it.

    Raises:
        TypeError: it is not float32; torch has no product of integers and floating point either.
    """
    if x.dtype != torch.float32:
        raise TypeError(f"an operand holds {x.dtype}; legal is float32")
    return Tensor(x, "bfloat16" if stored.is_bfloat16(x) else "float32")


def weights(
    x: torch.Tensor, precision: SitePrecision, owner: torch.Tensor, operand: str = "in1"
) -> Tensor:
    """A constant operand ("in0", "in1") of the matrix engine, a view of `owner`."""
    dtype, rounded = precision.weights, Rounding.of(precision, operand)
    recipe = ("weights", dtype, rounded)
    return packed(x, owner, recipe, lambda values: from_torch(rounded(values), dtype))


def vector(x: torch.Tensor, precision: SitePrecision, constants: Constants) -> Tensor:
    """A bias or scale (any shape) as stored: bfloat16, or float32 where the weights are."""
    owner, dtype = constants.owner(x), precision.vectors
    if owner is None:
        return tensix.typecast(activation(x), dtype)
    return packed(x, owner, ("vector", dtype), lambda values: from_torch(values, dtype))


def _constant_of(pair: tuple[object, object], constants: Constants) -> int | None:
    """Which of two operands is a constant of the module, if just one is."""
    found = [
        i
        for i, x in enumerate(pair)
        if isinstance(x, torch.Tensor) and constants.owner(x) is not None
    ]
    return found[0] if len(found) == 1 else None


def operand(x: object, precision: SitePrecision, constants: Constants) -> object:
    """An operand of an element-wise operation: a device tensor, or a number as it is.

    A tensor without axes gets one, for block floats have groups.
    """
    if isinstance(x, np.generic):
        x = x.item()
    if not isinstance(x, torch.Tensor):
        return int(x) if isinstance(x, bool) else x
    x = x.reshape(1) if x.dim() == 0 else x
    if not x.is_floating_point():
        x = x.float()
    return activation(x) if constants.owner(x) is None else vector(x, precision, constants)


def owner_of(x: torch.Tensor, constants: Constants) -> torch.Tensor:
    owner = constants.owner(x)
    return x if owner is None else owner
