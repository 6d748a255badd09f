"""The matrix engine of the fast tier against files of the functional simulator and the exact tier.

`deviation` is the rms of a difference over the rms of the exact product of the masked operands.
"""

import pytest
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix import ComputeKernelConfig, MatmulProgramConfig
from lightning_v2.tensix.fast.matmul import with_row
from lightning_v2.tensix.fast.operands import part
from lightning_v2.tensix.intercept.rules import calls
from lightning_v2.tensix.numbers import fidelity, formats
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision
from tests.tensix.conftest import STORED

pytestmark = pytest.mark.usefixtures("fast")

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
    """Each run of a golden matmul file: configuration, operands, output format and values."""
    operands = [tensix.from_torch(arrays[k], STORED[attributes[k]]) for k in ("in0", "in1")]
    for run in attributes["runs"]:
        config = ComputeKernelConfig(
            run["math_fidelity"], False, run["fp32_dest_acc_en"], run["packer_l1_acc"]
        )
        stored = attributes["alias"].get(run["key"], run["key"])
        yield config, operands, STORED[attributes["out"]], torch.from_numpy(arrays[f"out_{stored}"])


def product(operands, config, output):
    return tensix.matmul(*operands, dtype=output, compute_kernel_config=config).values


def exact_product(operands, config):
    """The masked operands multiplied in float64: what the engine would give without rounding."""
    in0, in1 = operands
    wide = config.fp32_dest_acc_en
    pairs = fidelity.passes(config.math_fidelity, in0.dtype, in1.dtype)
    return sum(
        part(in0, "in0", a, wide).double() @ part(in1, "in1", b, wide).double() for a, b in pairs
    )


def test_32_bit_dst_is_close_to_the_simulator(golden, matmul_files):
    for name in matmul_files:
        for config, operands, output, expected in runs_of(*golden(name)):
            if not config.fp32_dest_acc_en:
                continue
            result = product(operands, config, output)
            exact = exact_product(operands, config)
            bound = 5e-4 + PACK_STEP[output]
            assert rms(result - expected) < bound * rms(exact), (name, config)
            if output != "float32":
                assert (result == expected).float().mean() > 0.84, (name, config)


def test_16_bit_dst_has_the_noise_of_the_simulator(golden, matmul_files):
    """Noise over the simulator's: at least 0.64 (one long Dst run), 0.8 with L1 accumulation."""
    for name in matmul_files:
        arrays, attributes = golden(name)
        for config, operands, output, expected in runs_of(arrays, attributes):
            if config.fp32_dest_acc_en or output == "float32":
                continue
            result = product(operands, config, output)
            exact = exact_product(operands, config)
            ratio = rms(result - exact) / rms(expected - exact)
            lowest = 0.8 if config.packer_l1_acc or attributes["shape"][1] < 512 else 0.6
            assert lowest < ratio < 1.1, (name, config, ratio)


def test_16_bit_noise_grows_with_k():
    generator = torch.Generator().manual_seed(0)
    config = ComputeKernelConfig("HiFi4")
    noise = []
    for k in (64, 256, 1024):
        operands = [
            tensix.from_torch(torch.randn(shape, generator=generator), "bfloat16")
            for shape in ((64, k), (k, 64))
        ]
        exact = exact_product(operands, config)
        noise.append(rms(product(operands, config, "bfloat16") - exact) / rms(exact))
    # Of the exact algorithm: 0.5, 0.9 and 2.5 %.
    assert 0.004 < noise[0] < 0.006 < noise[1] < 0.01 < 0.013 < noise[2] < 0.025, noise


def test_lofi_shrinks_products(golden):
    """Truncation is a bias: least-squares gain of LoFi over HiFi4, here and in the simulator."""
    runs = list(runs_of(*golden("matmul_64x128x96_bf16_bf16_f32")))
    wide = {c.math_fidelity: (c, o, t, e) for c, o, t, e in runs if c.fp32_dest_acc_en}
    results = {}
    for level in ("LoFi", "HiFi4"):
        config, operands, output, expected = wide[level]
        results[level] = product(operands, config, output), expected
    for lofi, hifi in zip(results["LoFi"], results["HiFi4"], strict=True):
        gain = (lofi * hifi).sum() / hifi.square().sum()
        assert 0.96 < gain < 0.985


