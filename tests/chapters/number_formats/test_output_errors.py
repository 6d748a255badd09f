"""All sums of a layer: each is the one that is taken apart, and their errors are what they are."""

import numpy as np
import pytest
import torch

from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.chapters.number_formats import output_error_figures
from lightning_v2.chapters.number_formats.dot_product import take_apart_by_plan
from lightning_v2.chapters.number_formats.output_errors import output_errors
from lightning_v2.precision import Plan

PLANS = ("bf16", "bfp4-lofi")


@pytest.fixture(scope="module")
def layer():
    dice = np.random.default_rng(0)
    parts = (dice.standard_normal(shape).astype(np.float32) for shape in ((40, 96), (96, 48)))
    return Operands("made.up", "ah", *map(torch.from_numpy, parts))


@pytest.mark.parametrize(("row", "column"), [(0, 0), (39, 47), (7, 30)])
def test_a_sum_has_the_bits_of_the_one_that_is_taken_apart(layer, row, column):
    found = output_errors(layer, PLANS, depth=32)
    apart = take_apart_by_plan(layer, PLANS, row, column)
    for name, errors in found.items():
        assert errors.result[row, column] == apart[name].result
        assert errors.exact[row, column] == pytest.approx(next(iter(apart[name].stages.values())))


def test_a_plan_with_fewer_bits_is_worse_over_all_sums_whatever_one_of_them_says(layer):
    for depth in (32, None):
        good, bad = output_errors(layer, PLANS, depth).values()
        assert good.rms_percent < 0.2 * bad.rms_percent
        assert good.at_most_percent(0.5) < good.at_most_percent(0.95) < 3 * good.rms_percent
        better = np.abs(bad.error_percent) < np.abs(good.error_percent)
        assert 0 < better.mean() < 0.2
        assert bad.gain < good.gain <= 1


def test_all_operands_are_taken_if_not_said_otherwise(layer):
    assert output_errors(layer, ["bf16"])["bf16"].depth == 96


def test_the_place_of_a_sum_among_all(layer):
    errors = output_errors(layer, ["bf16"])["bf16"]
    sizes = np.abs(errors.error_percent)
    worst = np.unravel_index(sizes.argmax(), sizes.shape)
    assert errors.share_below(*worst) == 1 - 1 / sizes.size
    assert errors.share_below(*np.unravel_index(sizes.argmin(), sizes.shape)) == 0


def test_a_layer_of_zeros_has_no_percent():
    zeros = Operands("made.up", "ah", torch.zeros(32, 32), torch.zeros(32, 32))
    errors = output_errors(zeros, ["bf16"])["bf16"]
    assert np.isnan(errors.rms_percent) and np.isnan(errors.gain)


@pytest.mark.parametrize("depth", [0, 97])
def test_a_depth_that_is_not_there(layer, depth):
    with pytest.raises(ValueError, match=f"depth is {depth}; legal are 1 to 96 at made.up"):
        output_errors(layer, PLANS, depth)


def test_what_is_shown_names_every_plan_and_depth(layer):
    plans = [Plan.load("bf16"), Plan.parse("name: mine\ndefault: {math_fidelity: LoFi}")]
    depths = [output_errors(layer, plans, depth) for depth in (32, None)]
    picture = output_error_figures.output_errors(*depths, row=3, column=4)
    sheet = output_error_figures.output_error_sheet(*depths, row=3, column=4)
    for name in ("bf16", "mine"):
        assert f"32 products, {name}" in picture.alt and f"96 products, {name}" in picture.alt
    assert "row 3 and column 4" in picture.caption and "exact tier" in picture.caption
    assert list(zip(sheet.frame["plan"], sheet.frame["products in a sum"], strict=True)) == [
        ("bf16", 32), ("mine", 32), ("bf16", 96), ("mine", 96),
    ]  # fmt: skip
    assert set(picture.data) == {f"errors_{k}_{n}" for k in (32, 96) for n in ("bf16", "mine")}
