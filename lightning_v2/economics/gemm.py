"""Products whose times others have published, beside what the model says of them.

The rows are those of tt-metal's report GEMM_FLOPS (data/economics/gemm.csv). It tells neither
blocks nor, for its automatic rows, programs. So the model takes for each product the best of the
cuts that fit L1, as who tunes does; an automatic choice that is worse shows as an error.

No row has a constant of its own. Of those inferred from rows at all (`sustained`, `unpacked` and
`host_call` of Wormhole, see the table of constants) none comes from rows of the P150. They were
seen while the form of the model was chosen, so that they are no blind test of it.
"""

from collections.abc import Iterator
from itertools import product

import pandas as pd

from lightning_v2.deployment.observed.tensor_use import TensorUse, stored_bytes
from lightning_v2.economics.board import Board, board
from lightning_v2.economics.program import PRODUCT, Cut, Program
from lightning_v2.economics.program_time import program_time
from lightning_v2.economics.resources.time import Time
from lightning_v2.resources import data_path
from lightning_v2.tensix.numbers.formats import tile_bytes
from lightning_v2.tile import TILE

USABLE_L1 = 1_300_000
"""Bytes of a core for operands, result and partial sums."""

_DST_TILES = 8
_PARTIAL = "bfloat16"

LOOSE = 0.5
"""Relative error beyond which a row is explained."""


def published() -> pd.DataFrame:
    """A row a product: board, grid, configuration (tuned or auto), traced, dtype, math_fidelity,
    m, k, n, activations_in (L1 or DRAM), nanoseconds."""
    return pd.read_csv(data_path("economics", "gemm.csv")).assign(
        traced=lambda rows: rows["traced"] == "yes"
    )


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """`published` with published_us, predicted_us (*modelled*), ratio, bound, and why where the
    ratio is off by more than LOOSE."""
    found = []
    for row in rows.to_dict("records"):
        columns, high = map(int, row["grid"].split("x"))
        time = predicted(row, board(row["board"], (columns, high)))
        measured = row.pop("nanoseconds") / 1e3
        ratio = time.total * 1e6 / measured
        why = explanation(row, ratio)
        found.append(
            row
            | {
                "published_us": measured,
                "predicted_us": round(time.total * 1e6, 2),
                "ratio": round(ratio, 3),
                "bound": time.bound,
                "why": why,
            }
        )
    return pd.DataFrame(found)


def predicted(row: dict, chip: Board) -> Time:
    """Where the time of one published product goes, *modelled*."""
    programs = (_program(row, cut, chip) for cut in cuts(row, chip))
    times = (program_time(x, chip, row["traced"]) for x in programs)
    return min(times, key=lambda time: time.total)


def explanation(row: dict, ratio: float) -> str:
    """Why a prediction is off by more than LOOSE, "" where it is not."""
    if abs(ratio - 1) <= LOOSE:
        return ""
    if row["configuration"] == "auto" and row["board"] == "n150" and ratio < 1:
        return (
            "ttnn's automatic choice: its own report has 7 to 17 % utilization here, of these two "
            "shapes alone; the tuned rows of the same products are met"
        )
    if not row["traced"]:
        return (
            "without a trace the host bounds it, which is not known: the same product takes from "
            "16 to 190 us under other formats"
        )
    return "not understood"


def cuts(row: dict, chip: Board) -> Iterator[Cut]:
    """All that fit the L1 of a core: blocks of K by depth, and parts of the result."""
    columns, high = chip.grid
    m, k, n = (row[x] // TILE for x in "mkn")
    share_m, share_n = -(-m // high), -(-n // columns)
    resident = row["activations_in"] == "L1"
    size, partial = tile_bytes(row["dtype"]), tile_bytes(_PARTIAL)
    deepest = max(1, k // columns)
    for width, block_m, block_n in product(
        (x for x in _divisors(deepest if k % columns == 0 else k) if x <= deepest),
        _divisors(share_m),
        _divisors(share_n),
    ):
        used = 2 * width * (block_m + block_n) * size
        used += block_m * block_n * (partial if size != partial else 0)
        used += size * (share_m * (deepest + share_n) if resident else block_m * block_n)
        if used <= USABLE_L1 or (width, block_m, block_n) == (1, 1, 1):
            yield Cut(
                m, k, n, share_m, share_n, width, _subblock(block_m, block_n), block_m, block_n,
                in0_local=False,
            )  # fmt: skip


def _program(row: dict, cut: Cut, chip: Board) -> Program:
    m, k, n = (row[x] for x in "mkn")
    resident = row["activations_in"] == "L1"
    near = f"L1 block_sharded {chip.cores} cores" if resident else "DRAM interleaved"
    in0 = _tensor((m, k), row["dtype"], near)
    return Program(
        name="Matmul",
        call="matmul",
        kind=PRODUCT,
        operands=(in0, _tensor((k, n), row["dtype"], "DRAM interleaved")),
        results=(_tensor((m, n), row["dtype"], near),),
        cores=chip.cores,
        math_fidelity=row["math_fidelity"],
        cut=cut,
    )


def _tensor(shape: tuple[int, ...], dtype: str, memory: str) -> TensorUse:
    return TensorUse(shape, dtype, "tile", memory, stored_bytes(shape, dtype, "tile"))


def _subblock(high: int, wide: int) -> int:
    """Tiles that Dst holds at once: of whole rows of a block, or of one row."""
    if wide > _DST_TILES:
        return max(x for x in _divisors(wide) if x <= _DST_TILES)
    return wide * max(x for x in _divisors(high) if x * wide <= _DST_TILES)


def _divisors(number: int) -> list[int]:
    return [x for x in range(1, number + 1) if number % x == 0]
