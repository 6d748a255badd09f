"""Matrix products as the matrix engine rounds them: the fast tier.

The operands are stored in their formats and masked to the significand bits that the fidelity uses;
ordinary float32 products of what is left stand for the engine, then the packer's rule applies.

With a 32-bit Dst one product is enough: the chip deviates from it only by aligning every group of
8 products to the largest of them, about 3e-4 of the rms of the output whatever K is. With a 16-bit
Dst the chip rounds to 8 significant bits after every 16 products and phase, and so does this tier,
but without the alignment to 10 bits before each of those roundings. It has the level of that noise
and its growth with K, not the bits: 5 to 20 % too low, a third where one Dst runs over K = 512
(`tests/tensix/test_matmul.py` holds both widths to files of the functional simulator).
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from lightning_v2.tensix import fidelity
from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.formats import TILE, pack_device, pack_host, round_bfloat16_, truncate
from lightning_v2.tensix.operands import MatrixOperand, vector
from lightning_v2.tensix.sites import SitePrecision

_TF32 = 0xFFFFE000
_SLICE = 16  # values of K that one instruction of the engine consumes


def linear(
    x: Tensor, weight: Tensor, bias: Tensor | None, precision: SitePrecision, constants: Constants
) -> Tensor:
    """`ttnn.linear`: x (..., K), weight (N, K) stored as [K, N], bias (N,) -> (..., N)."""
    owner = constants.owner(weight)
    in0 = MatrixOperand(x, "in0", precision, None)
    in1 = MatrixOperand(weight.t(), "in1", precision, weight if owner is None else owner)
    return _product(in0, in1, x.shape[-1], bias, precision, constants)


def matmul(
    in0: Tensor,
    in1: Tensor,
    precision: SitePrecision,
    constants: Constants,
    bias: Tensor | None = None,
) -> Tensor:
    """`ttnn.matmul` of in0 (..., M, K) and in1 (..., K, N) -> (..., M, N), as `torch.matmul`.

    An operand that is a constant of the module takes the format of weights, any other that of
    activations; the position alone decides which significand bits meet the multiplier.
    """
    a = MatrixOperand(_at_least_2d(in0, 0), "in0", precision, constants.owner(in0))
    b = MatrixOperand(_at_least_2d(in1, 1), "in1", precision, constants.owner(in1))
    y = _product(a, b, in0.shape[-1], bias, precision, constants)
    if in0.dim() == 1:
        y = y.squeeze(-2)
    return y.squeeze(-1) if in1.dim() == 1 else y


def finish(
    y: Tensor,
    bias: Tensor | None,
    precision: SitePrecision,
    constants: Constants,
    axis: int = -1,
) -> Tensor:
    """Bias and pack of y, what stands in Dst; `bias` (C,) runs along `axis`, as block groups do.

    The fused bias add takes the partial result back into a source register, where float32 becomes
    TF32. Where the output is float32 the bias is therefore added by an operation of its own, on the
    vector engine, which keeps all bits.
    """
    if not precision.fp32_dest_acc_en:
        y = pack_device(y, "bfloat16")
    if bias is not None:
        row = vector(bias, precision, constants)
        row = row if axis == -1 else row.view(-1, *[1] * (-axis - 1))
        if precision.output == "float32":
            return y + row
        if precision.fp32_dest_acc_en:
            y = truncate(y, _TF32) + row
        else:
            y = pack_device(y + row, "bfloat16")
    return pack_device(y, precision.output, axis)


def block_width(k: int, precision: SitePrecision) -> int:
    """Values of K in one block: `in0_block_w` tiles, by default 2 where that divides K, else 1."""
    tiles = math.ceil(k / TILE)
    width = precision.in0_block_w or (2 if tiles % 2 == 0 else 1)
    if tiles % width:
        raise ValueError(f"in0_block_w {width} does not divide the {tiles} tiles of K = {k}")
    return width * TILE


def _product(
    in0: MatrixOperand,
    in1: MatrixOperand,
    k: int,
    bias: Tensor | None,
    precision: SitePrecision,
    constants: Constants,
) -> Tensor:
    level = precision.math_fidelity
    if precision.fp32_dest_acc_en:
        parts = fidelity.passes(level, in0.dtype, in1.dtype)
        y = added(torch.matmul(in0.part(a), in1.part(b)) for a, b in parts)
    else:
        parts = fidelity.phases(level, in0.dtype, in1.dtype)
        pairs, shape = _batched([(in0.part(a), in1.part(b)) for a, b in parts])
        y = _run_blocks(pairs, block_width(k, precision), bias is not None, precision).view(shape)
    return finish(y, bias, precision, constants)


def added(terms: Iterable[Tensor]) -> Tensor:
    """Sum of at least one term, without the pass that `sum` spends on adding zero."""
    return functools.reduce(operator.add, terms)


Pairs = list[tuple[Tensor, Tensor]]


def _batched(pairs: Pairs) -> tuple[Pairs, torch.Size]:
    """Operands as (M, K) @ (K, N) or (B, M, K) @ (B, K, N), and the shape of the true product."""
    a, b = pairs[0]
    if b.dim() == 2:
        flat = [(x.reshape(-1, x.shape[-1]), y) for x, y in pairs]
        return flat, torch.Size((*a.shape[:-1], b.shape[-1]))
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])  # torch's imports sympy
    three = [tuple(x.expand(*batch, *x.shape[-2:]).flatten(0, -3) for x in pair) for pair in pairs]
    return three, torch.Size((*batch, a.shape[-2], b.shape[-1]))


def _run_blocks(pairs: Pairs, width: int, has_bias: bool, precision: SitePrecision) -> Tensor:
    """All of K with a 16-bit Dst, in blocks of `width`; returns what stands in Dst at the end.

    With packer_l1_acc partial sums grow in memory (nearest even) and the last block is accumulated
    on their sum in Dst; with a bias that block goes through memory too. Otherwise each block
    continues on the sum of those before it, stored meanwhile in the format of the output.
    """
    k = pairs[0][0].shape[-1]
    between = precision.output if precision.output.startswith("bfloat") else "bfloat16"
    between = "bfloat16" if precision.packer_l1_acc else between
    total = None
    for start in range(0, k, width):
        last = start + width >= k
        reload = total is not None and (not precision.packer_l1_acc or (last and not has_bias))
        dst = _run_dst(pairs, start, min(start + width, k), total if reload else None)
        if last and (reload or total is None):
            return dst
        if total is None or reload:
            total = pack_device(dst, between)
        else:
            total = pack_host(total + dst, "bfloat16")
    return total


def _run_dst(pairs: Pairs, start: int, stop: int, dst: Tensor | None) -> Tensor:
    """K from `start` to `stop` on top of `dst`: by tile, phase and half tile, each step rounded."""
    steps = [
        (a[..., k : min(k + _SLICE, stop)], b[..., k : min(k + _SLICE, stop), :])
        for tile in range(start, stop, TILE)
        for a, b in pairs
        for k in range(tile, min(tile + TILE, stop), _SLICE)
    ]
    if torch.is_grad_enabled() and any(a.requires_grad or b.requires_grad for a, b in pairs):
        for a, b in steps:
            product = torch.matmul(a, b)
            dst = pack_device(product if dst is None else dst + product, "bfloat16")
        return dst
    dst = torch.matmul(*steps[0]) if dst is None else dst + torch.matmul(*steps[0])
    round_bfloat16_(dst)
    multiply_add = dst.addmm_ if dst.dim() == 2 else dst.baddbmm_
    for a, b in steps[1:]:
        multiply_add(a, b)
        round_bfloat16_(dst)
    return dst


def _at_least_2d(x: Tensor, axis: int) -> Tensor:
    return x if x.dim() > 1 else x.unsqueeze(axis)
