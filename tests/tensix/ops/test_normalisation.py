import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2 import tensix
from lightning_v2.tensix.ops.normalisation import layer_norm, normalise, rms_norm
from tests.tensix import reference, reference_norms
from tests.tensix.conftest import read_golden
from tests.tensix.strategies import arrays

OPERATIONS = {"layer_norm": layer_norm, "rms_norm": rms_norm}
FILE = "norm_cases"
CASES = read_golden(FILE)[1]["cases"]


def patterns(x):
    return np.ascontiguousarray(x, np.float32).view(np.uint32)


def stored(x, dtype):
    return tensix.Tensor(torch.from_numpy(np.ascontiguousarray(x)), dtype)


@pytest.fixture(scope="module")
def cases():
    return read_golden(FILE)[0]


@pytest.mark.parametrize("index", range(len(CASES)))
def test_against_the_simulator(cases, index):
    case = CASES[index]
    vectors = "float32" if case["dtype"] == "float32" else "bfloat16"
    options = {
        name: stored(cases[f"{name}_{index}"], vectors)
        for name in ("weight", "bias")
        if f"{name}_{index}" in cases
    }
    config = case["config"] and tensix.ComputeKernelConfig(**case["config"])
    x = stored(cases[f"x_{index}"], case["dtype"])
    result = OPERATIONS[case["op"]](
        x, epsilon=case["epsilon"], compute_kernel_config=config, **options
    )
    assert result.dtype == case["dtype"]
    np.testing.assert_array_equal(patterns(result.values), patterns(cases[f"out_{index}"]))


@pytest.mark.parametrize("dst", [0, 1])
def test_layer_norm_file(golden, dst):
    file, attributes = golden(f"layer_norm_bf16_HiFi4_fp32{dst}")
    names = ("math_fidelity", "math_approx_mode", "fp32_dest_acc_en")
    config = tensix.ComputeKernelConfig(**{name: attributes[name] for name in names})
    x, weight, bias = (stored(file[name], "bfloat16") for name in ("in0", "weight", "bias"))
    result = layer_norm(
        x,
        epsilon=attributes["epsilon"],
        weight=weight,
        bias=bias,
        compute_kernel_config=config,
    )
    np.testing.assert_array_equal(patterns(result.values), patterns(file["out"]))


@st.composite
def finite(draw, shape, narrow):
    x = draw(arrays(shape, narrow))
    return np.where(np.isfinite(x), x, np.float32(1.5))


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_against_the_reference(data):
    wide, centred, approximate = (data.draw(st.booleans()) for _ in range(3))
    fidelity = data.draw(st.sampled_from(tuple(reference.PHASES)))
    size = data.draw(st.sampled_from((1, 7, 16, 33, 40)))
    x = data.draw(finite((1, size), data.draw(st.booleans())))
    if data.draw(st.booleans()):
        x[:] = x[0, 0]  # constant rows
    weight, bias = (data.draw(st.none() | finite((size,), True)) for _ in range(2))
    epsilon = data.draw(st.sampled_from((1e-12, 1e-5, 0.0)))
    config = tensix.ComputeKernelConfig(fidelity, approximate, wide)
    result = normalise(
        torch.from_numpy(x),
        None if weight is None else torch.from_numpy(weight),
        None if bias is None else torch.from_numpy(bias),
        epsilon,
        config,
        centred=centred,
    )
    expected = reference_norms.normalised(
        reference.bits_of(x),
        None if weight is None else reference.bits_of(weight),
        None if bias is None else reference.bits_of(bias),
        epsilon,
        centred=centred,
        fidelity=fidelity,
        wide=wide,
        approximate=approximate,
    )
    assert patterns(result)[0, :size].tolist() == expected


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "bfloat8_b"])
def test_is_near_torch_in_both_tiers(dtype, arch):
    generator = torch.Generator().manual_seed(0)
    x = tensix.from_torch(torch.randn(3, 5, 50, generator=generator), dtype)
    weight, bias = (
        tensix.from_torch(torch.randn(n, 50, generator=generator), "float32") for n in (1, 1)
    )
    expected = F.layer_norm(x.values, (50,), weight.values[0], bias.values[0])
    for tier in tensix.TIERS:
        with tensix.use(tier=tier, arch=arch):
            result = layer_norm(x, epsilon=1e-5, weight=weight, bias=bias)
            assert (result.values - expected).abs().max() < (0.03 if dtype == "float32" else 0.1)
            other = rms_norm(x, weight=weight, bias=bias)
            root = F.rms_norm(x.values, (50,), weight.values[0]) + bias.values[0]
            assert (other.values - root).abs().max() < 0.2


def test_fast_tier_keeps_gradients(fast):
    x = torch.randn(2, 32, requires_grad=True)
    result = layer_norm(tensix.Tensor(x, "bfloat16"))
    result.values[:, 0].sum().backward()
    assert x.grad.abs().sum() > 0


def test_errors_name_the_argument():
    x = tensix.from_torch(torch.zeros(2, 32), "bfloat16")
    with pytest.raises(TypeError, match=r"x is a Tensor; legal is a tensix.Tensor"):
        layer_norm(x.values)
    with pytest.raises(ValueError, match="x is bfloat4_b; legal are float32"):
        layer_norm(tensix.from_torch(torch.zeros(2, 32), "bfloat4_b"))
    with pytest.raises(ValueError, match=r"weight has shape \(2, 32\); legal is a last axis of 32"):
        layer_norm(x, weight=x)
    with pytest.raises(ValueError, match="bias is bfloat8_b; legal are float32, bfloat16"):
        rms_norm(x, bias=tensix.from_torch(torch.zeros(1, 32), "bfloat8_b"))
    with pytest.raises(NotImplementedError, match="rows of 3073 values"):
        layer_norm(tensix.from_torch(torch.zeros(1, 3073), "bfloat16"))
