"""ttnn's own choice for conv1d: read off the operations that ttnn 0.81.1 ran on mock devices
(data/golden/programs.py)."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.errors import LightningError
from lightning_v2.tensix import ComputeKernelConfig
from lightning_v2.tensix.programs.convolution import (
    ConvolutionProgram,
    by_height,
    choose,
    is_folded,
    is_product,
)
from lightning_v2.tensix.programs.convolution_memory import Convolution, NoProgram
from lightning_v2.tensix.programs.convolution_way import AUTOMATIC, way_of

TABLE = Path(__file__).parents[3] / "data" / "golden" / "convolutions.csv"
HIFI4 = ComputeKernelConfig("HiFi4")
PLAIN = Convolution(
    batch=1,
    length=64,
    steps=58,
    channels=32,
    outputs=32,
    taps=7,
    stride=1,
    padding=(0, 0),
    dilation=1,
    bias=True,
    input="bfloat16",
    weights="bfloat16",
    output="bfloat16",
)


def convolution(row):
    numbers = (int(row[name]) for name in ("length", "taps", "stride", "padding", "dilation"))
    length, taps, stride, padding, dilation = numbers
    return Convolution(
        batch=int(row["batch"]),
        length=length,
        steps=(length + 2 * padding - dilation * (taps - 1) - 1) // stride + 1,
        channels=int(row["channels"]),
        outputs=int(row["outputs"]),
        taps=taps,
        stride=stride,
        padding=(padding, padding),
        dilation=dilation,
        bias=row["bias"] == "1",
        input=row["input"],
        weights=row["weights"],
        output=row["input"],
    )


@pytest.mark.parametrize(
    ("arch", "grid"), [("wormhole_b0", "8x8"), ("blackhole", "13x10"), ("blackhole", "11x10")]
)
def test_is_the_choice_of_ttnn(arch, grid):
    with TABLE.open() as file:
        rows = [row for row in csv.DictReader(file) if (row["arch"], row["grid"]) == (arch, grid)]
    assert len(rows) > 100
    cores = tuple(map(int, grid.split("x")))
    for row in rows:
        x = convolution(row)
        assert (is_product(x) or is_folded(x)) == (row["layout"] == ""), row
        if row["layout"]:
            wide = row["input"] == row["weights"] == "float32"
            program = choose(x, replace(HIFI4, fp32_dest_acc_en=wide), arch, cores)
            each = -(-x.channels // (program.parts * program.aligned)) * program.aligned
            block = -(-each * x.taps // 32)
            assert (program.parts, block) == (int(row["parts"]), int(row["block_tiles"])), row


@pytest.mark.parametrize(("arch", "grid"), [("wormhole_b0", (8, 8)), ("blackhole", (13, 10))])
def test_transposed_ones_are_cut_like_those_that_they_are(arch, grid):
    with (TABLE.parent / "transposed.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["arch"] == arch]
    assert {row["layout"] for row in rows} >= {"BLOCK_SHARDED", "HEIGHT_SHARDED"}
    assert max(int(row["slices"]) for row in rows) > 1
    for row in rows:
        names = ("length", "channels", "outputs", "taps", "stride", "padding", "output_padding")
        length, channels, outputs, taps, stride, padding, more = (int(row[name]) for name in names)
        reach = taps - 1 - padding
        formats = row["input"], row["weights"], row["input"]
        wide = formats[0] == formats[1] == "float32"
        program = way_of(
            ((1, 1, (length - 1) * stride + 1, channels), (outputs, channels, 1, taps)),
            ((1, 1), (0, 0, reach, reach + more), (1, 1)),
            formats,
            row["bias"] == "1",
            False,
            AUTOMATIC,
            replace(HIFI4, fp32_dest_acc_en=wide),
            arch,
            grid,
        ).program
        each = -(-channels // (program.parts * program.aligned)) * program.aligned
        block = -(-each * taps // 32)
        assert (program.parts, block) == (int(row["parts"]), int(row["block_tiles"])), row


def test_block_floats_lie_in_tiles():
    assert by_height(PLAIN) == ConvolutionProgram(1, 8)
    assert by_height(replace(PLAIN, input="bfloat8_b")) == ConvolutionProgram(1, 32)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 2), st.integers(0, 1))
def test_products_and_folds_exclude_each_other(taps, stride, dilation, padding):
    x = replace(PLAIN, taps=taps, stride=stride, dilation=dilation, padding=(padding, padding))
    assert not (is_product(x) and is_folded(x))
    if is_product(x):
        assert (taps, stride, padding) == (1, 1, 0)


def test_folds_need_whole_windows():
    touching = replace(PLAIN, taps=4, stride=4)
    assert is_folded(touching)
    assert not is_folded(replace(touching, length=63))
    assert is_folded(replace(touching, padding=(2, 2)))
    assert not is_folded(replace(touching, padding=(2, 2), input="bfloat8_b"))


def test_says_where_ttnn_has_none():
    huge = replace(PLAIN, taps=2000, length=2100, steps=101)
    with pytest.raises(NoProgram, match="32 to 32 channels with 2000 taps") as caught:
        choose(huge, HIFI4, "wormhole_b0", (8, 8))
    assert isinstance(caught.value, LightningError)
    long = replace(PLAIN, length=9000, steps=8994, output="bfloat4_b")
    with pytest.raises(NoProgram, match="bfloat4_b"):
        choose(long, HIFI4, "wormhole_b0", (8, 8))
