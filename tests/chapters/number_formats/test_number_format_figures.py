"""Figures of formats, dot products and long sums, from operands that are made up."""

import numpy as np
import pytest
import torch

from lightning_v2.analysis.display.figure_data import files
from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.chapters.number_formats import dot_product_figures, number_format_figures
from lightning_v2.chapters.number_formats.dot_product import take_apart
from lightning_v2.chapters.number_formats.long_sum import long_sum
from lightning_v2.tensix import SitePrecision


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(1)
    in0, in1 = rng.standard_normal((4, 64)), rng.standard_normal((64, 16))
    return Operands("made.up", "ah", *(torch.from_numpy(x.astype(np.float32)) for x in (in0, in1)))


@pytest.fixture(scope="module")
def dot(given):
    return take_apart(given, SitePrecision(math_fidelity="HiFi4", fp32_dest_acc_en=True), 1, 2)


def texts(picture):
    return [text.get_text() for axes in picture.figure.axes for text in axes.texts]


def checked(picture):
    assert len(picture.alt) > 40
    assert len(picture.image()) > 5000
    assert all(files(picture.data).values())
    return picture


def test_bit_fields(given):
    picture = checked(number_format_figures.bit_fields(given, 2, 3))
    table = picture.data["bit_fields"]
    assert len(table) == 12 and "made.up" in picture.caption
    drawn = "".join(t for t in texts(picture) if t in ("0", "1"))
    stored = "".join(
        row.shared_exponent + row.sign + row.exponent + row.significand
        for row in table.itertuples()
    )
    assert drawn.startswith(stored[:32])
    block = given.block(2, 3)
    assert table["given"].iloc[0] == max(block, key=abs)
    assert table["given"].iloc[-1] == min(block, key=abs)


def test_relative_errors(given):
    picture = checked(number_format_figures.relative_errors(given))
    shares = picture.data["where_values_lie"]
    assert shares["weights_percent"].sum() == pytest.approx(100, abs=1)
    assert "binades" in picture.figure.axes[1].get_xlabel()


def test_phases_cover_what_a_fidelity_takes():
    picture = checked(number_format_figures.phases())
    table = picture.data["phases"]
    sizes = (table["in0_last_bit"] - table["in0_first_bit"] + 1) * (
        table["in1_last_bit"] - table["in1_first_bit"] + 1
    )
    areas = sizes.groupby(table["fidelity"]).sum()
    assert areas.to_dict() == {"LoFi": 35, "HiFi2": 70, "HiFi3": 90, "HiFi4": 110}


def test_dot_product(dot):
    picture = checked(dot_product_figures.dot_product(dot))
    assert dot.words in picture.caption
    assert picture.data["terms"]["product_0"].tolist() == dot.products[0].tolist()
    products = picture.figure.axes[2]
    drawn = "".join(t.get_text() for t in products.texts if t.get_text() in ("0", "1"))
    assert drawn.startswith(f"{abs(dot.products[0, 0]):b}".rstrip("0"))


def test_tables_of_a_dot_product(dot):
    terms = dot_product_figures.operand_table(dot).frame
    assert len(terms) == 32
    assert terms["pass 1: high × high bits"][0] == f"{dot.part0[0, 0]:07b} × {dot.part1[0, 0]:05b}"
    steps = dot_product_figures.step_table(dot).frame
    assert float(steps["Dst after it"].iloc[-1]) == pytest.approx(dot.dst, rel=1e-6)
    stages = dot_product_figures.stage_table({"one": dot, "two": dot}).frame
    assert stages["one: off (%)"][0] == "+0.000"
    assert list(stages["one: value"]) == list(stages["two: value"])
    assert float(stages["one: value"].iloc[-1]) == pytest.approx(dot.result, rel=1e-4)


def test_long_sum(given):
    picture = checked(dot_product_figures.long_sum(long_sum(given, 1, 2)))
    assert len(picture.data["long_sum"]) == 2
    assert "exact tier" in picture.caption and "HiFi4, 16-bit Dst" in picture.alt
