"""Torch functions that are several operations of the device, in terms of simpler torch calls.

The interception sees those calls one by one, each at a site of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


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
        NotImplementedError: keys or values that are given or added from outside.
    """
    if any(x is not None for x in (bias_k, bias_v, static_k, static_v)) or add_zero_attn:
        raise NotImplementedError("added or static keys and values have no rule")
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
    return torch.zeros(mask.shape).masked_fill(mask, -math.inf)


DECOMPOSITIONS: dict[Callable, Callable] = {
    F.multi_head_attention_forward: multi_head_attention_forward
}
