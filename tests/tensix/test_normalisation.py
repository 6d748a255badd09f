import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.normalisation import layer_norm, rms_norm, softmax
from lightning_v2.tensix.sites import SitePrecision

NOTHING = Constants(nn.Module())


def deviation(result, expected):
    return ((result - expected).square().mean() / expected.square().mean()).sqrt().item()


@pytest.mark.parametrize(("dst", "bound", "share"), [(1, 2e-3, 0.82), (0, 4e-3, 0.7)])
def test_layer_norm_against_the_simulator(golden, dst, bound, share):
    arrays, attributes = golden(f"layer_norm_bf16_HiFi4_fp32{dst}")
    x, weight, bias, expected = (
        torch.from_numpy(arrays[name]) for name in ("in0", "weight", "bias", "out")
    )
    precision = SitePrecision(math_fidelity="HiFi4", fp32_dest_acc_en=bool(dst))
    result = layer_norm(
        x, (64,), weight.flatten(), bias.flatten(), attributes["epsilon"], precision, NOTHING
    )
    assert deviation(result, expected) < bound
    assert (result == expected).float().mean() > share


def test_epsilon_is_cut_to_bfloat16():
    x = torch.tensor([[1e-4, -1e-4] * 16])
    wide = SitePrecision(activations="float32", output="float32", fp32_dest_acc_en=True)
    cut = (torch.tensor(1e-5).view(torch.int32) & -65536).view(torch.float32).item()
    assert cut < 1e-5
    result = layer_norm(x, (32,), None, None, 1e-5, wide, NOTHING)
    assert torch.equal(result, F.layer_norm(x, (32,), eps=cut))


@pytest.mark.parametrize(
    ("name", "precision", "bound", "share"),
    [
        (
            "softmax_bf16_default",
            SitePrecision(fp32_dest_acc_en=True, math_approx_mode=True),
            1e-3,
            0.95,
        ),
        ("softmax_bf16_HiFi4_fp320_stable", SitePrecision(), 5e-3, 0.45),
    ],
)
def test_softmax_against_the_simulator(golden, name, precision, bound, share):
    arrays, _ = golden(name)
    result = softmax(torch.from_numpy(arrays["in0"]), -1, precision)
    expected = torch.from_numpy(arrays["out"])
    assert deviation(result, expected) < bound
    assert (result == expected).float().mean() > share


def test_approximate_softmax_is_percents_off():
    x = torch.randn(64, 32, generator=torch.Generator().manual_seed(0))
    exact = torch.softmax(x, -1)
    accurate = softmax(x, -1, SitePrecision(fp32_dest_acc_en=True))
    approximate = softmax(x, -1, SitePrecision(fp32_dest_acc_en=True, math_approx_mode=True))
    assert deviation(accurate, exact) < 5e-3 < 1.5e-2 < deviation(approximate, exact)


def test_float32_softmax_is_torchs():
    x = torch.randn(8, 32, generator=torch.Generator().manual_seed(0))
    wide = SitePrecision(activations="float32", output="float32", fp32_dest_acc_en=True)
    assert torch.equal(softmax(x, 0, wide), torch.softmax(x, 0))


@pytest.mark.parametrize("dst", [True, False])
def test_rms_norm(dst):
    x = torch.randn(8, 64, generator=torch.Generator().manual_seed(0))
    weight = torch.linspace(0.5, 2, 64)
    result = rms_norm(x, (64,), weight, 1e-6, SitePrecision(fp32_dest_acc_en=dst), NOTHING)
    assert deviation(result, F.rms_norm(x, (64,), weight, 1e-6)) < 5e-3
