import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lightning_v2 import tensix as ops
from lightning_v2.tensix.numbers import tensor
from lightning_v2.tensix.numbers.configuration import use
from lightning_v2.tensix.numbers.formats import FORMATS, pack_device
from lightning_v2.tensix.numbers.tensor import from_torch
from lightning_v2.tensix.ops import sfpu

PLAIN = sorted(set(sfpu.EXACT) - {"gelu_tanh", "leaky_relu", "clamp", "pow"})


@pytest.fixture
def x():
    return torch.linspace(-3, 3, 64).reshape(2, 32)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("name", PLAIN)
def test_results_have_the_format_of_the_operand_in_both_tiers(x, name, dtype):
    operand = from_torch(x.abs() + 0.125 if name in ("log", "sqrt", "rsqrt") else x, dtype)
    for tier in ("exact", "fast"):
        with use(tier=tier):
            result = getattr(ops, name)(operand)
        assert result.dtype == dtype and result.shape == x.shape
        stored = pack_device(result.values, dtype)
        assert torch.equal(stored, result.values) or result.values.isnan().any()


@pytest.mark.parametrize("name", ["exp", "gelu", "silu", "sin", "tanh", "sigmoid", "log1p"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_tiers_are_one_unit_apart(x, name, dtype):
    operand = from_torch(x.clamp(min=-0.9) if name == "log1p" else x, dtype)
    exact = getattr(ops, name)(operand).values
    with use(tier="fast"):
        fast = getattr(ops, name)(operand).values
    rtol = 1e-6 if dtype == "float32" else 2**-7
    assert torch.allclose(exact, fast, rtol=rtol, atol=1e-6)


def test_block_floats_are_computed_in_a_16_bit_register(x):
    operand = from_torch(x, "bfloat8_b")
    expected = pack_device(sfpu.apply("exp", operand.values, wide=False), "bfloat8_b")
    assert torch.equal(ops.exp(operand).values, expected)


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "gelu", "reciprocal"])
def test_fast_mode_is_the_approximate_kernel(x, name):
    operand = from_torch(x, "bfloat16")
    result = getattr(ops, name)(operand, fast_and_approximate_mode=True)
    kernel = sfpu.apply(name, operand.values, wide=False, approximate=True)
    assert torch.equal(result.values, pack_device(kernel, "bfloat16"))
    assert not torch.equal(result.values, getattr(ops, name)(operand).values)


@pytest.mark.parametrize("name", ["sqrt", "rsqrt"])
def test_fast_mode_leaves_out_the_care_for_negative_numbers(name):
    operand = from_torch(torch.tensor([-4.0, 4.0]), "float32")
    guarded = getattr(ops, name)(operand).values
    bare = getattr(ops, name)(operand, fast_and_approximate_mode=True).values
    assert guarded[0].isnan() and not bare[0].isnan() and guarded[1] == bare[1]


@pytest.mark.parametrize("name", ["exp", "gelu", "sigmoid", "tanh"])
def test_approximate_kernels_in_both_tiers(x, name):
    operand = from_torch(x, "bfloat16")
    exact = getattr(ops, name)(operand, fast_and_approximate_mode=True).values
    with use(tier="fast"):
        fast = getattr(ops, name)(operand, fast_and_approximate_mode=True).values
    assert (exact == fast).float().mean() > 0.9
    assert torch.allclose(exact, fast, rtol=2**-6, atol=1e-3)


def test_variants_and_modes(x):
    operand = from_torch(x, "float32")
    tanh_form = ops.gelu(operand, variant="Tanh").values
    assert torch.allclose(tanh_form, F.gelu(operand.values, approximate="tanh"), atol=1e-6)
    assert not torch.equal(tanh_form, ops.gelu(operand).values)
    lines = ops.gelu(operand, variant="FastLut").values
    assert torch.equal(lines, ops.gelu(operand, fast_and_approximate_mode=True).values)
    steps = ops.sigmoid(operand, mode="FastApproximate").values
    assert torch.equal(steps, ops.sigmoid(operand, fast_and_approximate_mode=True).values)


