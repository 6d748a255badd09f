import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2.tensix import formats
from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.convolution import convolution
from lightning_v2.tensix.matmul import matmul
from lightning_v2.tensix.sites import SitePrecision

NOTHING = Constants(nn.Module())


def test_conv1d_against_the_simulator(golden):
    arrays, _ = golden("conv1d_bf16")
    x, weight, bias, expected = (
        torch.from_numpy(arrays[name]) for name in ("in0", "weight", "bias", "out")
    )
    precision = SitePrecision(math_fidelity="HiFi4")
    result = convolution(
        F.conv1d, x.transpose(1, 2), weight, bias.flatten(), precision, NOTHING, padding=1
    ).transpose(1, 2)
    deviation = (result - expected).square().mean().sqrt() / expected.square().mean().sqrt()
    assert deviation < 8e-3
    assert np.corrcoef(result.flatten(), expected.flatten())[0, 1] > 0.9999


def test_pointwise_convolution_is_a_matmul_of_channels():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 48, 20, generator=generator)
    weight, bias = torch.randn(40, 48, 1, generator=generator), torch.randn(40, generator=generator)
    precision = SitePrecision(
        weights="bfloat4_b",
        activations="bfloat8_b",
        output="bfloat8_b",
        math_fidelity="LoFi",
        fp32_dest_acc_en=True,
    )
    result = convolution(F.conv1d, x, weight, bias, precision, NOTHING)
    basis = nn.Module()
    basis.register_buffer("matrix", weight[:, :, 0].t().contiguous())
    expected = matmul(x.transpose(1, 2), basis.matrix, precision, Constants(basis), bias)
    torch.testing.assert_close(result.transpose(1, 2), expected)


def test_depthwise_weights_share_exponents_across_channels():
    weight = torch.ones(16, 1, 3)
    weight[1] = 0.01  # lost beside the ones of its group
    weight[:, :, 2] = 0.01  # a tap of its own group
    precision = SitePrecision(weights="bfloat4_b", output="float32", fp32_dest_acc_en=True)
    x = torch.ones(1, 16, 3)
    result = convolution(F.conv1d, x, weight, None, precision, NOTHING, groups=16)
    small = formats.pack_host(torch.full((16,), 0.01), "bfloat4_b")[0].item()
    assert result[0, 0, 0].item() == np.float32(2 + small)
    assert result[0, 1, 0].item() == np.float32(small)


def test_transposed_convolution_packs_along_its_outputs():
    generator = torch.Generator().manual_seed(0)
    x, weight = (
        torch.randn(1, 32, 9, generator=generator),
        torch.randn(32, 16, 4, generator=generator),
    )
    precision = SitePrecision(
        weights="bfloat8_b", output="float32", math_fidelity="HiFi4", fp32_dest_acc_en=True
    )
    result = convolution(F.conv_transpose1d, x, weight, None, precision, NOTHING, stride=2)
    packed = formats.pack_host(weight, "bfloat8_b", axis=1)
    expected = F.conv_transpose1d(formats.pack_device(x, "bfloat16"), packed, stride=2)
    torch.testing.assert_close(result, expected)


def test_output_groups_run_along_channels():
    precision = SitePrecision(output="bfloat4_b", math_fidelity="HiFi4", fp32_dest_acc_en=True)
    x = torch.full((1, 16, 1), 0.01)
    x[0, 3] = 1.0
    weight = torch.eye(16).unsqueeze(-1)
    result = convolution(F.conv1d, x, weight, None, precision, NOTHING)
    assert result[0, :, 0].tolist() == [0.0] * 3 + [1.0] + [0.0] * 12
