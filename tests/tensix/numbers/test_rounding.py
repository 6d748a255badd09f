"""Weights rounded before they are packed."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import pack_host
from lightning_v2.tensix.numbers.rounding import Rounding
from lightning_v2.tensix.numbers.sites import FIDELITIES, SitePrecision


def of(weights, math_fidelity, wide=True, rounding="fidelity"):
    return SitePrecision(
        weights=weights,
        weights_rounding=rounding,
        math_fidelity=math_fidelity,
        fp32_dest_acc_en=wide,
    )


def test_nobody_is_rounded_who_did_not_ask():
    assert Rounding.of(SitePrecision(math_fidelity="LoFi")) == Rounding()


@pytest.mark.parametrize(
    ("precision", "operand", "bits"),
    [
        (of("bfloat8_b", "LoFi"), "in1", 5),
        (of("bfloat16", "LoFi"), "in1", 5),
        (of("float32", "LoFi"), "in1", 5),
        (of("bfloat4_b", "LoFi"), "in1", None),  # has 3
        (of("bfloat8_b", "HiFi2"), "in1", None),  # all 7 are taken
        (of("float32", "HiFi4"), "in1", 10),
        (of("float32", "HiFi4", wide=False), "in1", 8),
        (of("bfloat16", "LoFi"), "in0", 7),
        (of("bfloat16", "HiFi2"), "in0", 7),
        (of("bfloat16", "HiFi3"), "in0", None),
        (of("bfloat8_b", "LoFi"), "in0", None),
    ],
)
def test_bits_to_which_weights_are_rounded(precision, operand, bits):
    assert Rounding.of(precision, operand) == Rounding(bits)
    carried = Rounding.of(replace(precision, weights_rounding="feedback"), operand)
    assert carried.feedback == (precision.weights if operand == "in1" else None)


def test_rounding_to_five_bits_goes_to_the_nearest_and_ties_to_even():
    given_, expected = zip(
        (1 + 1 / 32, 1.0),  # half way, to even
        (1 + 3 / 32, 1 + 4 / 32),
        (1 + 1 / 32 + 2**-20, 1 + 2 / 32),
        (-(1 + 3 / 32), -(1 + 4 / 32)),
        (2 - 2**-6, 2.0),  # carries into the exponent
        (31.0, 31.0),
        (0.0, 0.0),
        (float("-inf"), float("-inf")),
        (3e38, 3e38 // 2**123 * 2**123),
        strict=True,
    )
    assert Rounding(5)(torch.tensor(given_)).tolist() == torch.tensor(expected).tolist()


@settings(deadline=None)
@given(
    st.lists(st.floats(-(2.0**40), 2.0**40, width=32), min_size=1, max_size=40),
    st.sampled_from(("bfloat16", "bfloat8_b", "float32")),
    st.sampled_from(FIDELITIES),
    st.booleans(),
    st.sampled_from(("in0", "in1")),
)
def test_nothing_is_left_for_the_multiplier_to_cut_off(values, dtype, level, wide, operand):
    precision = of(dtype, level, wide)
    x = torch.tensor(values)
    x = torch.where(x.abs() < 2**-60, 0, x)
    stored = pack_host(Rounding.of(precision, operand)(x), dtype)
    part = "high" if level == "LoFi" or (level == "HiFi2" and operand == "in0") else "all"
    assert torch.equal(fidelity.take(stored, operand, part, dtype, wide), stored)


def test_a_lofi_product_keeps_its_level():
    generator = torch.Generator().manual_seed(5)
    x = tensix.typecast(
        tensix.from_torch(torch.randn(64, 256, generator=generator), "float32"), "bfloat8_b"
    )
    layer = nn.Linear(256, 256, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(256, 256, generator=generator))
        whole = tensix.to_torch(x) @ layer.weight.t()

        def gain(rounding):
            precision = replace(
                of("bfloat8_b", "LoFi"),
                weights_rounding=rounding,
                activations="bfloat8_b",
                output="float32",
            )
            with tensix.intercept(layer, lambda site: precision):
                y = layer(tensix.to_torch(x))
            return ((y * whole).sum() / whole.square().sum()).item()

    assert gain("nearest") == pytest.approx(0.985, abs=0.003)
    assert gain("fidelity") == pytest.approx(1.0, abs=5e-4)


@pytest.mark.parametrize(
    ("layer", "shape", "bits"),
    [
        (nn.Conv1d(8, 8, 3, groups=8), (1, 8, 12), 7),
        (nn.Conv1d(8, 8, 3, groups=8, dilation=2), (1, 8, 12), 5),  # as a dense matrix
        (nn.Conv1d(8, 16, 3), (1, 8, 12), 5),
        (nn.Conv2d(8, 8, (1, 3), groups=8), (1, 8, 4, 12), 7),
        (nn.Conv2d(8, 8, 3, groups=8), (1, 8, 4, 12), 5),
        (nn.ConvTranspose1d(8, 8, 3, groups=8), (1, 8, 12), 7),
    ],
)
def test_taps_are_rounded_as_the_operand_that_they_are(layer, shape, bits):
    """The same as with weights that were rounded before, and not as with any others."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(6))

    def result(rounding):
        precision = SitePrecision(weights_rounding=rounding, math_fidelity="LoFi")
        with torch.no_grad(), tensix.intercept(layer, lambda site: precision):
            return layer(x)

    asked = result("fidelity")
    other = 12 - bits
    with torch.no_grad():
        original = layer.weight.clone()
        layer.weight.copy_(Rounding(other)(original))
        assert not torch.equal(result("nearest"), asked)
        layer.weight.copy_(Rounding(bits)(original))
    assert torch.equal(result("nearest"), asked)


