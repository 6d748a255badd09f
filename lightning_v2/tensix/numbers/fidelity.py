"""Math fidelity: which significand bits of the two matmul operands ever meet the multiplier.

In a ttnn matmul the weights (in1) sit in register SrcA, of which one phase takes 5 significand
bits, and the activations (in0) in SrcB, of which it takes 7. The phases of a fidelity add up to

    LoFi    in0.high @ in1.high                          5 x 7 bits
    HiFi2   in0.high @ in1.all
    HiFi3   in0.all @ in1.high + in0.high @ in1.low      all but low x low
    HiFi4   in0.all @ in1.all

`high` holds the first 5 or 7 bits, `all` every bit that is ever used (in1: 10, in0: 11), `low` the
difference. Every cut is a truncation toward zero, so that a LoFi product shrinks on average.
"""

from torch import Tensor

from lightning_v2.tensix.numbers.formats import truncate

# Significand bits with the hidden one: of the formats, of the registers, and of the parts.
SIGNIFICAND_BITS = {"float32": 24, "bfloat16": 8, "bfloat8_b": 7, "bfloat4_b": 3}
_TF32_BITS, _BFLOAT16_BITS = 11, 8
_PART_BITS = {("in0", "high"): 7, ("in0", "all"): 11, ("in1", "high"): 5, ("in1", "all"): 10}

_PHASES = {
    "LoFi": (("high", "high"),),
    "HiFi2": (("high", "high"), ("high", "low")),
    "HiFi3": (("high", "high"), ("high", "low"), ("low", "high")),
    "HiFi4": (("high", "high"), ("high", "low"), ("low", "high"), ("low", "low")),
}
_PASSES = {
    "LoFi": (("high", "high"),),
    "HiFi2": (("high", "all"),),
    "HiFi3": (("all", "high"), ("high", "low")),
    "HiFi4": (("all", "all"),),
}


def phases(fidelity: str, in0: str, in1: str) -> tuple[tuple[str, str], ...]:
    """Pairs (part of in0, part of in1) in the order in which the engine multiplies them.

    in0, in1: formats of the operands; parts that such an operand cannot have are left out.
    """
    empty = {
        name: SIGNIFICAND_BITS[dtype] <= _PART_BITS[name, "high"]
        for name, dtype in (("in0", in0), ("in1", in1))
    }
    return tuple(
        (a, b)
        for a, b in _PHASES[fidelity]
        if not ((a == "low" and empty["in0"]) or (b == "low" and empty["in1"]))
    )


def passes(fidelity: str, in0: str, in1: str) -> tuple[tuple[str, str], ...]:
    """As few pairs as add up to the same exact product: one, or two for HiFi3."""
    complete = len(phases("HiFi4", in0, in1)) < 4
    return _PASSES["HiFi4" if fidelity == "HiFi3" and complete else fidelity]


def bits_used(operand: str, part: str, dtype: str, fp32_dest_acc_en: bool) -> int:
    """Significand bits of `part` ("high", "all") of an operand ("in0", "in1") stored as `dtype`.

    float32 reaches the register as TF32 with a 32-bit Dst, as bfloat16 with a 16-bit one.
    """
    register = _TF32_BITS if fp32_dest_acc_en else _BFLOAT16_BITS
    return min(SIGNIFICAND_BITS[dtype], register, _PART_BITS[operand, part])


def bits_taken(operand: str, fidelity: str, dtype: str, fp32_dest_acc_en: bool) -> int:
    """Significand bits of an operand stored as `dtype` that all phases of a fidelity take."""
    place = ("in0", "in1").index(operand)
    parts = {pair[place] for pair in _PHASES[fidelity]}
    return bits_used(operand, "all" if "low" in parts else "high", dtype, fp32_dest_acc_en)


def take(x: Tensor, operand: str, part: str, dtype: str, fp32_dest_acc_en: bool) -> Tensor:
    """One part of `x`, an operand (any shape) whose values are already those of format `dtype`."""
    if part == "low":
        whole = take(x, operand, "all", dtype, fp32_dest_acc_en)
        return whole - take(x, operand, "high", dtype, fp32_dest_acc_en)
    bits = bits_used(operand, part, dtype, fp32_dest_acc_en)
    return x if bits == SIGNIFICAND_BITS[dtype] else truncate(x, significand_mask(bits))


def significand_mask(bits: int) -> int:
    """Mask of a binary32 pattern that keeps `bits` significand bits, the hidden one included."""
    return 0xFFFFFFFF << (24 - bits) & 0xFFFFFFFF
