"""Matrix products in the fast tier.

The operands are masked to the significand bits that the fidelity uses; ordinary float32 products of
what is left stand for the engine. docs/numerics.md, section 10, tiers F and S.

With a 32-bit Dst one product is enough: the chip deviates from it only by aligning every group of
8 products to the largest of them, about 3e-4 of the rms of the output whatever K is. With a 16-bit
Dst the chip rounds to 8 significant bits after every 16 products and phase, and so does this tier,
but without the alignment to 10 bits before each of those roundings. It has the level of that noise
and its growth with K, not the bits: 5 to 20 % too low, a third where one Dst runs over K = 512
(`tests/tensix/fast/test_matmul.py` holds both widths to files of the functional simulator).
"""

import functools
import operator
from collections.abc import Iterable

import numpy as np
import torch

from lightning_v2.tensix.fast.narrow_dst import ByLoops, ByTorch, sums_of
from lightning_v2.tensix.fast.operands import part
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, MatmulProgramConfig
from lightning_v2.tensix.numbers.formats import (
    TILE,
    pack_device,
    pack_host,
    truncate,
)
from lightning_v2.tensix.numbers.tensor import Tensor

_TF32 = 0xFFFFE000


def destination(
    in0: Tensor,
    in1: Tensor,
    config: ComputeKernelConfig,
    program: MatmulProgramConfig,
    waiting: str,
    through_memory: bool,
) -> torch.Tensor:
    """What stands in Dst after in0 (..., M, K) @ in1 (..., K, N); see `matmul_exact`."""
    wide = config.fp32_dest_acc_en
    if wide:
        return product(in0, in1, config)
    in0, in1, shape = _batched(in0, in1)
    sums = sums_of(in0, in1, fidelity.phases(config.math_fidelity, in0.dtype, in1.dtype))
    manner = (config, program, waiting, through_memory)
    return _run_blocks(sums, in0.shape[-1], *manner).view(shape)


def product(in0: Tensor, in1: Tensor, config: ComputeKernelConfig) -> torch.Tensor:
    """The masked operands multiplied, without any rounding: in0 (..., M, K) @ in1 (..., K, N)."""
    wide = config.fp32_dest_acc_en
    names = fidelity.passes(config.math_fidelity, in0.dtype, in1.dtype)
    return added(
        torch.matmul(part(in0, "in0", a, wide), part(in1, "in1", b, wide)) for a, b in names
    )


def with_row(dst: torch.Tensor, row: torch.Tensor, output: str) -> torch.Tensor:
    """dst (..., N) + row (N,) as `output`: a 32-bit Dst comes back through a register, as TF32.

    dst: its memory may be used.
    """
    if not dst.is_contiguous() or not dst.is_cpu or dst.requires_grad or row.requires_grad:
        return pack_device(truncate(dst, _TF32) + row, output)
    matrix = dst.view(-1, row.numel()).numpy().view(np.uint32)
    is_narrow = output == "bfloat16"
    loops("rows.formats").add_row(matrix, row.numpy(), np.uint32(_TF32), is_narrow)
    return dst if is_narrow else pack_device(dst, output)


def added(terms: Iterable[torch.Tensor]) -> torch.Tensor:
    """Sum of at least one term, without the pass that `sum` spends on adding zero."""
    return functools.reduce(operator.add, terms)


def _batched(in0: Tensor, in1: Tensor) -> tuple[Tensor, Tensor, torch.Size]:
    """Operands as (M, K) @ (K, N) or (B, M, K) @ (B, K, N), and the shape of the true product."""
    a, b = in0.values, in1.values
    if b.dim() == 2:
        flat = in0 if a.dim() == 2 else Tensor(a.reshape(-1, a.shape[-1]), in0.dtype)
        return flat, in1, torch.Size((*a.shape[:-1], b.shape[-1]))
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])  # torch's imports sympy
    a, b = (x.expand(*batch, *x.shape[-2:]).flatten(0, -3) for x in (a, b))
    shape = torch.Size((*batch, a.shape[-2], b.shape[-1]))
    return Tensor(a, in0.dtype), Tensor(b, in1.dtype), shape


def _run_blocks(
    sums: ByLoops | ByTorch,
    k: int,
    config: ComputeKernelConfig,
    program: MatmulProgramConfig,
    waiting: str,
    through_memory: bool,
) -> torch.Tensor:
    """All of K with a 16-bit Dst, block by block, as `matmul_exact` orders them."""
    width = program.in0_block_w * TILE
    in_memory = config.packer_l1_acc and -(-k // width) > 1
    between = "bfloat16" if in_memory or waiting == "float32" else waiting
    total = None
    for start in range(0, k, width):
        last = start + width >= k
        reload = total is not None and (not in_memory or (last and not through_memory))
        dst = sums.add(start, min(start + width, k), total if reload else None)
        if last and (reload or total is None):
            return dst
        if total is None or reload:
            total = pack_device(dst, between)
        else:
            total = pack_host(total + dst, "bfloat16")
    return total
