"""The matrix engine of the fast tier against files of the functional simulator.

`deviation` is the rms of a difference over the rms of the exact product of the masked operands.
"""

import dataclasses

import pytest
import torch
from torch import nn

from lightning_v2.tensix import fidelity
from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.matmul import block_width, linear, matmul
from lightning_v2.tensix.operands import MatrixOperand
from lightning_v2.tensix.sites import SitePrecision

STORED = {"f32": "float32", "bf16": "bfloat16", "bfp8": "bfloat8_b", "bfp4": "bfloat4_b"}
# Rounding to the output format as it shows when two nearly equal values fall on different sides.
PACK_STEP = {"float32": 0, "bfloat16": 2e-3, "bfloat8_b": 4e-3}
NOTHING = Constants(nn.Module())


def constants_of(**tensors):
    module = nn.Module()
    for name, tensor in tensors.items():
        module.register_buffer(name, tensor)
    return Constants(module)


def rms(x):
    return x.double().square().mean().sqrt().item()


def runs_of(arrays, attributes):
    """Each run of a golden matmul file: precision, (in0, in1), output of the simulator."""
    operands = [torch.from_numpy(arrays[name]) for name in ("in0", "in1")]
    for run in attributes["runs"]:
        precision = SitePrecision(
            weights=STORED[attributes["in1"]],
            activations=STORED[attributes["in0"]],
            output=STORED[attributes["out"]],
            math_fidelity=run["math_fidelity"],
            fp32_dest_acc_en=run["fp32_dest_acc_en"],
            packer_l1_acc=run["packer_l1_acc"],
        )
        stored = attributes["alias"].get(run["key"], run["key"])
        yield precision, operands, torch.from_numpy(arrays[f"out_{stored}"])


def exact_product(operands, precision):
    """The masked operands multiplied in float64: what the engine would give without rounding."""
    in0 = MatrixOperand(operands[0], "in0", precision, None)
    in1 = MatrixOperand(operands[1], "in1", precision, operands[1])
    pairs = fidelity.passes(precision.math_fidelity, in0.dtype, in1.dtype)
    return sum(in0.part(a).double() @ in1.part(b).double() for a, b in pairs)


def test_32_bit_dst_is_close_to_the_simulator(golden, matmul_files):
    for name in matmul_files:
        for precision, operands, expected in runs_of(*golden(name)):
            if not precision.fp32_dest_acc_en:
                continue
            result = matmul(*operands, precision, constants_of(in1=operands[1]))
            exact = exact_product(operands, precision)
            bound = 5e-4 + PACK_STEP[precision.output]
            assert rms(result - expected) < bound * rms(exact), (name, precision)
            if precision.output != "float32":
                assert (result == expected).float().mean() > 0.84, (name, precision)


def test_16_bit_dst_has_the_noise_of_the_simulator(golden, matmul_files):
    """Noise over the simulator's: at least 0.64 (one long Dst run), 0.8 with L1 accumulation."""
    for name in matmul_files:
        arrays, attributes = golden(name)
        for precision, operands, expected in runs_of(arrays, attributes):
            if precision.fp32_dest_acc_en:
                continue
            # ttnn chose a block of one tile for the shapes with K = 128.
            width = 1 if attributes["shape"][1] == 128 else None
            precision = dataclasses.replace(precision, in0_block_w=width)
            result = matmul(*operands, precision, constants_of(in1=operands[1]))
            exact = exact_product(operands, precision)
            ratio = rms(result - exact) / rms(expected - exact)
            lowest = 0.8 if precision.packer_l1_acc or attributes["shape"][1] < 512 else 0.6
            assert lowest < ratio < 1.05, (name, precision, ratio)


def test_16_bit_noise_grows_with_k():
    generator = torch.Generator().manual_seed(0)
    precision = SitePrecision(math_fidelity="HiFi4", packer_l1_acc=False)
    noise = []
    for k in (64, 256, 1024):
        operands = torch.randn(64, k, generator=generator), torch.randn(k, 64, generator=generator)
        exact = exact_product(operands, precision)
        result = matmul(*operands, precision, constants_of(in1=operands[1]))
        noise.append(rms(result - exact) / rms(exact))
    # Of the exact algorithm: 0.5, 0.9 and 2.5 %.
    assert 0.004 < noise[0] < 0.006 < noise[1] < 0.01 < 0.013 < noise[2] < 0.025, noise


def test_lofi_shrinks_products(golden):
    """Truncation is a bias: least-squares gain of LoFi over HiFi4, here and in the simulator."""
    runs = list(runs_of(*golden("matmul_64x128x96_bf16_bf16_f32")))
    fp32 = {p.math_fidelity: (p, o, e) for p, o, e in runs if p.fp32_dest_acc_en}
    results = {}
    for level in ("LoFi", "HiFi4"):
        precision, operands, expected = fp32[level]
        results[level] = matmul(*operands, precision, constants_of(in1=operands[1])), expected
    for lofi, hifi in zip(results["LoFi"], results["HiFi4"], strict=True):
        gain = (lofi * hifi).sum() / hifi.square().sum()
        assert 0.96 < gain < 0.985


