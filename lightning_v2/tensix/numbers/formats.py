"""The four storage formats of a ttnn tensor and the two ways into them: host and device packing.

Every function takes and returns float32 tensors; the result holds values that the named format can
represent, as a reader of the stored tensor sees them. Block floats share one 8-bit exponent among
16 neighbours along `axis` (one row of a 16x16 tile face); the last group is padded with zeros.

    host, bfloat16     nearest, ties to even (`ttnn.from_torch`)
    host, block        aligned to the largest exponent of the group, bits shifted out are lost
                       without a sticky bit; nearest, ties to even; saturating; denormals are 0
    device, bfloat16   nearest, ties away; NaN becomes inf, denormals and -0 become +0
    device, block      the low 16 bits dropped, rounded half up to 7 bits, aligned and rounded half
                       up again, saturating; bfloat4_b is bfloat8_b with the low 4 bits cut off
    typecast           as device, but bfloat8_b is rounded only once and keeps NaN of float32,
                       bfloat16 by the vector engine: nearest, ties to even; float32 of anything
                       narrower has neither NaN (inf) nor denormals nor -0 (+0)

A stored block whose exponent is too small for its data wraps on reading (values below about
2**-120), here as on the chip. All of it is differentiable straight through: the gradient passes
unchanged.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tile import TILE

FORMATS = ("float32", "bfloat16", "bfloat8_b", "bfloat4_b")
MAGNITUDE_BITS = {"bfloat8_b": 7, "bfloat4_b": 3}
BITS_PER_VALUE = {"float32": 32.0, "bfloat16": 16.0, "bfloat8_b": 8.5, "bfloat4_b": 4.5}
GROUP = 16

_MASK_BFLOAT16 = 0xFFFF0000
_SIGN, _EXPONENT, _FRACTION, _HIDDEN = 0x80000000, 0x7F800000, 0x007FFFFF, 0x00800000


def tile_bytes(dtype: str) -> int:
    """Bytes of one stored 32x32 tile: 4096, 2048, 1088 or 576."""
    return int(TILE * TILE * BITS_PER_VALUE[_known(dtype)] / 8)


def pack_host(x: Tensor, dtype: str, axis: int = -1) -> Tensor:
    """Values of `x` (any shape, float32) stored by the host: `ttnn.from_torch(x, dtype)`."""
    if _known(dtype) == "float32":
        return x
    if dtype == "bfloat16":
        return straight_through(x, _nearest_even)
    return straight_through(x, lambda v: _blocks(v, dtype, axis, host=True))


def one_nan(x: Tensor) -> Tensor:
    """x with a single NaN, as the host leaves it of all that it converts to bfloat16."""
    unknown = x.isnan()
    return x.masked_fill(unknown, torch.nan) if unknown.any() else x


def pack_device(x: Tensor, dtype: str, axis: int = -1) -> Tensor:
    """Values of `x` (any shape, float32: what stands in Dst) stored by the packer."""
    if _known(dtype) == "float32":
        return x
    if dtype == "bfloat16":
        return straight_through(x, round_bfloat16)
    return straight_through(x, lambda v: _blocks(v, dtype, axis, double_rounding=True))


def pack_device_(x: Tensor, dtype: str) -> Tensor:
    """`pack_device` along the last axis of an `x` that nobody else has: its memory may be used."""
    if dtype == "bfloat16" and _may_be_used(x):
        return round_bfloat16_(x)
    return pack_device(x, dtype)


def pack_even_(x: Tensor) -> Tensor:
    """`x`, that nobody else has, stored as bfloat16 after the vector engine rounded it to nearest
    even."""
    if not _may_be_used(x):
        return pack_device(pack_host(x, "bfloat16"), "bfloat16")
    loops("rows.formats").round_bfloat16_even_in_place(_patterns(x))
    return x


def pack_cut_(x: Tensor) -> Tensor:
    """`x`, that nobody else has, stored as bfloat16 after a 16-bit Dst cut it off."""
    if not _may_be_used(x):
        return pack_device(truncate(x, _MASK_BFLOAT16), "bfloat16")
    loops("rows.formats").cut_bfloat16_in_place(_patterns(x))
    return x


def typecast(x: Tensor, dtype: str, axis: int = -1, source: str = "float32") -> Tensor:
    """Values of `x` (any shape, float32), stored as `source`, after `ttnn.typecast(x, dtype)`.

    Only infinities, NaN, denormals and -0 depend on `source`.
    """
    if _known(source) != "float32" and dtype in ("float32", "bfloat8_b"):
        x = straight_through(x, round_bfloat16)
    if dtype == "bfloat16":
        return straight_through(x, _cast_bfloat16)
    if _known(dtype) != "bfloat8_b":
        return pack_device(x, dtype, axis)
    return straight_through(x, lambda v: _blocks(v, dtype, axis))


def round_bfloat16(x: Tensor, mask: int = _MASK_BFLOAT16) -> Tensor:
    """The packer's bfloat16 rounding of `x`, then `mask` (drops significand bits in one pass)."""
    if not x.is_cpu:
        bits = _bits(x)
        rounded = torch.where(
            (bits & ~_SIGN) > _EXPONENT, (bits & _SIGN) | _EXPONENT, (bits + 0x8000) & mask
        )
        return _floats(torch.where(rounded & _EXPONENT != 0, rounded, 0))
    source, target = _like(x)
    loops("rows.formats").round_bfloat16(_patterns(source), _patterns(target), np.uint32(mask))
    return target