@pytest.mark.parametrize("activation", [None, "gelu", "silu", "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("wide", [True, False])
def test_bias_and_activation_are_close_to_the_exact_tier(activation, wide):
    generator = torch.Generator().manual_seed(0)
    x, weight, bias = (
        tensix.from_torch(torch.randn(shape, generator=generator), dtype)
        for shape, dtype in (((40, 64), "bfloat16"), ((64, 48), "bfloat8_b"), (48, "bfloat16"))
    )
    config = ComputeKernelConfig("HiFi2", fp32_dest_acc_en=wide, packer_l1_acc=True)
    results = {}
    for tier in tensix.TIERS:
        with tensix.use(tier=tier):
            results[tier] = tensix.linear(
                x, weight, bias=bias, activation=activation, compute_kernel_config=config
            ).values
    assert rms(results["fast"] - results["exact"]) < (3e-3 if wide else 8e-3) * rms(
        results["exact"]
    )


def test_linear_is_matmul_with_the_transposed_weight():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 5, 48, generator=generator)
    weight, bias = torch.randn(40, 48, generator=generator), torch.randn(40, generator=generator)
    for dst in (True, False):
        precision = SitePrecision(weights="bfloat4_b", fp32_dest_acc_en=dst)
        basis = weight.t().contiguous()
        expected = calls.matmul(precision, constants_of(basis=basis), x, basis, bias)
        assert torch.equal(calls.linear(precision, NOTHING, x, weight, bias), expected)


def test_position_decides_the_bits_and_constancy_the_format():
    # 65 has 7 significant bits: whole in SrcB (in0), cut to 64 in SrcA (in1).
    x, one = torch.tensor([[65.0]]), torch.tensor([[1.0]])
    precision = SitePrecision(math_fidelity="LoFi", output="float32", fp32_dest_acc_en=True)
    assert calls.matmul(precision, NOTHING, x, one).item() == 65
    assert calls.matmul(precision, NOTHING, one, x).item() == 64
    # bfloat4_b keeps 3 bits: only of the operand that is a constant.
    precision = SitePrecision(weights="bfloat4_b", output="float32", fp32_dest_acc_en=True)
    nine = torch.tensor([[9.0]])
    assert calls.matmul(precision, constants_of(w=one), nine, one).item() == 9
    assert calls.matmul(precision, constants_of(w=nine), nine, one).item() == 8


def test_bias_is_added_to_a_cut_partial_sum_unless_the_output_is_float32():
    fine = 1 + 2**-11  # needs 12 significant bits
    x, weight = torch.tensor([[1.0, 2**-11]]), torch.ones(1, 2)
    bias = torch.tensor([1 / 256])  # makes a tie in bfloat16 that the cut decides
    precision = SitePrecision(math_fidelity="HiFi4", fp32_dest_acc_en=True)
    assert calls.linear(precision, NOTHING, x, weight, bias).item() == 1 + 1 / 128
    wide = SitePrecision(
        weights="float32", output="float32", math_fidelity="HiFi4", fp32_dest_acc_en=True
    )
    assert calls.linear(wide, NOTHING, x, weight, bias).item() == fine + 1 / 256


@pytest.mark.parametrize("dst", [True, False])
@pytest.mark.parametrize("level", ["LoFi", "HiFi3"])
def test_gradients_are_those_of_the_stored_operands(dst, level):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 64, generator=generator, requires_grad=True)
    weight = torch.randn(32, 64, generator=generator, requires_grad=True)
    bias = torch.randn(32, generator=generator, requires_grad=True)
    precision = SitePrecision(weights="bfloat8_b", math_fidelity=level, fp32_dest_acc_en=dst)
    y = calls.linear(precision, NOTHING, x, weight, bias)
    with torch.no_grad():
        assert torch.equal(y, calls.linear(precision, NOTHING, x, weight, bias))
    y.sum().backward()
    reference = torch.ones(6, 32)
    torch.testing.assert_close(x.grad, reference @ weight.detach(), atol=0.5, rtol=0.1)
    torch.testing.assert_close(weight.grad, reference.t() @ x.detach(), atol=0.5, rtol=0.1)
    assert torch.equal(bias.grad, torch.full((32,), 6.0))


def test_blocks_follow_the_program():
    generator = torch.Generator().manual_seed(0)
    operands = [
        tensix.from_torch(torch.randn(shape, generator=generator), "bfloat16")
        for shape in ((8, 128), (128, 8))
    ]
    config = ComputeKernelConfig("HiFi4")
    results = [
        tensix.matmul(
            *operands, compute_kernel_config=config, program_config=MatmulProgramConfig(width)
        ).values
        for width in (1, 2, 4)
    ]
    # Without accumulation in memory the sum goes through Dst unchanged, whatever the blocks are.
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@pytest.mark.parametrize("output", ["float32", "bfloat16", "bfloat8_b"])
def test_a_fused_row_has_the_bits_of_its_steps(output):
    dst, row = torch.randn(40, 48), torch.randn(48)
    dst[0, :3] = torch.tensor([torch.inf, torch.nan, -0.0])
    steps = formats.pack_device(formats.truncate(dst, 0xFFFFE000) + row, output)
    for given in (dst.T.contiguous().T, dst.clone()):
        found = with_row(given, row, output)
        assert torch.equal(found.view(torch.int32), steps.view(torch.int32))
