"""Matrix products in the exact tier: sections 4 and 6 of the numerics document."""

from __future__ import annotations

import functools

import numpy as np
import torch

from lightning_v2.tensix import formats
from lightning_v2.tensix.configuration import ComputeKernelConfig, MatmulProgramConfig, settings
from lightning_v2.tensix.formats import TILE
from lightning_v2.tensix.sites import FIDELITIES
from lightning_v2.tensix.tensor import Tensor
from lightning_v2.tensix.threads import spread

_TF32, _BFLOAT16 = -0x2000, -0x10000  # masks of an int32 pattern
_SMALL = 1 << 18
"""Multiply-adds below which a second thread costs more than it brings."""


def destination(
    in0: Tensor,
    in1: Tensor,
    config: ComputeKernelConfig,
    program: MatmulProgramConfig,
    output: str,
    through_memory: bool,
) -> torch.Tensor:
    """What stands in Dst after in0 (..., M, K) @ in1 (..., K, N), as float32 (..., M, N).

    output: format in which partial sums wait in memory where nothing better is said (6.1).
    through_memory: the last block too is added in memory, for a bias; then the result is what lies
    there.
    """
    a, b = in0.values.detach(), in1.values.detach()
    if b.dim() == 2:
        flat = _blocks(a.reshape(-1, a.shape[-1]), b, config, program, output, through_memory)
        return flat.view(*a.shape[:-1], b.shape[-1])
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (x.expand(*batch, *x.shape[-2:]).flatten(0, -3) for x in (a, b))
    pairs = zip(a, b, strict=True)
    results = [_blocks(*pair, config, program, output, through_memory) for pair in pairs]
    return torch.stack(results).view(*batch, a.shape[-2], b.shape[-1])


def add_row(partial: torch.Tensor, row: torch.Tensor, wide: bool) -> torch.Tensor:
    """partial (..., N) + row (N,) as the fused bias add has them in Dst (section 6.3)."""
    result = torch.empty_like(partial, memory_format=torch.contiguous_format)
    bias = np.ascontiguousarray(row.detach().reshape(-1).numpy()).view(np.uint32)
    rows = _patterns(partial).reshape(-1, bias.size)
    target = _patterns(result).reshape(-1, bias.size)
    defect = not settings().blackhole

    def run(first: int, last: int) -> None:
        _rows().add_rows(rows, bias, target, wide, defect, first, last)

    spread(run, len(rows))
    return result


def _blocks(
    in0: torch.Tensor,
    in1: torch.Tensor,
    config: ComputeKernelConfig,
    program: MatmulProgramConfig,
    output: str,
    through_memory: bool,
) -> torch.Tensor:
    """One matrix product in blocks of K; see `destination`."""
    in0, in1 = in0.contiguous(), in1.contiguous()
    k, wide = in0.shape[1], config.fp32_dest_acc_en
    width = program.in0_block_w * TILE
    count = -(-k // width)
    one_axis = program.mcast == "1d" or through_memory
    in_memory = config.packer_l1_acc and count > (1 if one_axis else 2)
    between = "float32" if wide else "bfloat16" if in_memory else output
    partial = dst = None
    for start in range(0, k, width):
        last = start + width >= k
        reload = partial is not None and (not in_memory or (last and not through_memory))
        dst = partial if reload else torch.zeros(in0.shape[0], in1.shape[1])
        _multiply_add(dst, in0[:, start : start + width], in1[start : start + width], config)
        if last and not through_memory:
            return dst
        stored = dst if wide else formats.pack_device(dst, between)
        if in_memory and partial is not None:
            accumulate = _packer().accumulate_float32 if wide else _packer().accumulate_bfloat16
            accumulate(_patterns(partial).reshape(-1), _patterns(stored).reshape(-1))
        else:
            partial = stored
    return partial


def _multiply_add(
    dst: torch.Tensor, in0: torch.Tensor, in1: torch.Tensor, config: ComputeKernelConfig
) -> None:
    """dst (M, N) += in0 (M, K) @ in1 (K, N), one run of the matrix engine."""
    kernels = _kernels()
    wide = config.fp32_dest_acc_en
    cut = np.int32(_TF32 if wide else _BFLOAT16)
    phases = FIDELITIES.index(config.math_fidelity) + 1
    a, b, d = (x.numpy().view(np.int32) for x in (in0, in1, dst))
    defect = not settings().blackhole

    def run(first: int, last: int) -> None:
        kernels.multiply(a, b, d, phases, cut, cut, wide, defect, first, last)

    tasks = -(-d.shape[0] // kernels.ROWS) * -(-d.shape[1] // kernels.COLUMNS)
    if d.size * a.shape[1] * phases < _SMALL:
        run(0, tasks)
    else:
        spread(run, tasks)


def _patterns(x: torch.Tensor) -> np.ndarray:
    return x.detach().contiguous().numpy().view(np.uint32)


@functools.cache
def _kernels():
    from lightning_v2.tensix import matmul_kernels

    return matmul_kernels


@functools.cache
def _packer():
    from lightning_v2.tensix import packer

    return packer


@functools.cache
def _rows():
    from lightning_v2.tensix import fpu_rows

    return fpu_rows