@given(
    st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=60),
    st.sampled_from(("bfloat16", "bfloat8_b", "bfloat4_b")),
    st.sampled_from(("LoFi", "HiFi4")),
)
@settings(deadline=None)
def test_carried_errors_leave_only_the_last_one(values, dtype, level):
    """Of a sum of all weights: under a row of equal operands nothing else is lost."""
    column = torch.tensor(values)[:, None]
    stored = Rounding.of(of(dtype, level, rounding="feedback"))(column)
    assert torch.equal(pack_host(stored, dtype), stored)
    assert torch.equal(
        fidelity.take(stored, "in1", "high" if level == "LoFi" else "all", dtype, True), stored
    )
    bits = min(fidelity.SIGNIFICAND_BITS[dtype], 5 if level == "LoFi" else 24)
    # Half a step, or a whole one where a block float saturates.
    largest = 2.0 ** -(bits - 1) * (stored.abs().max() + 2.0**-100)
    assert (stored.double().sum() - column.double().sum()).abs() <= largest + 1e-5


def test_carried_errors_do_not_pass_from_column_to_column_or_matrix_to_matrix():
    weights = torch.randn(2, 40, 32, generator=torch.Generator().manual_seed(7))
    rounding = Rounding.of(of("bfloat16", "LoFi", rounding="feedback"))
    apart = torch.stack(
        [torch.cat([rounding(half) for half in m.split(16, -1)], -1) for m in weights]
    )
    assert torch.equal(rounding(weights), apart)


def test_a_vector_is_rounded_by_itself():
    vector = torch.randn(40, generator=torch.Generator().manual_seed(9))
    rounding = Rounding.of(of("bfloat16", "LoFi", rounding="feedback"))
    assert torch.equal(rounding(vector), Rounding(5)(vector))


def test_a_smooth_operand_loses_less_with_feedback():
    """Spectra through the Hilbert transform, as in a vocoder."""
    smooth = torch.cos(torch.linspace(0, 6, 512))[None] - 5
    matrix = torch.randn(512, 64, generator=torch.Generator().manual_seed(8)) / 20
    exact = smooth.double() @ matrix.double()

    def error(rounding):
        weights = Rounding.of(of("bfloat8_b", "LoFi", rounding=rounding))(matrix)
        stored = pack_host(weights, "bfloat8_b").double()
        return ((smooth.double() @ stored - exact).square().mean() / exact.square().mean()).sqrt()

    assert error("feedback") < 0.05 * error("fidelity")


def test_gradients_pass_through_a_rounding():
    weights = torch.randn(32, 32, requires_grad=True)
    Rounding.of(of("bfloat8_b", "LoFi", rounding="feedback"))(weights).sum().backward()
    assert torch.equal(weights.grad, torch.ones(32, 32))
