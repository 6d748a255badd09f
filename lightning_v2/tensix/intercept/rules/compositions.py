"""Torch calls as several operations of the device at one site, as a caller of ttnn writes them.

They have the arguments of the functions in `calls`. ttnn itself has no kernel for prelu with a
tensor, glu and log_softmax: its host code, or its user, composes them. It has kernels of its own
for group_norm, addcmul, addcdiv and lerp; here they are compositions all the same, with the bits of
that sequence of operations. batch_norm is composed as its kernel is.
"""

from dataclasses import replace

import torch

from lightning_v2 import tensix
from lightning_v2.errors import NoRuleError
from lightning_v2.tensix.intercept.rules import calls
from lightning_v2.tensix.intercept.rules.execution import Execution
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision
from lightning_v2.tensix.numbers.tensor import Tensor


def glu(precision, constants, input, dim=-1) -> torch.Tensor:
    """`torch.nn.functional.glu`: one half times the sigmoid of the other, as ttnn.glu has it."""
    run = calls.execution(precision)
    first, second = (calls.activation(part) for part in input.chunk(2, dim))
    return run.binary("multiply", first, run.unary("sigmoid", second)).values


def prelu(precision, constants, input, weight) -> torch.Tensor:
    """`torch.prelu`: the product, selected below zero, as ttnn.prelu of two tensors has it."""
    run = calls.execution(precision)
    if weight.numel() > 1:
        weight = weight.view(-1, *(1 for _ in input.shape[2:]))
    x = calls.operand(input, precision, constants)
    scaled = run.binary("multiply", x, calls.operand(weight, precision, constants))
    result = torch.where(input < 0, scaled.values, _stored(run.operand(x), precision))
    return result.view(input.shape)


def log_softmax(precision, constants, input, dim=-1, *ignored, **kwargs) -> torch.Tensor:
    """`torch.log_softmax`: x - max - log(sum(exp(x - max))), stored once at the end."""
    dim = -1 if dim is None else dim
    run = _inside(precision)
    x = run.operand(_operand(input.movedim(dim, -1), precision, constants))
    x = run.binary("subtract", x, run.reduce("max", x, -1, True))
    total = run.reduce("sum", run.unary("exp", x), -1, True)
    y = run.binary("subtract", x, run.unary("log", total))
    return _stored(y, precision).movedim(-1, dim)


def addcmul(precision, constants, input, tensor1, tensor2, *, value=1) -> torch.Tensor:
    """`torch.addcmul`, stored once at the end."""
    return _added(precision, constants, input, tensor1, tensor2, value, "multiply")


def addcdiv(precision, constants, input, tensor1, tensor2, *, value=1) -> torch.Tensor:
    """`torch.addcdiv`, stored once at the end."""
    return _added(precision, constants, input, tensor1, tensor2, value, "divide")


def lerp(precision, constants, input, end, weight) -> torch.Tensor:
    """`torch.lerp`: input + weight * (end - input), stored once at the end."""
    run = _inside(precision, wide=True)
    start, end, weight = (_operand(x, precision, constants) for x in (input, end, weight))
    change = run.binary("multiply", run.binary("subtract", end, start), weight)
    return _stored(run.binary("add", start, change), precision)


def batch_norm(
    precision,
    constants,
    input,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    training=False,
    momentum=0.1,
    eps=1e-5,
) -> torch.Tensor:
    """`torch.nn.functional.batch_norm` in evaluation.

    (x - mean) * rsqrt(variance + eps) * weight + bias in the order of ttnn's kernel: on the vector
    engine in float32 with a 32-bit Dst, else on the matrix engine, each result a bfloat16. Products
    take all four phases there, whatever the fidelity of the site.

    Raises:
        NoRuleError: in training.
    """
    if training or running_mean is None:
        raise NoRuleError("batch_norm in training has no exact rule")
    run = _inside(precision)
    x = run.operand(_operand(input.movedim(1, -1), precision, constants))
    mean, variance = (
        run.operand(calls.vector(v, precision, constants)) for v in (running_mean, running_var)
    )
    root = tensix.rsqrt(tensix.add(variance, eps))
    y = _product(tensix.subtract(x, mean), root)
    return _scaled(y, weight, bias, precision, constants, run)


def instance_norm(
    precision,
    constants,
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
) -> torch.Tensor:
    """`torch.nn.functional.instance_norm`: a group norm of as many groups as channels.

    Raises:
        NoRuleError: running statistics are updated.
    """
    if not use_input_stats:
        statistics = (running_mean, running_var)
        return batch_norm(precision, constants, input, *statistics, weight, bias, eps=eps)
    if running_mean is not None:
        raise NoRuleError("instance_norm in training has no exact rule")
    unbatched = input.dim() == 2
    x = input.unsqueeze(0) if unbatched else input
    y = group_norm(precision, constants, x, x.shape[1], weight, bias, eps)
    return y.squeeze(0) if unbatched else y


def group_norm(
    precision, constants, input, num_groups, weight=None, bias=None, eps=1e-5
) -> torch.Tensor:
    """`torch.nn.functional.group_norm`: means over groups laid out as rows, then as `batch_norm`.

    (x - mean) * rsqrt(mean((x - mean)**2) + eps) * weight + bias, the mean by ttnn.mean.
    """
    run = _inside(precision)
    x = run.operand(_operand(input.movedim(1, -1), precision, constants)).values
    rows = Tensor(x.movedim(-1, 1).reshape(len(x), num_groups, -1), run.precision.activations)
    centred = tensix.subtract(rows, tensix.mean(rows, -1, True))
    variance = tensix.mean(_product(centred, centred), -1, True)
    y = _product(centred, tensix.rsqrt(tensix.add(variance, eps))).values
    y = Tensor(y.reshape(input.shape).movedim(1, -1), run.precision.activations)
    return _scaled(y, weight, bias, precision, constants, run)


def _added(precision, constants, input, tensor1, tensor2, value, operation):
    run = _inside(precision, wide=True)
    input, first, second = (_operand(x, precision, constants) for x in (input, tensor1, tensor2))
    first = first if value == 1 else run.binary("multiply", first, float(value))
    y = run.binary("add", input, run.binary(operation, first, second))
    return _stored(y, precision)


def _scaled(
    y: Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    precision: SitePrecision,
    constants: Constants,
    run: Execution,
) -> torch.Tensor:
    """y (B, ..., C) times weight plus bias (C,) as stored, (B, C, ...)."""
    if weight is not None:
        y = _product(y, run.operand(calls.vector(weight, precision, constants)))
    if bias is not None:
        y = tensix.add(y, run.operand(calls.vector(bias, precision, constants)))
    return _stored(y, precision).movedim(-1, 1)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """By the matrix engine, but of float32 by the vector engine."""
    return tensix.multiply(a, b, fast_and_approximate_mode=True)


def _inside(precision: SitePrecision, wide: bool = False) -> Execution:
    """How the steps run between the cast of the operands and that of the result.

    wide: in float32 whatever the site says.
    """
    wide = wide or precision.fp32_dest_acc_en
    wide = wide or "float32" in (precision.activations, precision.output)
    between = "float32" if wide else "bfloat16"
    return calls.execution(replace(precision, activations=between, output=between))


def _operand(x: object, precision: SitePrecision, constants: Constants) -> object:
    """An operand in the format in which the site finds it."""
    x = calls.operand(x, precision, constants)
    return calls.execution(precision).operand(x) if isinstance(x, Tensor) else x


def _stored(y: Tensor, precision: SitePrecision) -> torch.Tensor:
    return tensix.typecast(y, precision.output).values
