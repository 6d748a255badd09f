"""Torch's convolutions as operations of one site; see `calls`."""

from collections.abc import Callable
from dataclasses import replace

import torch

from lightning_v2.tensix.intercept.rules import calls
from lightning_v2.tensix.numbers.constants import Constants, packed
from lightning_v2.tensix.numbers.rounding import Rounding
from lightning_v2.tensix.numbers.sites import SitePrecision
from lightning_v2.tensix.numbers.tensor import Tensor
from lightning_v2.tensix.ops.convolution import is_elementwise


def conv1d(
    precision, constants, input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1
) -> torch.Tensor:
    """`torch.nn.functional.conv1d`."""
    stride, dilation = _one(stride), _one(dilation)
    if padding == "same":
        reach = dilation * (weight.shape[-1] - 1)
        padding = (reach // 2, reach - reach // 2)
    else:
        padding = 0 if padding == "valid" else _one(padding)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    run = calls.execution(precision)
    return _channels_last(run.conv1d, 3, input, weight, bias, precision, constants, options)


def conv2d(
    precision, constants, input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1
) -> torch.Tensor:
    """`torch.nn.functional.conv2d`."""
    stride, dilation = _two(stride), _two(dilation)
    if padding == "same":
        reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        padding = tuple(part for r in reach for part in (r // 2, r - r // 2))
    else:
        padding = 0 if padding == "valid" else _two(padding)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    run = calls.execution(precision)
    return _channels_last(run.conv2d, 4, input, weight, bias, precision, constants, options)


def conv_transpose2d(
    precision,
    constants,
    input,
    weight,
    bias=None,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    dilation=1,
) -> torch.Tensor:
    """`torch.nn.functional.conv_transpose2d`."""
    pairs = {
        "stride": stride,
        "padding": padding,
        "output_padding": output_padding,
        "dilation": dilation,
    }
    options = {name: _two(value) for name, value in pairs.items()} | {"groups": groups}
    run = calls.execution(precision).conv_transpose2d
    return _channels_last(run, 4, input, weight, bias, precision, constants, options)


def conv_transpose1d(
    precision,
    constants,
    input,
    weight,
    bias=None,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    dilation=1,
) -> torch.Tensor:
    """`torch.nn.functional.conv_transpose1d`, as one of height 1: ttnn has no other."""
    result = conv_transpose2d(
        precision,
        constants,
        input.unsqueeze(-2),
        weight.unsqueeze(-2),
        bias,
        (1, _one(stride)),
        (0, _one(padding)),
        (0, _one(output_padding)),
        groups,
        (1, _one(dilation)),
    )
    return result.squeeze(-2)


def _channels_last(
    run: Callable[..., Tensor],
    axes: int,
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    precision: SitePrecision,
    constants: Constants,
    options: dict[str, object],
) -> torch.Tensor:
    """`run` of x (B, C, ...) or (C, ...) with its channels moved to the end, and back."""
    operand = _weights_operand(x.shape[-axes + 1], weight, options)
    # Prepared weights are another matrix than these, so that nothing is carried along its K.
    rounded = replace(Rounding.of(precision, operand), feedback=None)
    # Its format is decided when the prepared weights are packed.
    stored = packed(
        weight,
        calls.owner_of(weight, constants),
        ("convolution", rounded),
        lambda values: Tensor(rounded(calls.activation(values).values), "float32"),
    )
    row = None if bias is None else calls.vector(bias, precision, constants)
    unbatched = x.dim() < axes
    x = x.unsqueeze(0) if unbatched else x
    result = run(calls.activation(x.movedim(1, -1)), stored, row, **options).values.movedim(-1, 1)
    return result.squeeze(0) if unbatched else result


def _weights_operand(channels: int, weight: torch.Tensor, options: dict[str, object]) -> str:
    """As which operand the kernel for these shapes takes `weight`; see `tensix.convolution`."""
    groups, stride, dilation = (options[name] for name in ("groups", "stride", "dilation"))
    elementwise = is_elementwise(channels, weight.shape, groups, stride, dilation)
    return "in0" if elementwise else "in1"


def _one(value: int | tuple[int]) -> int:
    return value[0] if isinstance(value, tuple | list) else value


def _two(value: int | tuple[int, ...]) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    return pair * 2 if len(pair) == 1 else pair
