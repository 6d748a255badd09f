import pytest
import torch

from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.sites import FIDELITIES

# 1.1111111111b: every one of the 11 significand bits that a register holds.
ELEVEN_ONES = 2 - 2**-10


@pytest.mark.parametrize(
    ("operand", "part", "kept"),
    [
        ("in1", "high", 2 - 2**-4),
        ("in1", "all", 2 - 2**-9),
        ("in1", "low", 2**-4 - 2**-9),
        ("in0", "high", 2 - 2**-6),
        ("in0", "all", 2 - 2**-10),
        ("in0", "low", 2**-6 - 2**-10),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_parts_of_a_significand(operand, part, kept, sign):
    x = torch.tensor([sign * ELEVEN_ONES])
    assert fidelity.take(x, operand, part, "float32", True).item() == sign * kept


def test_float32_reaches_a_16_bit_kernel_as_truncated_bfloat16():
    x = torch.tensor([1 + 2**-7 + 2**-8])
    assert fidelity.take(x, "in0", "all", "float32", False).item() == 1 + 2**-7
    assert fidelity.take(x, "in0", "all", "float32", True).item() == x.item()


def test_short_significands_are_not_touched():
    x = torch.tensor([1.75, -0.875])
    assert fidelity.take(x, "in1", "high", "bfloat4_b", False) is x
    assert fidelity.take(x, "in0", "high", "bfloat8_b", True) is x


def test_published_bits_of_each_format():
    """The table "what each phase set keeps" for bfloat16 and block floats."""
    assert fidelity.bits_used("in1", "high", "bfloat16", False) == 5
    assert fidelity.bits_used("in1", "all", "bfloat16", False) == 8
    assert fidelity.bits_used("in1", "high", "bfloat8_b", True) == 5
    assert fidelity.bits_used("in1", "high", "bfloat4_b", True) == 3
    assert fidelity.bits_used("in0", "high", "bfloat16", True) == 7
    assert fidelity.bits_used("in0", "high", "bfloat8_b", True) == 7
    assert fidelity.bits_used("in1", "all", "float32", True) == 10


@pytest.mark.parametrize("level", FIDELITIES)
@pytest.mark.parametrize("in0", fidelity.SIGNIFICAND_BITS)
@pytest.mark.parametrize("in1", fidelity.SIGNIFICAND_BITS)
def test_passes_add_up_to_the_phases(level, in0, in1):
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(8, 64, generator=generator), torch.randn(64, 8, generator=generator)
    a, b = _store(a, in0), _store(b, in1)

    def product(pairs):
        parts = [
            fidelity.take(a, "in0", p, in0, True).double()
            @ fidelity.take(b, "in1", q, in1, True).double()
            for p, q in pairs
        ]
        return sum(parts)

    passes = product(fidelity.passes(level, in0, in1))
    torch.testing.assert_close(passes, product(fidelity.phases(level, in0, in1)))


def test_the_fewest_passes_of_each_fidelity():
    """Their order is that in which the fast tier adds them."""
    assert {level: fidelity.passes(level, "float32", "float32") for level in FIDELITIES} == {
        "LoFi": (("high", "high"),),
        "HiFi2": (("high", "all"),),
        "HiFi3": (("all", "high"), ("high", "low")),
        "HiFi4": (("all", "all"),),
    }
    assert fidelity.passes("HiFi3", "bfloat16", "bfloat8_b") == (("all", "high"), ("high", "low"))
    assert fidelity.passes("HiFi3", "bfloat16", "bfloat4_b") == (("all", "all"),)


def test_what_all_phases_take_together():
    taken = {level: [fidelity.part_taken(x, level) for x in ("in0", "in1")] for level in FIDELITIES}
    assert taken["LoFi"] == ["high", "high"] and taken["HiFi2"] == ["high", "all"]
    assert taken["HiFi3"] == taken["HiFi4"] == ["all", "all"]
    assert [fidelity.count(level) for level in FIDELITIES] == [1, 2, 3, 4]


def test_complete_products():
    """bfloat8_b x bfloat8_b needs HiFi2, bfloat4_b weights x bfloat8_b activations only LoFi."""
    assert fidelity.phases("HiFi4", "bfloat8_b", "bfloat8_b") == fidelity.phases(
        "HiFi2", "bfloat8_b", "bfloat8_b"
    )
    assert fidelity.phases("HiFi4", "bfloat8_b", "bfloat4_b") == (("high", "high"),)


def _store(x, dtype):
    from lightning_v2.tensix.numbers.formats import pack_host

    return pack_host(x, dtype)