def test_parameters():
    x = from_torch(torch.tensor([-2.0, 0.5, 3.0]), "float32")
    for tier in ("exact", "fast"):
        with use(tier=tier):
            assert ops.clamp(x, -1, 1).values.tolist() == [-1, 0.5, 1]
            assert ops.clip(x, min=0).values.tolist() == [0, 0.5, 3]
            assert ops.clamp(x, max=0.25).values.tolist() == [-2, 0.25, 0.25]
            assert ops.hardtanh(x, max_val=2.0).values.tolist() == [-1, 0.5, 2]
            assert ops.leaky_relu(x, 0.25).values.tolist() == [-0.5, 0.5, 3]
            assert ops.softplus(x, threshold=2.0).values[2] == 3
            assert ops.pow(x, 0).values.tolist() == [1, 1, 1]
            assert ops.pow(x, 1).values.tolist() == [-2, 0.5, 3]
            assert ops.pow(x, 2).values.tolist() == [4, 0.25, 9]
            assert ops.pow(x, 3).values.tolist() == [-8, 0.125, 27]
            elu = ops.elu(x, alpha=2.0).values
            assert math.isclose(elu[0], 2 * math.expm1(-2), rel_tol=1e-6)


def test_powers_are_truncated_in_a_16_bit_register():
    x = from_torch(torch.tensor([1 + 2**-7]), "bfloat16")
    for tier in ("exact", "fast"):
        with use(tier=tier):
            assert ops.pow(x, 3).values.item() == 1 + 3 * 2**-7
            assert ops.square(x).values.item() == 1 + 2 * 2**-7


def test_a_clamp_without_a_limit_cuts_off_infinities():
    x = from_torch(torch.tensor([torch.inf, -torch.inf]), "float32")
    largest = torch.finfo(torch.float32).max
    for tier in ("exact", "fast"):
        with use(tier=tier):
            assert ops.clamp(x, min=0.0).values.tolist() == [largest, 0]
            assert ops.clamp(x, max=0.0).values.tolist() == [0, -largest]


def test_limits_of_a_clamp_are_truncated_in_a_16_bit_register():
    x = from_torch(torch.tensor([-2.0, 3.0]), "bfloat16")
    third = np.float32(1 / 3).view(np.uint32) & 0xFFFF0000
    for tier in ("exact", "fast"):
        with use(tier=tier):
            high = ops.clamp(x, -1 / 3, 1 / 3).values
        assert high[1].item() == np.uint32(third).view(np.float32)


@pytest.mark.parametrize("name", ["exp", "gelu", "silu", "sin"])
def test_the_fast_tier_keeps_gradients(name):
    x = torch.tensor([0.5, -1.25], requires_grad=True)
    operand = tensor.Tensor(x * 1, "bfloat16")
    with use(tier="fast"):
        getattr(ops, name)(operand).values.sum().backward()
    smooth = x.detach().clone().requires_grad_()
    (getattr(torch, name, None) or getattr(F, name))(smooth).sum().backward()
    assert torch.equal(x.grad, smooth.grad)
    assert not getattr(ops, name)(operand).values.requires_grad


def test_errors(x):
    operand = from_torch(x, "float32")
    with pytest.raises(TypeError, match=r"x is a Tensor; legal is a tensix.Tensor"):
        ops.exp(x)
    with pytest.raises(ValueError, match="variant is 'Fast'; legal are 'Accurate'"):
        ops.gelu(operand, variant="Fast")
    with pytest.raises(ValueError, match="mode is 'Fast'; legal are 'Accurate'"):
        ops.sigmoid(operand, mode="Fast")
    with pytest.raises(ValueError, match="min and max are None"):
        ops.clamp(operand)
    with pytest.raises(ValueError, match="beta is 0"):
        ops.softplus(operand, beta=0)
    with pytest.raises(NotImplementedError, match="AccurateWithFastExp"):
        ops.sigmoid(operand, mode="AccurateWithFastExp")
    with pytest.raises(NotImplementedError, match="pow with exponent 4 has no exact tier"):
        ops.pow(operand, 4)
    with pytest.raises(NotImplementedError, match="erf with fast_and_approximate_mode"):
        ops.erf(operand, fast_and_approximate_mode=True)


@pytest.mark.parametrize("dtype", FORMATS)
def test_hardswish_is_a_gate_and_a_product(x, dtype):
    operand = from_torch(x, dtype)
    result = ops.hardswish(operand)
    assert result.dtype == dtype
    tolerance = {"float32": 1e-6, "bfloat16": 0.02}.get(dtype, 0.5)
    torch.testing.assert_close(
        result.values, F.hardswish(operand.values), rtol=tolerance, atol=tolerance
    )


def test_celu_needs_an_alpha(x):
    with pytest.raises(ValueError, match="alpha is 0"):
        ops.celu(from_torch(x, "bfloat16"), alpha=0)
