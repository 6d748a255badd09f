"""Torch functions that are several operations of the device, in terms of simpler torch calls.

The interception sees those calls one by one, each at a site of its own.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.errors import NoRuleError


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """`torch.nn.functional.multi_head_attention_forward`, behind `torch.nn.MultiheadAttention`.

    Projections, scores, softmax, context and the output projection. Without `need_weights` the
    three in the middle are one scaled dot product attention.

    Args:
        query: (T, B, E) or (T, E). key, value: (S, B, E) or (S, E). The others as in torch.

    Raises:
        NoRuleError: keys or values that are given or added from outside.
    """
    if any(x is not None for x in (bias_k, bias_v, static_k, static_v)) or add_zero_attn:
        raise NoRuleError("added or static keys and values have no rule")
    unbatched = query.dim() == 2
    if unbatched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, batch, width = query.shape
    if use_separate_proj_weight:
        weights = q_proj_weight, k_proj_weight, v_proj_weight
    else:
        weights = in_proj_weight.chunk(3)
    biases = (None,) * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
    if query is key is value and not use_separate_proj_weight:
        projected = F.linear(query, in_proj_weight, in_proj_bias).chunk(3, -1)
    else:
        projected = [
            F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)
        ]
    q, k, v = (_heads(x, num_heads) for x in projected)
    mask = _mask(attn_mask, key_padding_mask, batch, num_heads)
    dropout = dropout_p if training else 0.0
    average = None
    if need_weights:
        scores = torch.matmul(q * (1 / math.sqrt(q.shape[-1])), k.transpose(-1, -2))
        attention = torch.softmax(scores if mask is None else scores + mask, -1)
        context = torch.matmul(F.dropout(attention, dropout) if dropout else attention, v)
        average = attention.mean(1) if average_attn_weights else attention
        average = average.squeeze(0) if unbatched else average
    else:
        context = F.scaled_dot_product_attention(q, k, v, mask, dropout, is_causal and mask is None)
    merged = context.permute(2, 0, 1, 3).reshape(length, batch, width)
    output = F.linear(merged, out_proj_weight, out_proj_bias)
    return output.squeeze(1) if unbatched else output, average


def _heads(x: Tensor, heads: int) -> Tensor:
    """(T, B, E) -> (B, H, T, E / H)."""
    return x.unflatten(-1, (heads, -1)).permute(1, 2, 0, 3)


def _mask(
    attention: Tensor | None, padding: Tensor | None, batch: int, heads: int
) -> Tensor | None:
    """Both masks as one that is added to scores (B, H, T, S)."""
    with torch._C.DisableTorchFunction():
        parts = []
        if attention is not None:
            whole = attention.unflatten(0, (batch, heads)) if attention.dim() == 3 else attention
            parts.append(_additive(whole))
        if padding is not None:
            parts.append(_additive(padding)[:, None, None])
        return sum(parts) if parts else None


def _additive(mask: Tensor) -> Tensor:
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=torch.float32).masked_fill(mask, -math.inf)


def interpolate(
    input: Tensor,
    size: int | tuple[int, ...] | None = None,
    scale_factor: float | tuple[float, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """`torch.nn.functional.interpolate`: the nearest value, or two products and their sum.

    Raises:
        NoRuleError: other modes than "nearest", "nearest-exact" and "linear".
    """
    options = (size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)
    if mode in ("nearest", "nearest-exact"):
        with torch._C.DisableTorchFunction():
            return F.interpolate(input, *options)
    if mode != "linear":
        raise NoRuleError(f"interpolation by mode {mode!r} has no rule")
    with torch._C.DisableTorchFunction():
        # Torch itself tells where each value comes from: interpolated, positions are positions.
        place = torch.arange(input.shape[-1], dtype=torch.float64, device=input.device)
        place = F.interpolate(place[None, None], *options)[0, 0]
        left = place.floor().long().clamp(max=input.shape[-1] - 1)
        right = (left + 1).clamp(max=input.shape[-1] - 1)
        shares = (1 - place + left).to(input.dtype), (place - left).to(input.dtype)
    return input[..., left] * shares[0] + input[..., right] * shares[1]


def avg_pool1d(
    input: Tensor,
    kernel_size: int | tuple[int],
    stride: int | tuple[int] | None = None,
    padding: int | tuple[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """`torch.nn.functional.avg_pool1d`, as means of windows."""
    return _pooled(input, 1, kernel_size, stride, padding, ceil_mode or not count_include_pad)


def avg_pool2d(
    input: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """`torch.nn.functional.avg_pool2d`, as means of windows."""
    special = ceil_mode or not count_include_pad or divisor_override is not None
    return _pooled(input, 2, kernel_size, stride, padding, special)


def adaptive_avg_pool1d(input: Tensor, output_size: int | tuple[int]) -> Tensor:
    """`torch.nn.functional.adaptive_avg_pool1d` to lengths that divide the input's."""
    return _adapted(input, 1, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: int | tuple[int | None, int | None]) -> Tensor:
    """`torch.nn.functional.adaptive_avg_pool2d` to lengths that divide the input's."""
    return _adapted(input, 2, output_size)


