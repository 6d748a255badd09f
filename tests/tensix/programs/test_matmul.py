"""ttnn's own choice of K blocks: read off the kernels that ttnn 0.81.1 had compiled."""

import csv
from pathlib import Path

import pytest

from lightning_v2.tensix.programs import matmul as program

TABLE = Path(__file__).parents[3] / "data" / "golden" / "programs.csv"


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
def test_is_the_choice_of_ttnn(arch):
    with TABLE.open() as file:
        rows = [row for row in csv.DictReader(file) if row["arch"] == arch]
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
        )
        assert chosen.in0_block_w == int(row["in0_block_w"]), row
