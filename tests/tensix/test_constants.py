import gc

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix import constants, fidelity
from lightning_v2.tensix.constants import Constants, packed, rounded, significand_bits
from lightning_v2.tensix.formats import pack_host
from lightning_v2.tensix.sites import FIDELITIES, SitePrecision


def test_parameters_buffers_and_their_views_are_recognised():
    module = nn.Linear(4, 4)
    module.register_buffer("basis", torch.eye(4))
    found = Constants(module)
    assert found.owner(module.weight) is module.weight
    assert found.owner(module.basis.t()[1:]) is module.basis
    assert found.owner(torch.eye(4)) is None
    assert found.owner(module.weight * 1) is None
    foreign = nn.Parameter(torch.ones(2))
    assert found.owner(foreign) is foreign


def test_memory_that_changed_hands_is_not_a_constant():
    module = nn.Linear(4, 4, bias=False)
    found = Constants(module)
    old = module.weight.data
    module.weight.data = torch.zeros(4, 4)
    assert found.owner(old) is None


def test_packed_once_until_the_owner_changes():
    weight, calls = torch.ones(3), []

    def make(x):
        calls.append(x.clone())
        return x * 2

    for _ in range(3):
        assert torch.equal(packed(weight, weight, "double", make), torch.full((3,), 2.0))
    assert len(calls) == 1
    weight.add_(1)
    assert torch.equal(packed(weight, weight, "double", make), torch.full((3,), 4.0))
    packed(weight, weight, "other recipe", make)
    packed(weight[1:], weight, "double", make)
    assert len(calls) == 4


def test_nothing_is_kept_for_training():
    weight, calls = torch.ones(3, requires_grad=True), []
    for _ in range(2):
        packed(weight, weight, "r", lambda x: calls.append(1) or x)
    assert len(calls) == 2
    with torch.no_grad():
        for _ in range(2):
            packed(weight, weight, "r", lambda x: calls.append(1) or x)
    assert len(calls) == 3


def test_inference_tensors_are_packed_every_time():
    with torch.inference_mode():
        weight, calls = torch.ones(3), []
        for _ in range(2):
            packed(weight, weight, "r", lambda x: calls.append(1) or x)
    assert len(calls) == 2


def test_what_the_host_makes_of_constants_is_one_while_it_lives():
    net = nn.Linear(4, 3)
    known, made = Constants(net), net.weight.detach() * 2
    assert known.owner(made) is None
    known.add(made)
    assert known.owner(made.t()) is made
    address = made.untyped_storage().data_ptr()
    del made
    assert known._made[address]() is None


def test_the_store_does_not_keep_weights_alive():
    gc.collect()
    before = len(constants._packed)
    weight = torch.ones(5)
    packed(weight, weight, "r", lambda x: x + 1)
    assert len(constants._packed) == before + 1
    del weight
    gc.collect()
    assert len(constants._packed) == before


def of(weights, math_fidelity, wide=True):
    return SitePrecision(
        weights=weights,
        weights_rounding="fidelity",
        math_fidelity=math_fidelity,
        fp32_dest_acc_en=wide,
    )


@pytest.mark.parametrize(
    ("precision", "operand", "bits"),
    [
        (SitePrecision(math_fidelity="LoFi"), "in1", None),  # nobody asked for it
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
    assert significand_bits(precision, operand) == bits


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
    assert rounded(torch.tensor(given_), 5).tolist() == torch.tensor(expected).tolist()


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
    bits = significand_bits(precision, operand)
    x = torch.tensor(values)
    stored = pack_host(rounded(torch.where(x.abs() < 2**-60, 0, x), bits), dtype)
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
            precision = SitePrecision("bfloat8_b", rounding, "bfloat8_b", "float32", "LoFi", True)
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
        layer.weight.copy_(rounded(original, other))
        assert not torch.equal(result("nearest"), asked)
        layer.weight.copy_(rounded(original, bits))
    assert torch.equal(result("nearest"), asked)
