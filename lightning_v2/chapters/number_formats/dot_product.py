"""One dot product as the matrix engine computes it, with everything that gets lost on the way.

The bits are those of the exact tier (`tensix.matmul` with all of K in one block); here they are
kept step by step. Letters: K operands, P fidelity phases, S steps: two for each tile of 32 operands
and phase, in the order of the engine.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lightning_v2 import tensix
from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.errors import ArgumentError
from lightning_v2.precision import Plan
from lightning_v2.tensix import ComputeKernelConfig, SitePrecision
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.configuration import settings
from lightning_v2.tensix.numbers.formats import TILE, pack_device

GROUP = 8
"""Products that are aligned to the largest of them."""
HALF = TILE // 2
"""Products of one step of the engine."""
FRACTION_BITS = 10
"""Of an aligned product, below the binade of the largest of its group."""
_LOW_EXPONENT = {"in0": -7, "in1": -5}


@dataclass(frozen=True, eq=False)
class DotProduct:
    """A dot product and its pieces.

    Attributes:
        in0, in1: activations and weights (K,) in float32, as given.
        stored0, stored1: the same (K,) in the formats of the tensors.
        formats: of activations, weights and result.
        config: of the kernel.
        phases: (P,) pairs (part of in0, part of in1), as `fidelity.phases` names them.
        part0, part1: integers (P, K), the bits of both that meet the multiplier.
        products: integers (P, K), signed, 10 fraction bits below the binades `exponents`.
        exponents: (P, K), biased by 127; 0 where there is no product.
        aligned: integers (P, K), 10 fraction bits below the binade of the group of 8.
        group_exponents: (P, K), of the group that each product belongs to, biased by 127.
        steps: a row a step: tile, phase, first and last operand, the step's sum, Dst after it.
        dst: what stands in Dst at the end.
        result: the same packed into the format of the output.
    """

    in0: np.ndarray
    in1: np.ndarray
    stored0: np.ndarray
    stored1: np.ndarray
    formats: tuple[str, str, str]
    config: ComputeKernelConfig
    phases: tuple[tuple[str, str], ...]
    part0: np.ndarray
    part1: np.ndarray
    products: np.ndarray
    exponents: np.ndarray
    aligned: np.ndarray
    group_exponents: np.ndarray
    steps: pd.DataFrame
    dst: float
    result: float

    @property
    def words(self) -> str:
        """How it was computed, for a caption."""
        width = 32 if self.config.fp32_dest_acc_en else 16
        return (
            f"{self.formats[0]} activations, {self.formats[1]} weights, "
            f"{self.config.math_fidelity}, {width}-bit Dst, {self.formats[2]} result; emulated, "
            f"exact tier"
        )

    @property
    def stages(self) -> dict[str, float]:
        """The sum after each thing that is lost, in float64; the last one is the result."""
        multiplied = real_values(self.products, self.exponents)
        aligned = real_values(self.aligned, self.group_exponents)
        return {
            "float64, of the operands as they are": float(_dot(self.in0, self.in1)),
            "operands stored": float(_dot(self.stored0, self.stored1)),
            "bits that the phases take": float(multiplied.sum()),
            "products aligned in groups of 8": float(aligned.sum()),
            "summed up in Dst": self.dst,
            "packed": self.result,
        }


def take_apart(
    operands: Operands, precision: SitePrecision, row: int, column: int, depth: int = TILE
) -> DotProduct:
    """The first `depth` terms of one value that a site computes.

    Args:
        operands: of the site.
        precision: how the site runs.
        row: of the activations, the frame.
        column: of the weights, the output.
        depth: operands in the sum; one tile if not given.

    Raises:
        ArgumentError: there is no such row, column or depth.
    """
    (rows, k), columns = operands.in0.shape, operands.in1.shape[1]
    ranges = (("row", row, 0, rows - 1), ("column", column, 0, columns - 1), ("depth", depth, 1, k))
    for name, value, first, last in ranges:
        if not first <= value <= last:
            raise ArgumentError(
                f"{name} is {value}; legal are {first} to {last} at {operands.site}"
            )
    in0, in1 = operands.stored(precision)
    config = ComputeKernelConfig(
        math_fidelity=precision.math_fidelity,
        math_approx_mode=precision.math_approx_mode,
        fp32_dest_acc_en=precision.fp32_dest_acc_en,
        packer_l1_acc=precision.packer_l1_acc,
    )
    return dissect(
        operands.in0[row, :depth].numpy(),
        operands.in1[:depth, column].numpy(),
        tensix.Tensor(in0.values[row, :depth], in0.dtype),
        tensix.Tensor(in1.values[:depth, column], in1.dtype),
        config,
        precision.output,
    )


def take_apart_by_plan(
    operands: Operands, plans: Iterable[Plan | str | Path], row: int, column: int, depth: int = TILE
) -> dict[str, DotProduct]:
    """The same sum under several plans, by their names; see `take_apart`.

    Raises:
        PlanError: a plan does not parse.
    """
    loaded = [Plan.of(plan) for plan in plans]
    return {
        plan.name: take_apart(operands, plan.for_site(operands.site), row, column, depth)
        for plan in loaded
    }


def dissect(
    in0: np.ndarray,
    in1: np.ndarray,
    stored0: tensix.Tensor,
    stored1: tensix.Tensor,
    config: ComputeKernelConfig,
    output: str,
) -> DotProduct:
    """A dot product of stored vectors, step by step, by the rules of `tensix.kernels.fpu.fpu`.

    Args:
        in0, in1: (K,) before they were stored.
        stored0, stored1: (K,), activations and weights.
        config: of the kernel.
        output: format of the result; for a block float, of a block with nothing else in it.
    """
    fpu, wide = loops("fpu.fpu"), config.fp32_dest_acc_en
    cut = fpu.tf32 if wide else fpu.narrow
    patterns = [
        np.array([cut(int(p)) for p in x.values.numpy().view(np.uint32)], np.int64)
        for x in (stored0, stored1)
    ]
    # The chip runs every phase of a fidelity, also one that a format leaves without bits.
    names = fidelity.PHASES[config.math_fidelity]
    shape = len(names), len(in0)
    parts = np.zeros((2, *shape), np.int64)
    products, exponents, aligned, groups = np.zeros((4, *shape), np.int64)
    for p, (a, b) in enumerate(names):
        parts[0, p] = [fpu.part_b(x, int(a == "low")) for x in patterns[0]]
        parts[1, p] = [fpu.part_a(x, int(b == "low")) for x in patterns[1]]
        products[p], exponents[p] = _multiply(*patterns, *parts[:, p], a, b)
        for start in range(0, len(in0), GROUP):
            some = slice(start, start + GROUP)
            groups[p, some] = max(exponents[p, some].max(), 0)
            aligned[p, some] = _align(products[p, some], exponents[p, some])
    steps, dst = [], 0
    for tile in range(0, len(in0), TILE):
        for p, pair in enumerate(names):
            for first in range(tile, min(tile + TILE, len(in0)), HALF):
                last = min(first + HALF, len(in0))
                terms = []
                for start in (first, first + GROUP):
                    some = slice(start, min(start + GROUP, last))
                    exponent = int(groups[p, some].max(initial=0))
                    terms += [int(aligned[p, some].sum()) << 13, exponent]
                dst = int(fpu.accumulate(*terms, dst, wide, not settings().blackhole))
                steps.append(
                    {
                        "tile": tile // TILE,
                        "phase": p,
                        "in0_part": pair[0],
                        "in1_part": pair[1],
                        "first": first,
                        "last": last - 1,
                        "sum": sum(
                            np.ldexp(float(m), e - 127 - 23)
                            for m, e in zip(terms[::2], terms[1::2], strict=True)
                        ),
                        "dst": _value(dst),
                    }
                )
    packed = pack_device(torch.tensor([_value(dst)], dtype=torch.float32), output)
    return DotProduct(
        in0=in0,
        in1=in1,
        stored0=stored0.values.numpy(),
        stored1=stored1.values.numpy(),
        formats=(stored0.dtype, stored1.dtype, output),
        config=config,
        phases=names,
        part0=parts[0],
        part1=parts[1],
        products=products,
        exponents=exponents,
        aligned=aligned,
        group_exponents=groups,
        steps=pd.DataFrame(steps),
        dst=_value(dst),
        result=float(packed),
    )


def real_values(integers: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """What integers with 10 fraction bits below biased exponents stand for, float64."""
    return np.ldexp(integers.astype(float), exponents - 127 - FRACTION_BITS)


def _multiply(pattern0, pattern1, part0, part1, name0: str, name1: str):
    """Signed products (K,) of two parts and their biased exponents, 0 where an operand is zero."""
    fields = [(pattern >> 23) & 255 for pattern in (pattern0, pattern1)]
    exponent = fields[0] + fields[1] - 127
    exponent += _LOW_EXPONENT["in0"] * (name0 == "low") + _LOW_EXPONENT["in1"] * (name1 == "low")
    there = (fields[0] > 0) & (fields[1] > 0)
    sign = np.where((pattern0 ^ pattern1) >> 31 & 1, -1, 1)
    return np.where(there, sign * part0 * part1, 0), np.where(there, exponent, 0)


def _align(products: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Products of a group to 10 fraction bits of its largest binade; halves away from zero."""
    largest = exponents.max()
    if largest <= 0:
        return np.zeros_like(products)
    distance = np.minimum(largest - exponents, 31)
    half = np.where(distance > 0, 1 << np.maximum(distance - 1, 0), 0)
    return np.sign(products) * ((np.abs(products) + half) >> distance)


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return a.astype(np.float64) @ b.astype(np.float64)


def _value(pattern: int) -> float:
    return float(np.uint32(pattern).view(np.float32))
