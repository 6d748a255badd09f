"""Math fidelity: which significand bits of the two matmul operands ever meet the multiplier.

In a ttnn matmul the weights (in1) sit in register SrcA, of which one phase takes 5 significand
bits, and the activations (in0) in SrcB, of which it takes 7. The table of phases is that of the
loops (`kernels.fpu.phases`); the phases of a fidelity add up to

    LoFi    in0.high @ in1.high                          5 x 7 bits
    HiFi2   in0.high @ in1.all
    HiFi3   in0.all @ in1.high + in0.high @ in1.low      all but low x low
    HiFi4   in0.all @ in1.all

`high` holds the first 5 or 7 bits, `all` every bit that is ever used (in1: 10, in0: 11), `low` the
difference. Every cut is a truncation toward zero, so that a LoFi product shrinks on average.
"""

import functools
from collections.abc import Iterable

from torch import Tensor

from lightning_v2.tensix.kernels.fpu.phases import BITS, PHASES
from lightning_v2.tensix.numbers.formats import truncate

Pairs = tuple[tuple[str, str], ...]
"""Parts of in0 and in1 that are multiplied."""

FIDELITIES = tuple(PHASES)

# Significand bits with the hidden one: of the formats and of the registers.
SIGNIFICAND_BITS = {"float32": 24, "bfloat16": 8, "bfloat8_b": 7, "bfloat4_b": 3}
_TF32_BITS, _BFLOAT16_BITS = 11, 8


def _fewest(pairs: Pairs) -> Pairs:
    """As few pairs as add up to the same: parts of in0 put together first, then those of in1."""
    of_in1 = {part: _whole(a for a, b in pairs if b == part) for _, part in pairs}
    return tuple(
        (part, _whole(b for b, a in of_in1.items() if a == part))
        for part in dict.fromkeys(of_in1.values())
    )


def _whole(parts: Iterable[str]) -> str:
    first, *others = parts
    return "all" if others else first


_PASSES = {name: _fewest(pairs) for name, pairs in PHASES.items()}


def count(fidelity: str) -> int:
    """Phases that a fidelity runs: 1 for LoFi to 4 for HiFi4."""
    return len(PHASES[fidelity])


@functools.cache
def phases(fidelity: str, in0: str, in1: str) -> Pairs:
    """Pairs (part of in0, part of in1) in the order in which the engine multiplies them.

    in0, in1: formats of the operands; parts that such an operand cannot have are left out.
    """
    empty = {
        name: SIGNIFICAND_BITS[dtype] <= BITS[name, "high"]
        for name, dtype in (("in0", in0), ("in1", in1))
    }
    return tuple(
        (a, b)
        for a, b in PHASES[fidelity]
        if not ((a == "low" and empty["in0"]) or (b == "low" and empty["in1"]))
    )


@functools.cache
def passes(fidelity: str, in0: str, in1: str) -> Pairs:
    """As few pairs as add up to the same exact product: one, or two for HiFi3."""
    most = FIDELITIES[-1]
    complete = phases(fidelity, in0, in1) == phases(most, in0, in1)
    return _PASSES[most if complete else fidelity]


@functools.cache
def bits_used(operand: str, part: str, dtype: str, fp32_dest_acc_en: bool) -> int:
    """Significand bits of `part` ("high", "all") of an operand ("in0", "in1") stored as `dtype`.

    float32 reaches the register as TF32 with a 32-bit Dst, as bfloat16 with a 16-bit one.
    """
    register = _TF32_BITS if fp32_dest_acc_en else _BFLOAT16_BITS
    return min(SIGNIFICAND_BITS[dtype], register, BITS[operand, part])


@functools.cache
def part_taken(operand: str, fidelity: str) -> str:
    """The part ("high", "all") of an operand that all phases of a fidelity take together."""
    place = ("in0", "in1").index(operand)
    return _whole(dict.fromkeys(pair[place] for pair in PHASES[fidelity]))


def bits_taken(operand: str, fidelity: str, dtype: str, fp32_dest_acc_en: bool) -> int:
    """Significand bits of an operand stored as `dtype` that all phases of a fidelity take."""
    return bits_used(operand, part_taken(operand, fidelity), dtype, fp32_dest_acc_en)


@functools.cache
def is_whole(operand: str, part: str, dtype: str, fp32_dest_acc_en: bool) -> bool:
    """Whether `part` of an operand stored as `dtype` has all its bits."""
    if part == "low":
        return False
    return bits_used(operand, part, dtype, fp32_dest_acc_en) == SIGNIFICAND_BITS[dtype]


def take(x: Tensor, operand: str, part: str, dtype: str, fp32_dest_acc_en: bool) -> Tensor:
    """One part of `x`, an operand (any shape) whose values are already those of format `dtype`."""
    if part == "low":
        whole = take(x, operand, "all", dtype, fp32_dest_acc_en)
        return whole - take(x, operand, "high", dtype, fp32_dest_acc_en)
    if is_whole(operand, part, dtype, fp32_dest_acc_en):
        return x
    bits = bits_used(operand, part, dtype, fp32_dest_acc_en)
    return truncate(x, significand_mask(bits))


def significand_mask(bits: int) -> int:
    """Mask of a binary32 pattern that keeps `bits` significand bits, the hidden one included."""
    return 0xFFFFFFFF << (24 - bits) & 0xFFFFFFFF
