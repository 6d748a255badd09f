"""The fast tier of norms, softmax and attention beside the simulator's files and the exact tier."""

import pytest
import torch
import torch.nn.functional as F

from lightning_v2 import tensix
from lightning_v2.tensix import ComputeKernelConfig

pytestmark = pytest.mark.usefixtures("fast")
FIDELITIES = ("LoFi", "HiFi2", "HiFi3", "HiFi4")


def deviation(result, expected):
    return ((result - expected).square().mean() / expected.square().mean()).sqrt().item()


def stored(arrays, *names):
    return [tensix.from_torch(arrays[name], "bfloat16") for name in names]


@pytest.mark.parametrize(("dst", "bound", "share"), [(1, 2e-3, 0.82), (0, 4e-3, 0.7)])
def test_layer_norm_against_the_simulator(golden, dst, bound, share):
    arrays, attributes = golden(f"layer_norm_bf16_HiFi4_fp32{dst}")
    x, weight, bias = stored(arrays, "in0", "weight", "bias")
    result = tensix.layer_norm(
        x,
        epsilon=attributes["epsilon"],
        weight=weight,
        bias=bias,
        compute_kernel_config=ComputeKernelConfig("HiFi4", False, bool(dst)),
    ).values
    expected = torch.from_numpy(arrays["out"])
    assert deviation(result, expected) < bound
    assert (result == expected).float().mean() > share


def test_epsilon_is_cut_to_bfloat16():
    x = torch.tensor([[1e-4, -1e-4] * 16])
    cut = (torch.tensor(1e-5).view(torch.int32) & -65536).view(torch.float32).item()
    assert cut < 1e-5
    result = tensix.layer_norm(tensix.from_torch(x, "float32"), epsilon=1e-5)
    assert torch.equal(result.values, F.layer_norm(x, (32,), eps=cut))


@pytest.mark.parametrize(
    ("name", "config", "bound", "share"),
    [
        ("softmax_bf16_default", None, 1e-3, 0.95),
        ("softmax_bf16_HiFi4_fp320_stable", ComputeKernelConfig("HiFi4", False), 5e-3, 0.45),
    ],
)
def test_softmax_against_the_simulator(golden, name, config, bound, share):
    arrays, _ = golden(name)
    (x,) = stored(arrays, "in0")
    result = tensix.softmax(x, compute_kernel_config=config).values
    expected = torch.from_numpy(arrays["out"])
    assert deviation(result, expected) < bound
    assert (result == expected).float().mean() > share


def test_approximate_softmax_is_percents_off():
    x = torch.randn(64, 32, generator=torch.Generator().manual_seed(0))
    exact = torch.softmax(x, -1)
    accurate, approximate = (
        tensix.softmax(
            tensix.from_torch(x, "bfloat16"),
            compute_kernel_config=ComputeKernelConfig("HiFi4", mode, True),
        ).values
        for mode in (False, True)
    )
    assert deviation(accurate, exact) < 5e-3 < 1.5e-2 < deviation(approximate, exact)


# Rms of fast minus exact over exact; LoFi alone is 3 % from float32. Attention is exact about the
# approximate exponential, which costs 3 %.
BOUNDS = {True: 6e-3, False: 1.2e-2}


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("name", ["layer_norm", "rms_norm", "softmax", "attention"])
def test_every_fidelity_is_close_to_the_exact_tier(name, fidelity, wide):
    generator = torch.Generator().manual_seed(0)
    x, y, z = (torch.randn(1, 2, 64, 192, generator=generator) for _ in range(3))
    weight, bias = torch.linspace(0.5, 2, 192), torch.linspace(-1, 1, 192)
    config = ComputeKernelConfig(fidelity, False, wide)
    vectors = {
        "weight": tensix.from_torch(weight, "bfloat16"),
        "bias": tensix.from_torch(bias, "bfloat16"),
    }
    runs = {
        "layer_norm": lambda: tensix.layer_norm(
            tensix.from_torch(x, "bfloat16"), epsilon=1e-5, compute_kernel_config=config, **vectors
        ),
        "rms_norm": lambda: tensix.rms_norm(
            tensix.from_torch(x, "bfloat16"), epsilon=1e-5, compute_kernel_config=config, **vectors
        ),
        "softmax": lambda: tensix.softmax(
            tensix.from_torch(x, "bfloat16"), compute_kernel_config=config
        ),
        "attention": lambda: tensix.scaled_dot_product_attention(
            *(tensix.from_torch(v, "bfloat16") for v in (x, y, z)),
            is_causal=False,
            compute_kernel_config=config,
        ),
    }
    results = {}
    for tier in tensix.TIERS:
        with tensix.use(tier=tier):
            results[tier] = runs[name]().values
    bound = 0.06 if name == "attention" else BOUNDS[wide]
    assert deviation(results["fast"], results["exact"]) < bound
