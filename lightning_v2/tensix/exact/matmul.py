"""Matrix products in the exact tier: docs/numerics.md, sections 4 and 6."""

import numpy as np
import torch

from lightning_v2.tensix.exact import rows
from lightning_v2.tensix.exact.engine import multiply_add
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import formats
from lightning_v2.tensix.numbers.configuration import (
    ComputeKernelConfig,
    MatmulProgramConfig,
    settings,
)
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.tensix.numbers.tensor import Tensor
from lightning_v2.tensix.threads import spread

_TF32 = 0xFFFFE000  # mask of a pattern


def destination(
    in0: Tensor,
    in1: Tensor,
    config: ComputeKernelConfig,
    program: MatmulProgramConfig,
    waiting: str,
    through_memory: bool,
    exact_reload: bool = True,
) -> torch.Tensor:
    """What stands in Dst after in0 (..., M, K) @ in1 (..., K, N), as float32 (..., M, N).

    waiting: format in which partial sums wait in memory where they do not grow there
        (docs/numerics.md, section 6.1).
    through_memory: the last block too is added in memory, for a bias; then the result is what lies
    there. exact_reload: float32 sums come back to Dst with all their bits, not as TF32.
    """
    a, b = in0.values.detach(), in1.values.detach()
    if settings().cut_srcb and in1.dtype != "float32":
        a = formats.truncate(a, 0xFFFF0000)
    manner = (config, program, waiting, through_memory, exact_reload)
    if b.dim() == 2:
        flat = _blocks(a.reshape(-1, a.shape[-1]), b, *manner)
        return flat.view(*a.shape[:-1], b.shape[-1])
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (x.expand(*batch, *x.shape[-2:]).flatten(0, -3) for x in (a, b))
    pairs = zip(a, b, strict=True)
    results = [_blocks(*pair, *manner) for pair in pairs]
    return torch.stack(results).view(*batch, a.shape[-2], b.shape[-1])


def add_row(partial: torch.Tensor, row: torch.Tensor, wide: bool) -> torch.Tensor:
    """partial (..., N) + row (N,) in Dst, as the fused bias: docs/numerics.md, section 6.3."""
    result = torch.empty_like(partial, memory_format=torch.contiguous_format)
    bias = np.ascontiguousarray(row.detach().reshape(-1).numpy()).view(np.uint32)
    matrix = rows.patterns(partial).reshape(-1, bias.size)
    target = rows.patterns(result).reshape(-1, bias.size)
    defect = not settings().blackhole

    def run(first: int, last: int) -> None:
        loops("fpu.fpu_rows").add_rows(matrix, bias, target, wide, defect, first, last)

    spread(run, len(matrix))
    return result


def add(first: torch.Tensor, second: torch.Tensor, wide: bool) -> torch.Tensor:
    """first + second, (M, N) each, by ELWADD: docs/numerics.md, section 4.2."""
    result = torch.empty(first.shape)
    a, b, target = (rows.patterns(x) for x in (first, second, result))
    defect = not settings().blackhole

    def run(start: int, stop: int) -> None:
        loops("fpu.fpu_rows").add_matrices(a, b, target, wide, defect, start, stop)

    spread(run, len(target))
    return result


def _blocks(
    in0: torch.Tensor,
    in1: torch.Tensor,
    config: ComputeKernelConfig,
    program: MatmulProgramConfig,
    waiting: str,
    through_memory: bool,
    exact_reload: bool,
) -> torch.Tensor:
    """One matrix product in blocks of K; see `destination`."""
    in0, in1 = in0.contiguous(), in1.contiguous()
    k, wide = in0.shape[1], config.fp32_dest_acc_en
    width = program.in0_block_w * TILE
    count = -(-k // width)
    in_memory = config.packer_l1_acc and count > 1
    between = waiting if not in_memory else "float32" if wide else "bfloat16"
    partial = spare = None
    for start in range(0, k, width):
        last = start + width >= k
        reload = partial is not None and (not in_memory or (last and not through_memory))
        if reload:
            dst = partial if exact_reload else formats.truncate(partial, _TF32)
        else:
            # The same memory for every block: the allocator would keep what is given back.
            dst = torch.zeros(in0.shape[0], in1.shape[1]) if spare is None else spare.zero_()
        multiply_add(dst, in0, in1, config, start, min(k, start + width))
        if last and not through_memory:
            return dst
        if in_memory and partial is not None:
            accumulate = (
                loops("fpu.packer").accumulate_float32
                if wide
                else loops("fpu.packer").accumulate_bfloat16
            )
            accumulate(rows.patterns(partial).reshape(-1), rows.patterns(dst).reshape(-1))
            spare = dst
        else:
            partial = formats.pack_device(dst, between)
    return partial
