"""Attention as one operation: `ttnn.transformer.scaled_dot_product_attention`.

docs/numerics.md, section 7.2: flash attention over chunks of keys, whose sizes change results.
ttnn has two kernels for it, a streaming one for a 16-bit Dst, its default, and one for 32 bits.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.exact import engine, rows
from lightning_v2.tensix.fast.approximations import exp_approximate
from lightning_v2.tensix.fast.matmul import product
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity, formats
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, settings
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.tensix.numbers.tensor import Tensor, checked

INPUTS = ("bfloat16", "bfloat8_b", "bfloat4_b")

_DST_TILES = 8
# Shapes of output blocks (rows, columns of tiles) in ttnn's order of preference.
_BLOCKS = (
    *((2, 4), (4, 2), (1, 8), (8, 1), (1, 7), (7, 1), (2, 3), (3, 2), (1, 6), (6, 1)),
    *((1, 5), (5, 1), (2, 2), (1, 4), (4, 1), (1, 3), (3, 1), (1, 2), (2, 1), (1, 1)),
)
_SLOPE = np.float32(256) * np.float32(1.4426950408889634)


@dataclass(frozen=True, slots=True)
class SDPAProgramConfig:
    """Sizes of chunks, in rows of queries and of keys, and the exponential between chunks.

    Attributes:
        q_chunk_size, k_chunk_size: multiples of 32.
        exp_approx_mode: None for ttnn's default, True. With a 16-bit Dst the exponentials of the
            scores are approximate either way, with 32 bits only for True. The factor that brings
            earlier chunks to a new largest score is an accurate exponential for True and a short
            polynomial for False.
    """

    q_chunk_size: int = 32
    k_chunk_size: int = 32
    exp_approx_mode: bool | None = None

    def __post_init__(self):
        for name in ("q_chunk_size", "k_chunk_size"):
            size = getattr(self, name)
            if not isinstance(size, int) or size < 1 or size % TILE:
                raise ArgumentError(f"{name} is {size!r}; legal are positive multiples of {TILE}")
        if self.exp_approx_mode not in (None, True, False):
            raise ArgumentError(
                f"exp_approx_mode is {self.exp_approx_mode!r}; legal are True, False and None"
            )


def scaled_dot_product_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    attn_mask: Tensor | None = None,
    is_causal: bool = True,
    scale: float | None = None,
    program_config: SDPAProgramConfig | None = None,
    compute_kernel_config: ComputeKernelConfig | None = None,
) -> Tensor:
    """softmax(scale * q @ k.T + mask) @ v.

    Args:
        q: (B, H, S, D); bfloat16, bfloat8_b or bfloat4_b, as k and v; D a multiple of 32.
        k, v: (B, G, T, D); H is a multiple of G, neighbouring heads share keys and values.
        attn_mask: (B or 1, H or 1, S, T); -inf hides a key. Beside a mask, the zeros that fill up
            the last tile of keys take part in the sum of weights, on the chip and here.
        is_causal: keys after the query are hidden; not together with a mask, and only for S = T.
        scale: None for 1 / sqrt(D).
        compute_kernel_config: None for ttnn's default: HiFi2, a 16-bit Dst, approximate mode.

    Returns:
        (B, H, S, D) in the format of q.

    Raises:
        TypeError: an operand is no `tensix.Tensor`.
        ArgumentError: formats or shapes that ttnn does not take, a mask together with is_causal.
    """
    _check(q, k, v, attn_mask, is_causal)
    config = compute_kernel_config or ComputeKernelConfig("HiFi2")
    program = program_config or SDPAProgramConfig()
    factor = np.float32(scale or np.float32(1) / np.sqrt(np.float32(q.shape[-1])))
    if not settings().exact:
        return Tensor(_fast(q, k, v, attn_mask, is_causal, float(factor), config), q.dtype)
    kind = _WideHead if config.fp32_dest_acc_en else _Head
    group = q.shape[1] // k.shape[1]
    result = torch.empty(q.shape)
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            mask = None
            if attn_mask is not None:
                mask = attn_mask.values[b % len(attn_mask.values)]
                mask = _over_scale(mask[h % len(mask)].detach(), factor)
            operands = (x.values[b, h // (group if x is not q else 1)].detach() for x in (q, k, v))
            head = kind(*operands, mask, is_causal, factor, program, config)
            result[b, h] = head.attended()
    return Tensor(formats.pack_device(result, q.dtype), q.dtype)


def _over_scale(mask: torch.Tensor, scale: np.float32) -> torch.Tensor:
    """The mask in units of scores that are not scaled yet: ttnn multiplies it beforehand."""
    inverse = formats.pack_host(torch.tensor(float(np.float32(1) / scale)), "bfloat16")
    return formats.pack_host(mask * inverse, "bfloat16")


def _check(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, is_causal: bool) -> None:
    for name, x in (("q", q), ("k", k), ("v", v)):
        if checked(name, x).dtype not in INPUTS:
            raise ArgumentError(f"{name} is {x.dtype}; legal are {', '.join(INPUTS)}")
        if x.values.dim() != 4:
            raise ArgumentError(f"{name} has shape {tuple(x.shape)}; legal are 4 axes")
    if q.shape[-1] % TILE:
        raise ArgumentError(f"q has heads of {q.shape[-1]} values; legal are multiples of {TILE}")
    batch, heads, _, size = q.shape
    if k.shape != v.shape or k.shape[0] != batch or k.shape[3] != size or heads % k.shape[1]:
        raise ArgumentError(
            f"k has shape {tuple(k.shape)} and v {tuple(v.shape)}; legal are equal shapes "
            f"({batch}, a divisor of {heads}, any, {size})"
        )
    if is_causal and q.shape[2] != k.shape[2]:
        raise ArgumentError(
            f"is_causal with {q.shape[2]} queries and {k.shape[2]} keys; legal are equal numbers"
        )
    if mask is None:
        return
    if is_causal:
        raise ArgumentError("is_causal is True beside attn_mask; legal is one of them")
    legal = ((1, batch), (1, heads), (q.shape[2],), (k.shape[2],))
    shape = tuple(checked("attn_mask", mask).shape)
    if len(shape) != 4 or any(n not in few for n, few in zip(shape, legal, strict=True)):
        raise ArgumentError(
            f"attn_mask has shape {shape}; legal are (1 or {batch}, 1 or {heads}, {q.shape[2]}, "
            f"{k.shape[2]})"
        )


def _fast(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    is_causal: bool,
    scale: float,
    config: ComputeKernelConfig,
) -> torch.Tensor:
    """Masked products, all keys at once; scores and weights are stored as bfloat16."""
    group = q.shape[1] // k.shape[1]
    keys, values = (Tensor(x.values.repeat_interleave(group, 1), x.dtype) for x in (k, v))
    scores = product(q, Tensor(keys.values.mT, keys.dtype), config)
    scores = formats.pack_device(scores, "bfloat16")
    if mask is not None:
        scores = scores + mask.values / scale
    if is_causal:
        hidden = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(hidden, -torch.inf)
    top = scores.amax(-1, keepdim=True).detach()
    weights = formats.pack_device(exp_approximate((scores - top) * scale), "bfloat16")
    context = product(Tensor(weights, "bfloat16"), values, config)
    return formats.pack_device(context / weights.sum(-1, keepdim=True), q.dtype)


class _Head:
    """The attention of one head, exact: a loop over chunks of queries and of keys.

    q: (S, D), k, v: (T, D), mask: (S, T) or None, all float32.
    """

    def __init__(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        mask: torch.Tensor | None,
        is_causal: bool,
        scale: np.float32,
        program: SDPAProgramConfig,
        config: ComputeKernelConfig,
    ):
        self.count, self.keys, size = len(q), len(k), q.shape[1]
        self.rows, self.columns = program.q_chunk_size, program.k_chunk_size
        self.q, self.k, self.v = (
            F.pad(x, (0, 0, 0, -len(x) % n)).contiguous().numpy()
            for x, n in ((q, self.rows), (k, self.columns), (v, self.columns))
        )
        self.mask, self.is_causal = mask, is_causal
        self.scale = int(scale.view(np.uint32)) & 0xFFFF0000
        self.whole_scale = scale.view(np.uint32)
        self.slope = (_SLOPE * scale).view(np.uint32)
        self.accurate = program.exp_approx_mode is not False
        self.config = config
        self.phases = fidelity.count(config.math_fidelity)
        self.approximate = config.math_approx_mode
        self.blackhole, self.cut_srcb = settings().blackhole, settings().cut_srcb
        tall, wide = self.rows // TILE, self.columns // TILE
        self.score_width = _block(tall, wide, _DST_TILES)[1]
        height, width = _block(tall, size // TILE, 2)
        # The first rows of a chunk are summed slice by slice of the keys, in memory.
        self.sliced = 2 if height == 1 and 2 * width <= _DST_TILES and tall > 1 else height

    def attended(self) -> torch.Tensor:
        """(S, D) Dst values, before the packer."""
        parts = [self._chunk(first) for first in range(0, len(self.q), self.rows)]
        return torch.from_numpy(np.concatenate(parts).view(np.float32))[: self.count]

    def _chunk(self, first: int) -> np.ndarray:
        kernels, count = loops("rows.attention"), self.rows
        queries = self.q[first : first + count]
        before = None
        end = min(len(self.k), first + count) if self.is_causal else len(self.k)
        for start in range(0, end, self.columns):
            scores, width = self._scores(queries, first, start)
            top, sums = np.zeros(count, np.uint32), np.zeros((count, TILE), np.uint32)
            known = before[2] if before else top
            turn = (self.slope, before is not None, self.blackhole, 0, count)
            kernels.exponentials(scores, known, top, sums, *turn)
            output = self._weighted(scores, self.v[start : start + scores.shape[1]], width)
            if before:
                turn = (self.scale, self.accurate, self.phases, self.blackhole, 0, count)
                kernels.corrected(output, sums, *before[:2], known, top, *turn)
            before = output, sums, top
        target = np.empty_like(before[0])
        turn = (self.phases, self.approximate, self.blackhole, 0, count)
        kernels.normalised(*before[:2], target, *turn)
        return target

    def _scores(self, queries: np.ndarray, first: int, start: int) -> tuple[np.ndarray, int]:
        """Masked scores of a chunk as patterns, and the tiles of keys taken at a time."""
        stop, width = min(start + self.columns, len(self.k)), self.score_width
        active = stop
        if self.is_causal:
            active = min(stop, first + self.rows)
        elif self.mask is None:
            active = min(stop, -(-self.keys // TILE) * TILE)
        if active < stop:
            tiles = (active - start) // TILE
            width = next((w for w in range(width, 1, -1) if tiles % w == 0), 1)
        scores = self._product(queries, self.k[start:active].T)
        hidden = self._hidden(scores.shape, first, start)
        if hidden.any():
            loops("rows.attention").add_in_memory(scores, hidden.view(np.uint32), 0, len(scores))
        return scores, width

    def _hidden(self, shape: tuple[int, ...], first: int, start: int) -> np.ndarray:
        """What is added to the scores of a chunk."""
        hidden = np.zeros(shape, np.float32)
        if self.is_causal:
            query, key = np.ogrid[first : first + self.rows, start : start + shape[1]]
            hidden[key > query] = -np.inf
        elif self.mask is not None:
            part = self.mask[first : first + self.rows, start : start + shape[1]]
            hidden[: part.shape[0], : part.shape[1]] = part
            # A mask hides whole tiles of padding, but not the padding of the last tile of keys.
            hidden[:, max(-(-self.keys // TILE) * TILE - start, 0) :] = -np.inf
        else:
            hidden[:, max(self.keys - start, 0) :] = -np.inf
        return hidden

    def _weighted(self, weights: np.ndarray, values: np.ndarray, width: int) -> np.ndarray:
        """weights @ values: the first rows in slices of `width` tiles of keys, the rest at once."""
        top = self.sliced * TILE
        result = self._product(weights[:top, : width * TILE], values[: width * TILE])
        for start in range(width * TILE, weights.shape[1], width * TILE):
            part = slice(start, start + width * TILE)
            product = self._product(weights[:top, part], values[part])
            loops("rows.attention").add_in_memory(result, product, 0, len(result))
        if top < len(weights):
            result = np.concatenate((result, self._product(weights[top:], values)))
        return result

    def _product(self, in0: np.ndarray, in1: np.ndarray) -> np.ndarray:
        """in0 @ in1 in one run of the matrix engine, as patterns."""
        dst = torch.zeros(in0.shape[0], in1.shape[1])
        operands = (torch.from_numpy(np.ascontiguousarray(x).view(np.float32)) for x in (in0, in1))
        engine.multiply_add(dst, *operands, self.config)
        return rows.patterns(dst)


class _WideHead(_Head):
    """The same with a 32-bit Dst: another kernel of ttnn, which treats every chunk alike."""

    def _chunk(self, first: int) -> np.ndarray:
        kernels, count = loops("rows.attention_wide"), self.rows
        queries = self.q[first : first + count]
        before = None
        end = min(len(self.k), first + count) if self.is_causal else len(self.k)
        for start in range(0, end, self.columns):
            scores = self._masked(queries, first, start)
            top, sums = np.zeros(count, np.uint32), np.zeros((count, TILE), np.uint32)
            known = before[2] if before else top
            turn = (self.slope, self.accurate, before is not None, self.blackhole, 0, count)
            kernels.exponentials(scores, known, top, sums, self.whole_scale, *turn)
            weights = scores & np.uint32(0xFFFF0000) if self.cut_srcb else scores
            output = self._product(weights, self.v[start : start + self.columns])
            output = formats.pack_device(torch.from_numpy(output.view(np.float32)), "bfloat16")
            output = output.numpy().view(np.uint32)
            if before:
                turn = (self.scale, self.accurate, self.phases, self.blackhole, 0, count)
                kernels.corrected(output, sums, *before[:2], known, top, *turn)
            before = output, sums, top
        target = np.empty_like(before[0])
        turn = (self.phases, self.approximate, self.cut_srcb, self.blackhole, 0, count)
        kernels.normalised(*before[:2], target, *turn)
        return target

    def _masked(self, queries: np.ndarray, first: int, start: int) -> np.ndarray:
        scores = self._product(queries, self.k[start : start + self.columns].T)
        hidden = self._hidden(scores.shape, first, start)
        last = start + self.columns >= len(self.k)
        padded = len(self.k) != self.keys or len(self.q) != self.count
        if self.is_causal or self.mask is not None or (padded and last):
            mask, turn = hidden.view(np.uint32), (self.is_causal, self.blackhole, 0, len(scores))
            loops("rows.attention_wide").masked(scores, mask, *turn)
        return scores


def _block(height: int, width: int, most_rows: int) -> tuple[int, int]:
    """The first of ttnn's block shapes that divides an output of height x width tiles."""
    return next((h, w) for h, w in _BLOCKS if height % h == 0 and width % w == 0 and h <= most_rows)