def test_linear_with_bias_against_the_simulator(golden):
    arrays, _ = golden("linear_bf16_bfp8_bias_None_HiFi2")
    x, weight, bias, expected = (
        torch.from_numpy(arrays[name]) for name in ("in0", "weight", "bias", "out")
    )
    precision = SitePrecision(weights="bfloat8_b", math_fidelity="HiFi2")
    result = linear(x, weight.t(), bias.flatten(), precision, NOTHING)
    assert rms(result - expected) < 5e-3 * rms(expected)
    assert (result == expected).float().mean() > 0.6


def test_linear_is_matmul_with_the_transposed_weight():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 5, 48, generator=generator)
    weight, bias = torch.randn(40, 48, generator=generator), torch.randn(40, generator=generator)
    for dst in (True, False):
        precision = SitePrecision(weights="bfloat4_b", fp32_dest_acc_en=dst)
        basis = weight.t().contiguous()
        expected = matmul(x, basis, precision, constants_of(basis=basis), bias)
        assert torch.equal(linear(x, weight, bias, precision, NOTHING), expected)


def test_position_decides_the_bits_and_constancy_the_format():
    # 65 has 7 significant bits: whole in SrcB (in0), cut to 64 in SrcA (in1).
    x, one = torch.tensor([[65.0]]), torch.tensor([[1.0]])
    precision = SitePrecision(math_fidelity="LoFi", output="float32", fp32_dest_acc_en=True)
    assert matmul(x, one, precision, NOTHING).item() == 65
    assert matmul(one, x, precision, NOTHING).item() == 64
    # bfloat4_b keeps 3 bits: only of the operand that is a constant.
    precision = SitePrecision(weights="bfloat4_b", output="float32", fp32_dest_acc_en=True)
    nine = torch.tensor([[9.0]])
    assert matmul(nine, one, precision, constants_of(w=one)).item() == 9
    assert matmul(nine, one, precision, constants_of(w=nine)).item() == 8


def test_bias_is_added_to_a_cut_partial_sum_unless_the_output_is_float32():
    fine = 1 + 2**-11  # needs 12 significant bits
    x, weight = torch.tensor([[1.0, 2**-11]]), torch.ones(1, 2)
    bias = torch.tensor([1 / 256])  # makes a tie in bfloat16 that the cut decides
    precision = SitePrecision(math_fidelity="HiFi4", fp32_dest_acc_en=True)
    assert linear(x, weight, bias, precision, NOTHING).item() == 1 + 1 / 128
    wide = dataclasses.replace(precision, output="float32", weights="float32")
    assert linear(x, weight, bias, wide, NOTHING).item() == fine + 1 / 256


@pytest.mark.parametrize("dst", [True, False])
def test_vectors_and_batches_have_the_shapes_of_torch(dst):
    generator = torch.Generator().manual_seed(0)
    precision = SitePrecision(math_fidelity="HiFi4", fp32_dest_acc_en=dst)
    shapes = [
        ((7,), (7,)),
        ((7,), (7, 3)),
        ((2, 7), (7,)),
        ((4, 1, 5, 7), (3, 7, 2)),
        ((3, 7), (2, 7, 4)),
    ]
    for first, second in shapes:
        a, b = torch.randn(first, generator=generator), torch.randn(second, generator=generator)
        result = matmul(a, b, precision, NOTHING)
        torch.testing.assert_close(result, torch.matmul(a, b), atol=0.1, rtol=0.05)


def test_block_width():
    assert block_width(192, SitePrecision()) == 64
    assert block_width(96, SitePrecision()) == 32
    assert block_width(256, SitePrecision(in0_block_w=8)) == 256
    with pytest.raises(ValueError, match="in0_block_w 4 does not divide the 6 tiles of K = 192"):
        block_width(192, SitePrecision(in0_block_w=4))


@pytest.mark.parametrize("dst", [True, False])
@pytest.mark.parametrize("level", ["LoFi", "HiFi3"])
def test_gradients_are_those_of_the_stored_operands(dst, level):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 64, generator=generator, requires_grad=True)
    weight = torch.randn(32, 64, generator=generator, requires_grad=True)
    bias = torch.randn(32, generator=generator, requires_grad=True)
    precision = SitePrecision(weights="bfloat8_b", math_fidelity=level, fp32_dest_acc_en=dst)
    y = linear(x, weight, bias, precision, NOTHING)
    with torch.no_grad():
        assert torch.equal(y, linear(x, weight, bias, precision, NOTHING))
    y.sum().backward()
    reference = torch.ones(6, 32)
    torch.testing.assert_close(x.grad, reference @ weight.detach(), atol=0.5, rtol=0.1)
    torch.testing.assert_close(weight.grad, reference.t() @ x.detach(), atol=0.5, rtol=0.1)
    assert torch.equal(bias.grad, torch.full((32,), 6.0))