def _nearest_even(x: Tensor) -> Tensor:
    if not x.is_cpu:
        return x.to(torch.bfloat16).to(torch.float32)
    source, target = _like(x)
    loops("rows.formats").round_bfloat16_even(_patterns(source), _patterns(target))
    return target


def _cast_bfloat16(x: Tensor) -> Tensor:
    """Integer arithmetic on patterns (ckernel_sfpu_typecast.h), then the packer."""
    if not x.is_cpu:
        bits = _bits(x)
        return round_bfloat16(_floats((bits + 0x7FFF + ((bits >> 16) & 1)) & _MASK_BFLOAT16))
    source, target = _like(x)
    loops("rows.formats").cast_bfloat16(_patterns(source), _patterns(target))
    return target


def round_bfloat16_(x: Tensor) -> Tensor:
    """`round_bfloat16` in place, for a dense `x` outside autograd."""
    if not x.is_cpu:
        return x.copy_(round_bfloat16(x))
    loops("rows.formats").round_bfloat16_in_place(_patterns(x))
    return x


def truncate(x: Tensor, mask: int) -> Tensor:
    """`x` with the bits outside `mask` cleared: truncation of the significand toward zero."""
    signed = mask - (1 << 32) if mask & _SIGN else mask
    return straight_through(x, lambda v: (v.view(torch.int32) & signed).view(torch.float32))


def round_significand(x: Tensor, bits: int) -> Tensor:
    """`x` rounded to `bits` significand bits, the hidden one included: nearest, ties to even.

    Infinities stay, NaN keep their sign and may become infinite.
    """
    drop = 24 - bits

    def nearest(v: Tensor) -> Tensor:
        pattern = v.contiguous().view(torch.int32)
        finite = (pattern & _EXPONENT) != _EXPONENT
        rounded = pattern + ((1 << (drop - 1)) - 1) + ((pattern >> drop) & 1)
        kept = torch.where(finite, rounded, pattern) & -(1 << drop)
        return kept.view(torch.float32)

    return straight_through(x, nearest)


def _blocks(
    x: Tensor, dtype: str, axis: int, *, host: bool = False, double_rounding: bool = False
) -> Tensor:
    """Block floats; `host` chooses the rule, `double_rounding` a packer format before it."""
    _check_float32(x)
    bits = MAGNITUDE_BITS[dtype]
    moved = x.movedim(axis, -1)
    size = moved.shape[-1]
    short = -size % GROUP
    groups = (F.pad(moved, (0, short)) if short else moved).contiguous().view(-1, GROUP)
    if groups.is_cpu:
        target = torch.empty_like(groups)
        source_bits, target_bits = (t.view(torch.uint32).numpy() for t in (groups, target))
        if host:
            loops("rows.formats").pack_blocks_host(source_bits, target_bits, bits)
        else:
            loops("rows.formats").pack_blocks_device(
                source_bits, target_bits, bits, double_rounding
            )
    else:
        target = _blocks_anywhere(groups, bits, host, double_rounding)
    target = target.view(*moved.shape[:-1], size + short)
    return (target[..., :size] if short else target).movedim(-1, axis)


