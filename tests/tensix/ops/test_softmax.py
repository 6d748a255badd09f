import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2 import tensix
from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.ops.softmax import softmax, softmax_rows
from tests.tensix import reference, reference_norms
from tests.tensix.conftest import read_golden
from tests.tensix.strategies import arrays

FILE = "softmax_cases"
CASES = read_golden(FILE)[1]["cases"]


def patterns(x):
    return np.ascontiguousarray(x, np.float32).view(np.uint32)


@pytest.fixture(scope="module")
def cases():
    return read_golden(FILE)[0]


@pytest.mark.parametrize("index", range(len(CASES)))
def test_against_the_simulator(cases, index):
    case = CASES[index]
    config = case["config"] and tensix.ComputeKernelConfig(**case["config"])
    x = tensix.Tensor(torch.from_numpy(cases[f"x_{index}"]), case["dtype"])
    result = softmax(x, numeric_stable=case["numeric_stable"], compute_kernel_config=config)
    assert result.dtype == case["dtype"]
    np.testing.assert_array_equal(patterns(result.values), patterns(cases[f"out_{index}"]))


@pytest.mark.parametrize("name", ["softmax_bf16_default", "softmax_bf16_HiFi4_fp320_stable"])
def test_file(golden, name):
    file, attributes = golden(name)
    names = ("math_fidelity", "math_approx_mode", "fp32_dest_acc_en")
    given_config = {n: attributes[n] for n in names if n in attributes}
    config = tensix.ComputeKernelConfig(**given_config) if given_config else None
    x = tensix.Tensor(torch.from_numpy(file["in0"]), "bfloat16")
    result = softmax(x, -1, compute_kernel_config=config)
    np.testing.assert_array_equal(patterns(result.values), patterns(file["out"]))


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_against_the_reference(data):
    wide, stable = data.draw(st.booleans()), data.draw(st.booleans())
    fidelity = data.draw(st.sampled_from(tuple(reference.PHASES)))
    size = data.draw(st.sampled_from((1, 5, 16, 33, 40)))
    x = data.draw(arrays((1, size), narrow=True))
    x = np.where(np.isfinite(x) & (np.abs(x) < 60), x, np.float32(-3))
    config = tensix.ComputeKernelConfig(fidelity, wide, wide)
    result = softmax_rows(torch.from_numpy(x), config, stable=stable, exponentials="bfloat16")
    row = reference.bits_of(x)
    expected = reference_norms.softmax(row, stable=stable, fidelity=fidelity, wide=wide)
    assert patterns(result)[0].tolist() == expected


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("stable", [True, False])
def test_is_near_torch_in_both_tiers(arch, stable):
    x = tensix.from_torch(torch.randn(3, 50, generator=torch.Generator().manual_seed(0)), "float32")
    narrow = tensix.typecast(x, "bfloat16")
    for tier in tensix.TIERS:
        with tensix.use(tier=tier, arch=arch):
            exact = softmax(x, numeric_stable=stable).values
            assert (exact - torch.softmax(x.values, -1)).abs().max() < 1e-3
            rough = softmax(narrow, numeric_stable=stable).values
            assert (rough - torch.softmax(narrow.values, -1)).abs().max() < 1e-2


def test_fast_tier_takes_any_axis_and_keeps_gradients(fast):
    x = torch.randn(4, 8, requires_grad=True)
    result = softmax(tensix.Tensor(x, "bfloat16"), 0).values
    assert (result.sum(0) - 1).abs().max() < 0.02
    result[0].sum().backward()
    assert x.grad.abs().sum() > 0


def test_errors_name_the_argument():
    x = tensix.from_torch(torch.zeros(2, 32), "bfloat16")
    with pytest.raises(ValueError, match="dim is 2; legal are -2 to 1"):
        softmax(x, 2)
    with pytest.raises(ValueError, match="x is bfloat4_b; legal are"):
        softmax(tensix.from_torch(torch.zeros(2, 32), "bfloat4_b"))
    with pytest.raises(NotImplementedError, match=r"shape \(2, 32\) along axis 0"):
        softmax(x, 0)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("tier", tensix.TIERS)
def test_masked_scores_have_the_bits_of_those_without_padding(tier, wide):
    generator = torch.Generator().manual_seed(0)
    scores = tensix.from_torch(4 * torch.randn(2, 2, 32, 64, generator=generator), "bfloat16")
    hidden = (torch.arange(64) >= 41).float().view(1, 1, 1, 64).expand(2, -1, -1, -1)
    mask = tensix.from_torch(-1e4 * hidden, "bfloat16")
    config = tensix.ComputeKernelConfig("HiFi4", False, wide, True)
    with tensix.use(tier):
        found = tensix.scale_mask_softmax(scores, mask=mask, compute_kernel_config=config)
        apart = softmax(tensix.add(scores, mask), compute_kernel_config=config)
    assert torch.equal(found.values, apart.values)
    assert not found.values[..., 41:].any()


def test_a_mask_is_of_keys_and_the_product_with_the_scale_exact():
    x = tensix.from_torch(torch.ones(1, 2, 32, 32), "bfloat16")
    mask = tensix.from_torch(torch.ones(1, 1, 1, 32), "bfloat16")
    exact, cut = (tensix.ComputeKernelConfig(name, False) for name in ("HiFi4", "LoFi"))
    with pytest.raises(ArgumentError, match="math_fidelity is LoFi"):
        tensix.scale_mask_softmax(x, mask=mask, compute_kernel_config=cut)
    with pytest.raises(ArgumentError, match=r"mask \(1, 2, 32, 32\); legal are"):
        tensix.scale_mask_softmax(x, mask=x, compute_kernel_config=exact)
