import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2 import tensix
from lightning_v2.tensix.ops import reduction
from tests.tensix import reference, reference_norms
from tests.tensix.conftest import read_golden
from tests.tensix.strategies import arrays

FILE = "reduction_cases"
CASES = read_golden(FILE)[1]["cases"]
EXTREME = {"max": torch.amax, "min": torch.amin}


def patterns(x):
    return np.ascontiguousarray(x, np.float32).view(np.uint32)


@pytest.fixture(scope="module")
def cases():
    return read_golden(FILE)[0]


@pytest.mark.parametrize("index", range(len(CASES)))
def test_against_the_simulator(cases, index):
    case, dim = CASES[index], CASES[index]["dim"]
    config = case["config"] and tensix.ComputeKernelConfig(**case["config"])
    x = tensix.Tensor(torch.from_numpy(cases[f"x_{index}"]), case["dtype"])
    result = getattr(reduction, case["op"])(
        x,
        tuple(dim) if isinstance(dim, list) else dim,
        keepdim=True,
        scalar=case["scalar"],
        compute_kernel_config=config,
    )
    np.testing.assert_array_equal(patterns(result.values), patterns(cases[f"out_{index}"]))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_sums_against_the_reference(data):
    wide, across = data.draw(st.booleans()), data.draw(st.booleans())
    fidelity = data.draw(st.sampled_from(tuple(reference.PHASES)))
    size = data.draw(st.sampled_from((1, 9, 32, 33, 70)))
    scalar = data.draw(st.sampled_from((1.0, 0.3, -2.5)))
    x = data.draw(arrays((size,)))
    values = torch.from_numpy(x[None] if across else x[:, None])
    config = tensix.ComputeKernelConfig(fidelity, False, wide)
    result = reduction.sum(
        tensix.Tensor(values, "float32"),
        1 if across else 0,
        scalar=scalar,
        fast_and_approximate_mode=True,
        compute_kernel_config=config,
    )
    rule = reference_norms.row_sum if across else reference_norms.column_sum
    assert patterns(result.values)[0] == rule(reference.bits_of(x), fidelity, wide, scalar)


@settings(max_examples=25, deadline=None)
@given(arrays((32,)), st.integers(1, 32), st.booleans())
def test_float32_sums_against_the_reference(x, size, down):
    x = np.where(np.isfinite(x) & (np.abs(x) < 1e30), x, np.float32(0.7))[:size]
    values = torch.from_numpy(x[:, None] if down else x[None])
    result = reduction.sum(tensix.Tensor(values, "float32"), 0 if down else 1)
    expected = reference_norms.sum_float32(reference.bits_of(x), down)
    assert patterns(result.values)[0] == expected


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("dim", [-1, 0, (0, 2), None])
def test_is_near_torch_in_both_tiers(name, dim, arch):
    x = tensix.from_torch(
        torch.rand(2, 34, 40, generator=torch.Generator().manual_seed(0)), "bfloat16"
    )
    axes = tuple(range(3)) if dim is None else dim
    rule = EXTREME.get(name) or getattr(torch, name)
    expected = rule(x.values, axes)
    for tier in tensix.TIERS:
        with tensix.use(tier=tier, arch=arch):
            result = getattr(reduction, name)(x, dim)
        assert result.shape == expected.shape
        torch.testing.assert_close(result.values, expected, rtol=0.02, atol=0)


def test_errors_name_the_argument():
    x = tensix.from_torch(torch.zeros(2, 32), "bfloat16")
    with pytest.raises(ValueError, match="dim is 2; legal are axes from -2 to 1"):
        reduction.sum(x, 2)
    with pytest.raises(ValueError, match="x is bfloat4_b; legal are"):
        reduction.max(tensix.from_torch(torch.zeros(2, 32), "bfloat4_b"))
    with pytest.raises(NotImplementedError, match="mean of all of a bfloat16 tensor"):
        reduction.mean(x)
    with pytest.raises(NotImplementedError, match="min of bfloat8_b along the last axis"):
        reduction.min(tensix.from_torch(torch.zeros(2, 32), "bfloat8_b"), -1)