def var(
    input: Tensor,
    dim: int | tuple[int, ...] | bool | None = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """`torch.var`: the squared distance from the mean, summed up and scaled."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    axes = dim if isinstance(dim, tuple | list) else () if dim is None else (dim,)
    axes = tuple(axes) or tuple(range(input.dim()))
    count = math.prod(input.shape[axis] for axis in axes)
    freedom = count - (int(unbiased) if correction is None else correction)
    squares = (input - input.mean(axes, keepdim=True)).square()
    return squares.sum(axes, keepdim) * (1 / freedom if freedom > 0 else math.inf)


def std(*args, **kwargs) -> Tensor:
    """`torch.std`: the square root of `var`."""
    return var(*args, **kwargs).sqrt()


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """`torch.nn.functional.normalize` to Euclidean length 1.

    Raises:
        NoRuleError: another length.
    """
    if p != 2 or out is not None:
        raise NoRuleError(f"normalize with p={p} has no rule")
    return input / input.square().sum(dim, keepdim=True).sqrt().clamp_min(eps)


def _pooled(input, axes, kernel_size, stride, padding, is_special):
    if is_special:
        raise NoRuleError("pooling with windows of other sizes has no rule")
    kernel = _each(kernel_size, axes)
    strides = kernel if stride is None or stride == () else _each(stride, axes)
    x = F.pad(input, [n for n in reversed(_each(padding, axes)) for _ in range(2)])
    for axis in range(-axes, 0):
        # Every window that is cut out stands on a new last axis.
        x = x.unfold(-axes, kernel[axis], strides[axis])
    return x.mean(tuple(range(-axes, 0)))


def _adapted(input, axes, output_size):
    wanted = _each(output_size, axes)
    lengths = input.shape[-axes:]
    wanted = [n if w is None else w for n, w in zip(lengths, wanted, strict=True)]
    if any(n % w for n, w in zip(lengths, wanted, strict=True)):
        raise NoRuleError(f"pooling {tuple(lengths)} to {tuple(wanted)} has no rule")
    kernel = tuple(n // w for n, w in zip(lengths, wanted, strict=True))
    return _pooled(input, axes, kernel, None, 0, False)


def _each(value, axes: int) -> tuple:
    values = tuple(value) if isinstance(value, tuple | list) else (value,)
    return values * axes if len(values) == 1 else values


DECOMPOSITIONS: dict[Callable, Callable] = {
    F.multi_head_attention_forward: multi_head_attention_forward,
    F.interpolate: interpolate,
    F.avg_pool1d: avg_pool1d,
    F.avg_pool2d: avg_pool2d,
    F.adaptive_avg_pool1d: adaptive_avg_pool1d,
    F.adaptive_avg_pool2d: adaptive_avg_pool2d,
    F.normalize: normalize,
    torch.var: var,
    torch.Tensor.var: var,
    torch.std: std,
    torch.Tensor.std: std,
}
