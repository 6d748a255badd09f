"""Convolutions: `ttnn.conv1d`, `conv2d` and the transposed ones, channels last.

docs/numerics.md, sections 4 and 8 (HiFi4, 16-bit Dst unless input and weight are float32). The
chip multiplies a matrix of input windows (rows of K = taps x channels, in0) by the weights stored
as [K, output channels] (in1). One row of the window is one run of Dst; between the rows of a
two-dimensional window the sum waits in memory, and so it does between parts of the channels where
ttnn cuts them: `conv1d` without a `shard_layout` follows ttnn's own choice (`convolution_program`).
Parts of channels are filled up to multiples of 8, or of 32, and each block of K to whole tiles.
So does `conv_transpose2d` of height 1. Along two axes both are what ttnn runs with
`shard_layout=HEIGHT_SHARDED`.

A depthwise convolution along one axis without bias runs on an element-wise kernel instead, with the
input in SrcA and the weights in SrcB: there a low fidelity costs the *input*. With a bias, and for
other groups, ttnn expands the weights to a dense matrix with zeros, and so does this module.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.exact import convolution as convolution_exact
from lightning_v2.tensix.fast import convolution as convolution_fast
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, settings
from lightning_v2.tensix.numbers.formats import MAGNITUDE_BITS, pack_device_, pack_host
from lightning_v2.tensix.numbers.tensor import Tensor, checked, checked_dtype
from lightning_v2.tensix.ops.matmul import finish, linear
from lightning_v2.tensix.programs.convolution_memory import HEIGHT
from lightning_v2.tensix.programs.convolution_way import AUTOMATIC, way_of

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Conv2dConfig:
    """How a convolution is laid out.

    Attributes:
        weights_dtype: format of the prepared weights; that of `weight_tensor` if not given.
        shard_layout: "HEIGHT_SHARDED", or ttnn's own choice if not given.
    """

    weights_dtype: str | None = None
    shard_layout: str | None = None

    def __post_init__(self):
        if self.shard_layout not in (None, HEIGHT):
            raise ArgumentError(
                f"shard_layout is {self.shard_layout!r}; legal are None and {HEIGHT!r}"
            )


Conv1dConfig = Conv2dConfig


def is_depthwise(channels: int, shape: tuple[int, ...], groups: int) -> bool:
    """Whether weights of `shape` (O, C / groups, k) or (O, C / groups, kh, kw), or their transposed
    form, are for the element-wise kernel: each channel by itself along one axis."""
    each_by_itself = groups == channels == shape[0] and shape[1] == 1 and groups > 1
    return each_by_itself and (len(shape) == 3 or shape[2] == 1)


def is_elementwise(
    channels: int, shape: tuple[int, ...], groups: int, stride: int | Pair, dilation: int | Pair
) -> bool:
    """Whether such a convolution without bias runs on that kernel as it is.

    ttnn 0.81.1 forgets a dilation there, and takes the windows of `conv1d` that touch each other
    for a matmul. Arguments as of `is_depthwise`.
    """
    touching = len(shape) == 3 and stride == shape[-1]
    return is_depthwise(channels, shape, groups) and _pair(dilation)[-1] == 1 and not touching


def conv1d(
    *,
    input_tensor: Tensor,
    weight_tensor: Tensor,
    stride: int = 1,
    padding: int | Pair = 0,
    dilation: int = 1,
    groups: int = 1,
    bias_tensor: Tensor | None = None,
    dtype: str | None = None,
    conv_config: Conv1dConfig | None = None,
    compute_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """`ttnn.conv1d`: a two-dimensional convolution of height 1; see `conv2d`.

    Args:
        input_tensor: (N, L, C), row-major as `ttnn.from_torch` leaves it, or in tiles if it is
            stored as block floats.
        weight_tensor: (O, C / groups, k), as PyTorch has it.
        padding: zeros at both ends, or a pair (left, right).
        bias_tensor: (O,).

    Returns:
        (N, L', O).

    Raises:
        TypeError, ValueError: as `conv2d`.
        NoProgram: ttnn has no program for these sizes.
    """
    x = _with_axes("input_tensor", input_tensor, "(N, L, C)", 3)
    weight = _with_axes("weight_tensor", weight_tensor, "(O, C / groups, k)", 3)
    left, right = padding if isinstance(padding, tuple | list) else (padding, padding)
    result = _convolve(
        Tensor(x.values.unsqueeze(1), x.dtype),
        weight.form("height 1", lambda values: Tensor(values.unsqueeze(2), weight.dtype)),
        (1, stride),
        (0, 0, left, right),
        (1, dilation),
        groups,
        bias_tensor,
        dtype,
        conv_config or Conv1dConfig(),
        compute_config,
        along_one_axis=True,
    )
    return Tensor(result.values.squeeze(1), result.dtype)


def conv2d(
    *,
    input_tensor: Tensor,
    weight_tensor: Tensor,
    stride: int | Pair = 1,
    padding: int | Pair | tuple[int, int, int, int] = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    bias_tensor: Tensor | None = None,
    dtype: str | None = None,
    conv_config: Conv2dConfig | None = None,
    compute_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """`ttnn.conv2d`, sharded by height.

    Sizes that ttnn asks for again (`in_channels`, `kernel_size`, …) are taken from the tensors.

    Args:
        input_tensor: (N, H, W, C). weight_tensor: (O, C / groups, kh, kw), float32 or bfloat16: it
            is packed after its preparation, in the format that `conv_config` names.
        padding: one number, (height, width), or (top, bottom, left, right).
        bias_tensor: (O,), packed as the weights are.
        dtype: of the result; that of the input if not given.

    Returns:
        (N, H', W', O).

    Raises:
        TypeError: an operand is no `tensix.Tensor`.
        ArgumentError: shapes that do not fit each other or `groups`, block-float weights, an
            unknown dtype, a dilated depthwise convolution without bias.
    """
    around = _pair(padding)
    return _convolve(
        _with_axes("input_tensor", input_tensor, "(N, H, W, C)", 4),
        _with_axes("weight_tensor", weight_tensor, "(O, C / groups, kh, kw)", 4),
        _pair(stride),
        around if len(around) == 4 else (around[0], around[0], around[1], around[1]),
        _pair(dilation),
        groups,
        bias_tensor,
        dtype,
        conv_config or Conv2dConfig(),
        compute_config,
    )


def conv_transpose2d(
    *,
    input_tensor: Tensor,
    weight_tensor: Tensor,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    output_padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    bias_tensor: Tensor | None = None,
    dtype: str | None = None,
    conv_config: Conv2dConfig | None = None,
    compute_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """`ttnn.conv_transpose2d`: zeros between the inputs, then a convolution with turned weights.

    Of height 1 it has ttnn's own layout, as `conv1d`; otherwise it is sharded by height.

    Args:
        input_tensor: (N, H, W, C). weight_tensor: (C, O / groups, kh, kw), as PyTorch has it.
        The others as for `conv2d`.

    Returns:
        (N, H', W', O).

    Raises:
        TypeError, ArgumentError: as `conv2d`.
        NoProgram: ttnn has no program for these sizes.
    """
    x = _with_axes("input_tensor", input_tensor, "(N, H, W, C)", 4)
    weight = _with_axes("weight_tensor", weight_tensor, "(C, O / groups, kh, kw)", 4)
    stride, padding, output_padding, dilation = map(
        _pair, (stride, padding, output_padding, dilation)
    )
    batch, height, width, channels = x.shape
    spread = x.values.new_zeros(
        batch, (height - 1) * stride[0] + 1, (width - 1) * stride[1] + 1, channels
    )
    spread[:, :: stride[0], :: stride[1]] = x.values

    def turned(values: torch.Tensor) -> Tensor:
        grouped = values.flip(2, 3).unflatten(0, (groups, -1)).transpose(1, 2)
        return Tensor(grouped.flatten(0, 1).contiguous(), weight.dtype)

    reach = [dilation[axis] * (weight.shape[2 + axis] - 1) - padding[axis] for axis in (0, 1)]
    if min(reach) < 0:
        raise ArgumentError(f"padding is {padding}; legal are values below the size of the kernel")
    around = (reach[0], reach[0] + output_padding[0], reach[1], reach[1] + output_padding[1])
    return _convolve(
        Tensor(spread, x.dtype),
        weight.form(("turned", groups), turned),
        (1, 1),
        around,
        dilation,
        groups,
        bias_tensor,
        dtype,
        conv_config or Conv2dConfig(),
        compute_config,
        along_one_axis=height == weight.shape[2] == 1 and reach[0] == output_padding[0] == 0,
        every=stride[1],
    )


def _convolve(
    x: Tensor,
    weight: Tensor,
    stride: Pair,
    around: tuple[int, int, int, int],
    dilation: Pair,
    groups: int,
    bias: Tensor | None,
    dtype: str | None,
    conv_config: Conv2dConfig,
    compute_config: ComputeKernelConfig | None,
    along_one_axis: bool = False,
    every: int = 1,
) -> Tensor:
    """Any of the convolutions on x (N, H, W, C) with weight (O, C / groups, kh, kw).

    along_one_axis: H = kh = 1, where ttnn's own layout is known. every: which columns are not
    zeros in between.
    """
    channels, (outputs, width, *_) = x.shape[-1], weight.shape
    if channels != width * groups or outputs % groups:
        raise ArgumentError(
            f"weight_tensor has shape {tuple(weight.shape)}; with {channels} input channels and "
            f"groups = {groups} legal is (a multiple of {groups}, {channels / groups:g}, …)"
        )
    if bias is not None and checked("bias_tensor", bias).values.numel() != outputs:
        raise ArgumentError(f"bias_tensor has shape {tuple(bias.shape)}; legal is ({outputs},)")
    if weight.dtype in MAGNITUDE_BITS:
        raise ArgumentError(
            f"weight_tensor is stored as {weight.dtype}; legal are float32 and bfloat16: "
            "conv_config.weights_dtype says how the prepared weights are stored"
        )
    named = conv_config.weights_dtype
    stored = checked_dtype(weight.dtype if named is None else named)
    output = checked_dtype(x.dtype if dtype is None else dtype)
    config = compute_config or ComputeKernelConfig(
        "HiFi4", fp32_dest_acc_en=x.dtype == stored == "float32"
    )
    if bias is not None:
        # Prepared like the weights, in their format.
        bias = bias.form(("prepared", stored), lambda v: pack_host(v, stored))
        bias = Tensor(bias, stored)
    layout = (conv_config.shard_layout or AUTOMATIC) if along_one_axis else None
    formats = x.dtype, stored, output
    shapes = tuple(x.shape), tuple(weight.shape)
    geometry = stride, around, dilation
    chip = settings().arch, settings().cores
    apart = bias is None and is_depthwise(channels, weight.shape, groups)
    way = way_of(shapes, geometry, formats, bias is not None, apart, layout, config, *chip)
    in_windows = not way.is_depthwise and not way.is_folded and way.program is not None
    if in_windows and config.fp32_dest_acc_en and not settings().exact:
        matrix = _matrix(weight, stored, groups)
        if convolution_fast.is_long(x, matrix, stride, around):
            dst = convolution_fast.long(x, matrix, around, dilation[1], every, config)
            return Tensor(finish(dst, bias, config, output), output)
    x = Tensor(F.pad(x.values, (0, 0, around[2], around[3], around[0], around[1])), x.dtype)
    if way.is_depthwise:
        return _depthwise(x, weight, stored, stride, dilation, config, output)
    matrix = _matrix(weight, stored, groups)
    if way.is_folded:
        x, matrix = _folded(x, matrix, way.steps)
        stride = (1, 1)
    if way.program is None:
        rows, columns = x.values.flatten(0, 2), matrix.form("columns", lambda v: v.flatten(0, 2))
        result = linear(
            Tensor(rows, x.dtype),
            Tensor(columns, stored),
            bias=bias,
            dtype=output,
            compute_kernel_config=config,
        )
        return Tensor(result.values.view(*x.shape[:3], outputs), output)
    given = (x, matrix, stride, dilation, way.program, config, output, bias)
    tier = convolution_exact if settings().exact else convolution_fast
    dst = tier.dense(*given)
    return Tensor(finish(dst, bias, config, output), output)


def _depthwise(
    x: Tensor,
    weight: Tensor,
    stored: str,
    stride: Pair,
    dilation: Pair,
    config: ComputeKernelConfig,
    output: str,
) -> Tensor:
    """x (N, H, W, C), padded, by weight (C, 1, 1, kw), on the element-wise kernel."""
    if dilation[1] != 1:
        raise ArgumentError(
            f"dilation is {dilation[1]}; legal is 1 for a depthwise convolution along one axis "
            "without bias, whose kernel in ttnn 0.81.1 computes as with 1: give a bias of zeros"
        )
    taps = weight.form(("taps", stored), lambda v: _packed(v[:, 0, 0].t(), weight.dtype, stored))
    tier = convolution_exact if settings().exact else convolution_fast
    dst = tier.depthwise(x, taps, stride, dilation, config, output)
    return Tensor(pack_device_(dst, output), output)


def _folded(x: Tensor, matrix: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """x (N, 1, W, C), padded, and matrix (1, k, C, O) with k positions as one."""
    channels = matrix.shape[1] * matrix.shape[2]
    side_by_side = x.values.reshape(x.shape[0], 1, steps, channels)
    folded = matrix.form("folded", lambda v: Tensor(v.reshape(1, 1, channels, -1), matrix.dtype))
    return Tensor(side_by_side, x.dtype), folded


def _matrix(weight: Tensor, stored: str, groups: int) -> Tensor:
    """Prepared weights (kh, kw, C, O), kept with those that they are made of."""
    return weight.form(
        ("prepared", stored, groups), lambda v: _packed(_dense(v, groups), weight.dtype, stored)
    )


def _dense(weight: torch.Tensor, groups: int) -> torch.Tensor:
    """(O, C / groups, kh, kw) -> (kh, kw, C, O), zeros between the groups."""
    taps = weight.permute(2, 3, 1, 0)
    if groups == 1:
        return taps.contiguous()
    by_group = taps.unflatten(3, (groups, -1)).movedim(3, -1)
    return torch.diag_embed(by_group, dim1=2, dim2=4).flatten(4, 5).flatten(2, 3)


def _packed(prepared: torch.Tensor, given: str, stored: str) -> Tensor:
    return Tensor(prepared if given == stored else pack_host(prepared, stored), stored)


def _with_axes(name: str, x: Tensor, axes: str, count: int) -> Tensor:
    if checked(name, x).values.dim() != count:
        raise ArgumentError(f"{name} has shape {tuple(x.shape)}; legal is {axes}")
    return x


def _pair(value: int | tuple) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)