def _blocks_anywhere(groups: Tensor, bits: int, host: bool, double_rounding: bool) -> Tensor:
    """The block rules for (G, 16) on any device, in int64."""
    pattern = _bits(groups)
    if not host:
        magnitude = pattern & ~_SIGN
        rounded = magnitude & _MASK_BFLOAT16
        if double_rounding:
            magnitude = magnitude.clamp(max=_EXPONENT)
            rounded = (magnitude + 0x10000) & 0xFFFE0000
        pattern = torch.where(magnitude >= _HIDDEN, (pattern & _SIGN) | rounded, 0)
    exponent = (pattern & _EXPONENT) >> 23
    shared = exponent.amax(1, keepdim=True)
    significand = torch.where(exponent > 0, (pattern & _FRACTION) | _HIDDEN, 0)
    distance = (shared - exponent).clamp(max=31)
    if host:
        aligned, drop = significand >> distance, 24 - bits
        code = (aligned + (1 << (drop - 1)) - 1 + ((aligned >> drop) & 1)) >> drop
        code = code.clamp(max=(1 << bits) - 1)
    else:
        code = ((significand >> 16) + (1 << distance)) >> (distance + 1)
        code = code.clamp(max=127) >> (7 - bits)
    # Decoding: normalise by `zeros` leading zeros, the exponent wraps modulo 256.
    zeros = bits - 1 - torch.log2(code.clamp(min=1).float()).to(torch.int64)
    fraction = ((code << zeros) << (24 - bits)) & _FRACTION
    value = (pattern & _SIGN) | (((shared - zeros) & 255) << 23) | fraction
    return _floats(torch.where(code > 0, value, 0))


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, rule: Callable[[Tensor], Tensor]) -> Tensor:
        return rule(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def straight_through(x: Tensor, rule: Callable[[Tensor], Tensor]) -> Tensor:
    if x.requires_grad and torch.is_grad_enabled():
        return _StraightThrough.apply(x, rule)
    return rule(x.detach())


def _known(dtype: str) -> str:
    if dtype not in BITS_PER_VALUE:
        raise ArgumentError(f"unknown format {dtype!r}; known are {', '.join(FORMATS)}")
    return dtype


def _like(x: Tensor) -> tuple[Tensor, Tensor]:
    """`x` and an empty twin, both dense and of equal strides."""
    target = torch.empty_like(x)
    if target.stride() != x.stride():
        x, target = x.contiguous(), torch.empty_like(x, memory_format=torch.contiguous_format)
    return x, target


def flat(x: Tensor) -> np.ndarray:
    """The memory of a dense float32 tensor as an array of one axis."""
    _check_float32(x)
    if not x.is_contiguous():
        x = x.as_strided((x.numel(),), (1,))
    return x.numpy().reshape(-1)


def _patterns(x: Tensor) -> np.ndarray:
    return flat(x).view(np.uint32)


def _may_be_used(x: Tensor) -> bool:
    """Whether a loop may write to the memory of a tensor that nobody else has."""
    return x.is_cpu and not x.requires_grad and _is_dense(x)


def _is_dense(x: Tensor) -> bool:
    """Whether the memory between the first and the last value is all its own."""
    if x.is_contiguous():
        return True
    expected = 1
    for stride, size in sorted(zip(x.stride(), x.shape, strict=True)):
        if size > 1:
            if stride != expected:
                return False
            expected *= size
    return True


def _check_float32(x: Tensor) -> None:
    # A compiled loop trusts its operands: of other types it would read other memory.
    if x.dtype != torch.float32:
        raise ArgumentError(f"values are {x.dtype}; legal are torch.float32")


def _bits(x: Tensor) -> Tensor:
    return x.contiguous().view(torch.int32).to(torch.int64) & 0xFFFFFFFF


def _floats(bits: Tensor) -> Tensor:
    return torch.where(bits >= _SIGN, bits - (1 << 32), bits).to(torch.int32).view(torch.float32)
