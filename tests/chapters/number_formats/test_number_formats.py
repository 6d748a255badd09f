"""Fields, errors and tables of the formats, against what the packed values are."""

import numpy as np
import pytest
import torch

from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.chapters.number_formats.number_formats import (
    binades_below_largest,
    fidelity_table,
    fields,
    format_table,
    worst_error_percent,
)
from lightning_v2.tensix.numbers.formats import FORMATS, MAGNITUDE_BITS, pack_host


@pytest.fixture
def block():
    rng = np.random.default_rng(5)
    return (rng.standard_normal(16) * 2.0 ** rng.integers(-8, 3, 16)).astype(np.float32)


def read(stored):
    """What the bits say."""
    sign = -1.0 if stored.sign == "1" else 1.0
    if stored.shared:
        magnitude, bits = int(stored.significand, 2), len(stored.significand)
        return sign * magnitude * 2.0 ** (int(stored.shared, 2) - 127 - (bits - 1))
    exponent = int(stored.exponent, 2)
    fraction = int(stored.significand, 2) / 2 ** len(stored.significand)
    return sign * (1 + fraction) * 2.0 ** (exponent - 127) if exponent else 0.0


class TestFields:
    @pytest.mark.parametrize("dtype", FORMATS)
    def test_the_bits_say_the_value(self, block, dtype):
        packed = pack_host(torch.from_numpy(block), dtype).numpy()
        for index in range(16):
            stored = fields(block, index, dtype)
            assert stored.value == packed[index]
            assert read(stored) == packed[index]

    @pytest.mark.parametrize(
        ("dtype", "counts"),
        [("float32", (0, 1, 8, 23)), ("bfloat16", (0, 1, 8, 7)), ("bfloat8_b", (8, 1, 0, 7)),
         ("bfloat4_b", (8, 1, 0, 3))],
    )  # fmt: skip
    def test_their_widths(self, block, dtype, counts):
        stored = fields(block, 4, dtype)
        parts = (stored.shared, stored.sign, stored.exponent, stored.significand)
        assert tuple(map(len, parts)) == counts
        assert len(stored.bits) == sum(counts)

    def test_neighbours_share_an_exponent(self, block):
        assert len({fields(block, i, "bfloat8_b").shared for i in range(16)}) == 1

    def test_a_block_of_zeros(self):
        stored = fields(np.zeros(16, np.float32), 0, "bfloat8_b")
        assert stored.value == 0 and set(stored.bits) == {"0"}


class TestWorstError:
    def test_bfloat16_is_the_same_everywhere(self):
        errors = worst_error_percent("bfloat16", np.array([1.0, 4.0, 9.0]))
        assert errors == pytest.approx(3 * [100 / 257], rel=0.05)

    @pytest.mark.parametrize("dtype", MAGNITUDE_BITS)
    def test_a_block_float_ends_at_zero(self, dtype):
        gone = MAGNITUDE_BITS[dtype] + 0.6
        errors = worst_error_percent(dtype, np.array([0.0, 1.0, gone]))
        assert errors[0] < errors[1] < errors[2] == 100

    def test_of_the_largest_number_itself(self):
        assert worst_error_percent("bfloat8_b", np.array([0.0]))[0] < 100 / 64


def test_binades_below_largest():
    values = torch.zeros(2, 32)
    values[0, :4] = torch.tensor([8.0, -4.0, 1.0, 0.0])
    values[1, 16] = 3.0
    assert sorted(binades_below_largest(values)) == [0.0, 0.0, 1.0, 3.0]


def test_tables():
    rng = np.random.default_rng(2)
    in0, in1 = (torch.from_numpy(rng.standard_normal(s).astype(np.float32))
                for s in ((8, 64), (64, 32)))  # fmt: skip
    table = format_table(Operands("a.site", "text", in0, in1)).frame.set_index("format")
    assert list(table.index) == list(FORMATS)
    assert table.loc["float32", "activations, SQNR (dB)"] == "exact"
    ratios = table.loc[list(FORMATS[1:]), "weights, SQNR (dB)"].astype(float)
    assert (np.diff(ratios) < -8).all()
    taken = fidelity_table().frame.set_index("fidelity")
    assert taken.loc["LoFi", "bfloat8_b weights"] == "5 of 7"
    assert taken.loc["LoFi", "bfloat16 activations"] == "7 of 8"
    assert taken.loc["HiFi2", "bfloat16 weights"] == "8 of 8"
    assert taken.loc["HiFi4", "float32 weights"] == "10 of 24"
