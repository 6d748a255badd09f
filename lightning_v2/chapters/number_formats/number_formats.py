"""Numbers in the four formats of a tensor: their bits, and what is lost by writing them down.

Everything is packed by `tensix.formats` as the host packs it; the fields are read back from the
packed values.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import (
    BITS_PER_VALUE,
    FORMATS,
    GROUP,
    MAGNITUDE_BITS,
    pack_host,
)
from lightning_v2.tensix.numbers.sites import FIDELITIES

SHOWN_BINADES = 10
"""Ratios to the largest value of a block are followed down to 2 to the minus this."""
_SWEEP = 1025


@dataclass(frozen=True)
class Fields:
    """One number as it is stored.

    Attributes:
        dtype: of the tensor.
        value: that a reader sees.
        shared: bits of the exponent that 16 neighbours share; empty where each has its own.
        sign, exponent, significand: bits, each a string of 0 and 1; `exponent` is empty where it is
            shared. The significand of a block float shows its first bit, all others hide it.
    """

    dtype: str
    value: float
    shared: str
    sign: str
    exponent: str
    significand: str

    @property
    def bits(self) -> str:
        """All of them in order."""
        return self.shared + self.sign + self.exponent + self.significand


def fields(block: np.ndarray, index: int, dtype: str) -> Fields:
    """How one number of a block is stored.

    Args:
        block: (16,) neighbours in float32.
        index: of the number.
        dtype: one of `tensix.FORMATS`.
    """
    given = torch.from_numpy(np.ascontiguousarray(block, dtype=np.float32))
    packed = pack_host(given, dtype)
    value = float(packed[index])
    if dtype not in MAGNITUDE_BITS:
        pattern = f"{int(packed[index : index + 1].view(torch.int32)) & 0xFFFFFFFF:032b}"
        kept = pattern[: int(BITS_PER_VALUE[dtype])]
        return Fields(dtype, value, "", kept[0], kept[1:9], kept[9:])
    bits = MAGNITUDE_BITS[dtype]
    shared = int(((given.view(torch.int32) >> 23) & 255).max())
    magnitude = round(abs(value) * 2.0 ** (bits - 1 - (shared - 127)))
    sign = "1" if value < 0 else "0"
    return Fields(dtype, value, f"{shared:08b}", sign, "", f"{magnitude:0{bits}b}")


def worst_error_percent(dtype: str, binades: np.ndarray) -> np.ndarray:
    """Largest error of a number, relative to itself, by its distance from the block's largest.

    Args:
        dtype: one of `tensix.FORMATS`.
        binades: (R,) how far below it, as a power of two: 3 is an eighth. The largest is 1.

    Returns:
        (R,) percent, over all numbers of half a binade to both sides.
    """
    around = np.linspace(-0.5, 0.5, _SWEEP)
    numbers = 2.0 ** -np.maximum(np.asarray(binades)[:, None] + around, 0.0)
    blocks = np.zeros((numbers.size, GROUP), np.float32)
    blocks[:, 0], blocks[:, 1] = 1.0, numbers.reshape(-1)
    packed = pack_host(torch.from_numpy(blocks), dtype).numpy()[:, 1].astype(float)
    given = blocks[:, 1].astype(float)
    errors = np.abs(packed - given) / given
    return 100 * errors.reshape(numbers.shape).max(1)


def binades_below_largest(values: torch.Tensor) -> np.ndarray:
    """Of values (..., C) in blocks along C: how far each lies below the largest of its block.

    Zeros have no place, and are left out.
    """
    count = values.shape[-1] // GROUP * GROUP
    blocks = values[..., :count].reshape(-1, GROUP).abs().double()
    ratio = blocks / blocks.amax(1, keepdim=True)
    return -np.log2(ratio[blocks > 0].numpy())


def format_table(operands: Operands) -> Sheet:
    """What a format takes and what it makes of the operands of a site."""
    rows = []
    for dtype in FORMATS:
        row: dict[str, object] = {"format": dtype, "bits a value": BITS_PER_VALUE[dtype]}
        shared = dtype in MAGNITUDE_BITS
        row["significand bits"] = (
            f"at most {MAGNITUDE_BITS[dtype]}" if shared else fidelity.SIGNIFICAND_BITS[dtype]
        )
        row["exponent"] = "shared by 16" if shared else "its own"
        for name, values in (("activations", operands.in0), ("weights", operands.in1)):
            packed = pack_host(values, dtype).double()
            error = (packed - values.double()).square().sum()
            ratio = float(values.double().square().sum() / error) if error > 0 else np.inf
            row[f"{name}, SQNR (dB)"] = f"{10 * np.log10(ratio):.1f}" if ratio < np.inf else "exact"
            gone = float(((packed == 0) & (values != 0)).double().mean())
            row[f"{name} that become 0 (%)"] = round(100 * gone, 2)
        rows.append(row)
    caption = (
        f"Packed as by the host, blocks along the last axis. {operands.source}. SQNR: energy of "
        "the values over that of their errors. Emulated, bit for bit."
    )
    return Sheet(pd.DataFrame(rows), caption)


def fidelity_table() -> Sheet:
    """Significand bits that each fidelity takes of each format."""
    rows = []
    for level in FIDELITIES:
        row: dict[str, object] = {"fidelity": level, "passes": fidelity.count(level)}
        for operand, name in (("in0", "activations"), ("in1", "weights")):
            for dtype in FORMATS:
                taken = fidelity.bits_taken(operand, level, dtype, True)
                there = fidelity.SIGNIFICAND_BITS[dtype]
                row[f"{dtype} {name}"] = f"{taken} of {there}"
        rows.append(row)
    caption = (
        "Significand bits, the first one included, that meet the multiplier in any pass, with a "
        "32-bit Dst. Rules of the chip, no measurement."
    )
    return Sheet(pd.DataFrame(rows), caption)
