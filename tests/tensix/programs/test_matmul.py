"""ttnn's own choice of K blocks: read off the kernels that ttnn 0.81.1 had compiled
(data/golden/programs.py)."""

import csv
from pathlib import Path

import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.tensix.programs import matmul as program

TABLE = Path(__file__).parents[3] / "data" / "golden" / "programs.csv"


def table(arch, grid):
    with TABLE.open() as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if (row["arch"], row["grid"]) == (arch, grid)]


@pytest.mark.parametrize(
    ("arch", "grid"), [("wormhole_b0", "8x8"), ("blackhole", "13x10"), ("blackhole", "11x10")]
)
def test_is_the_choice_of_ttnn(arch, grid):
    rows = table(arch, grid)
    assert len(rows) > 100
    for row in rows:
        sizes = (int(row[name]) for name in "mkn")
        chosen = program.choose(
            *sizes,
            in0=row["in0"],
            in1=row["in1"],
            output=row["output"],
            bias=row["bias"] or None,
            fp32_dest_acc_en=row["fp32_dest_acc_en"] == "1",
            shared_in0=False,
            arch=arch,
            grid=tuple(map(int, grid.split("x"))),
        )
        assert chosen.in0_block_w == int(row["in0_block_w"]), row


def test_the_same_products_were_asked_about_on_both_grids_of_blackhole():
    wide, narrow = (
        {
            tuple(value for name, value in row.items() if name not in ("grid", "in0_block_w")): row
            for row in table("blackhole", grid)
        }
        for grid in ("13x10", "11x10")
    )
    assert wide.keys() == narrow.keys()
    differ = [asked for asked in wide if wide[asked]["in0_block_w"] != narrow[asked]["in0_block_w"]]
    assert len(differ) == 8


@pytest.mark.parametrize(("grid", "width"), [(None, 2), ((13, 10), 2), ((11, 10), 1)])
def test_a_context_names_the_grid(grid, width):
    """26 tiles of K are shared by 13 columns of cores, not by 11."""
    x, y = (tensix.from_torch(torch.randn(shape), "bfloat16") for shape in ((40, 832), (832, 256)))
    config = tensix.ComputeKernelConfig("HiFi4")

    def product(**program):
        return tensix.to_torch(
            tensix.matmul(x, y, dtype="bfloat8_b", compute_kernel_config=config, **program)
        )

    with tensix.use(arch="blackhole", grid=grid):
        found = product()
        wanted = product(program_config=tensix.MatmulProgramConfig(width))
        other = product(program_config=tensix.MatmulProgramConfig(3 - width))
    assert torch.equal(found, wanted)
    assert not torch.equal(found, other)
