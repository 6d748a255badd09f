"""Golden vectors of what is seldom asked: infinities, NaN, denormals, -0, and blocks with them.

    edge_cases.py --target simulator --output data/golden/edge_cases.npz

Two operands meet each of `SPECIAL` with each; functions get them all in every row.
docs/edge_cases.md, which `benchmarks/edge_cases.py` writes, holds the results beside published
reports.
"""

from collections.abc import Iterator

import both_chips
import numpy as np
import torch

from lightning_v2 import tensix
from lightning_v2.deployment.verification.cases import Arrays, Case, patterns

SPECIAL = np.array(
    [
        *(0x0000, 0x8000, 0x3F80, 0xBF80, 0x7F80, 0xFF80, 0x7FC0, 0xFFC0),  # 0, 1, infinity, NaN
        *(0x7F81, 0x7FFF, 0x0001, 0x8001, 0x007F, 0x0080, 0x8080, 0x0100),  # denormal, 2^-126, ...
        *(0x0400, 0x0580, 0x0600, 0x0680, 0x7F7F, 0xFF7F, 0x42C8, 0xC2C8),  # the largest, 100
        *(0x432C, 0x432E, 0x4348, 0xC348, 0xC080, 0x4080, 0x3FC0, 0xBF00),  # 172, 174, 200, 4, 1.5
    ],
    np.uint32,
)
"""Patterns of bfloat16."""

FUNCTIONS = "neg abs sign relu reciprocal trunc floor ceil log_sigmoid".split()
PAIRS = "add subtract multiply divide maximum minimum".split()
BLOCKS = ("bfloat8_b", "bfloat4_b")


def values() -> torch.Tensor:
    """`SPECIAL` as float32 (32,)."""
    return torch.from_numpy((SPECIAL << 16).view(np.float32))


def rows_of_softmax() -> torch.Tensor:
    """(8, 64): infinities and NaN among other values, and without them."""
    rows = torch.linspace(-2, 2, 64).repeat(8, 1)
    infinity, nan = torch.inf, torch.nan
    rows[0] = -infinity
    rows[1, 3] = infinity
    rows[2, 3:5] = infinity
    rows[3, 3] = nan
    rows[4] = nan
    rows[5, :32] = -infinity
    rows[6] = -0.0
    return rows


def blocks() -> torch.Tensor:
    """(8, 32): what meets in the blocks of a block float."""
    rows = torch.linspace(-1, 1, 32).repeat(8, 1)
    rows[0, 3] = torch.inf
    rows[1, 3] = torch.nan
    rows[2] = torch.linspace(-1, 1, 32) * 2.0**-127
    rows[3] = torch.linspace(-1, 1, 32) * 2.0**-122
    rows[4, :16] = -0.0
    rows[5, 3] = -torch.inf
    rows[6] *= 2.0**-126
    rows[7] *= 3e38
    return rows


def chosen() -> Iterator[tuple[Case, dict[str, torch.Tensor]]]:
    """The cases with their operands."""

    def case(op: str, inputs: dict[str, str], output: str | None = None, **options) -> Case:
        return {
            "op": op,
            "inputs": inputs,
            "options": options,
            "config": None,
            "output": output or next(iter(inputs.values())),
        }

    across = values().repeat(32, 1)
    for dtype in ("bfloat16", "float32"):
        for stable in (True, False):
            found = case("softmax", {"x": dtype}, dim=-1, numeric_stable=stable)
            yield found, {"x": rows_of_softmax()}
        for name in FUNCTIONS:
            yield case(name, {"x": dtype}), {"x": across}
        for name in PAIRS:
            yield case(name, {"a": dtype, "b": dtype}), {"a": across.mT.contiguous(), "b": across}
    for source, targets in (
        ("float32", ("bfloat16", *BLOCKS)),
        ("bfloat16", ("float32", *BLOCKS)),
    ):
        for target in targets:
            given = blocks() if target in BLOCKS else across
            yield case("typecast", {"x": source}, target, dtype=target), {"x": given}
    for target in BLOCKS:
        yield case("from_torch", {"x": "float32"}, target, dtype=target), {"x": blocks()}


def stored_operands() -> tuple[list[Case], Arrays]:
    """The cases, and their operands as the host packs them."""
    cases, arrays = [], {}
    for index, (case, given) in enumerate(chosen()):
        cases.append(case)
        for name, x in given.items():
            packed = tensix.to_torch(tensix.from_torch(x, case["inputs"][name]))
            arrays[f"{name}_{index}"] = patterns(packed)
    return cases, arrays


if __name__ == "__main__":
    both_chips.run(__doc__, *stored_operands())
