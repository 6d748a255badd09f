import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2.analysis.sites.block_ranges import BlockRange, BlockRanges
from lightning_v2.tensix import SiteCall, SitePrecision
from lightning_v2.tensix.numbers.formats import pack_host


def ranged(x, dtype="bfloat8_b"):
    found = BlockRange()
    found.add(x, pack_host(x, dtype), dtype)
    return found


def test_the_range_is_that_of_exponents():
    block = torch.ones(1, 16)
    block[0, 3] = 2.0**-5
    found = ranged(block)
    assert (found.percentile(50), found.percentile(99), found.flushed_percent) == (5, 5, 0)


@pytest.mark.parametrize(("dtype", "kept"), [("bfloat8_b", 6), ("bfloat4_b", 2)])
def test_values_below_the_last_bit_are_flushed(dtype, kept):
    block = torch.zeros(1, 16)
    block[0, :3] = torch.tensor([1.0, 2.0**-kept, 2.0 ** -(kept + 2)])
    assert ranged(block, dtype).flushed_percent == pytest.approx(100 / 3)
    assert ranged(block[:, :2], dtype).flushed_percent == 0


@pytest.mark.parametrize(("dtype", "louder"), [("bfloat8_b", 2.0**8), ("bfloat4_b", 2.0**4)])
def test_only_what_a_loud_neighbour_flushes_is_crushed(dtype, louder):
    """Channel 3 is loud: it crushes the 15 beside it, of the usual size, and no others."""
    rows = torch.ones(10, 64)
    rows[:, 3] = louder
    found = ranged(rows, dtype)
    assert found.flushed_percent == found.crushed_percent == pytest.approx(100 * 15 / 64)


def test_dust_is_flushed_and_not_crushed():
    rows = torch.ones(10, 64)
    rows[:, 40:44] = 2.0**-12
    found = ranged(rows)
    assert found.flushed_percent == pytest.approx(100 * 4 / 64)
    assert found.crushed_percent == 0
    assert math.isnan(ranged(torch.zeros(2, 16)).crushed_percent)


def test_percentiles_count_blocks():
    blocks = torch.ones(100, 16)
    blocks[:30, 0] = 2.0**-3
    blocks[99, 0] = 2.0**-9
    found = ranged(blocks)
    assert (found.percentile(50), found.percentile(80), found.percentile(100)) == (0, 3, 9)


def test_blocks_end_with_rows_and_zeros_do_not_count():
    rows = torch.tensor([[1.0] * 20, [0.0] * 20])
    rows[0, 17] = 2.0**-4  # in the second block of the first row, beside three ones
    found = ranged(rows)
    assert found.blocks.sum() == 2
    assert (found.percentile(50), found.percentile(100)) == (0, 4)
    assert math.isnan(ranged(torch.zeros(2, 16)).percentile(50))
    assert math.isnan(ranged(torch.zeros(2, 16)).flushed_percent)


def watch(precision, module, op, function, *args):
    ranges = BlockRanges(lambda site: precision, module)
    ranges.observe(SiteCall("here", op, function, args, {}))
    return ranges.columns("here")


def test_weights_are_taken_as_they_are_stored():
    layer = nn.Linear(4, 16)
    with torch.no_grad():
        layer.weight[:] = 1.0
        layer.weight[0, 0] = 2.0**-9  # one of the 16 outputs that share an exponent with it
    precision = SitePrecision(weights="bfloat8_b")
    found = watch(precision, layer, "linear", F.linear, torch.ones(3, 4), layer.weight, layer.bias)
    assert found["weights_range_p99_bits"] == 9
    assert found["weights_range_median_bits"] == 0
    assert found["weights_flushed_percent"] == pytest.approx(100 / 64)
    assert math.isnan(found["activations_range_median_bits"])


def test_channels_of_a_convolution_are_neighbours_on_the_device():
    layer = nn.Conv1d(16, 16, 3, groups=16)
    precision = SitePrecision(weights="bfloat8_b", activations="bfloat8_b")
    signal = torch.ones(1, 16, 50)
    signal[:, 0] = 2.0**-8
    with torch.no_grad():
        layer.weight[:] = 1.0
        layer.weight[5] = 2.0**-8
    found = watch(precision, layer, "conv1d", F.conv1d, signal, layer.weight, layer.bias)
    for name in ("weights", "activations"):
        assert found[f"{name}_range_median_bits"] == 8
        assert found[f"{name}_flushed_percent"] == pytest.approx(100 / 16)


def test_both_operands_of_a_product_of_activations_count():
    precision = SitePrecision(activations="bfloat4_b")
    wide = torch.ones(2, 16)
    wide[:, 0] = 2.0**-5
    found = watch(precision, nn.Linear(1, 1), "matmul", torch.matmul, wide, torch.ones(16, 16))
    assert found["activations_flushed_percent"] == pytest.approx(100 * 2 / (32 + 256))
    assert math.isnan(found["weights_range_median_bits"])


def test_formats_without_blocks_have_no_ranges():
    layer = nn.Linear(16, 16)
    args = (torch.ones(1, 16), layer.weight, layer.bias)
    found = watch(SitePrecision(), layer, "linear", F.linear, *args)
    assert all(math.isnan(value) for value in found.values())
