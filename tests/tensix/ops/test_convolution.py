"""Convolutions: the simulator's file, the rules spelled out, and the two tiers beside torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import nn

from lightning_v2 import tensix
from lightning_v2.errors import ArgumentError
from lightning_v2.tensix import ComputeKernelConfig, Conv2dConfig, Tensor
from lightning_v2.tensix.intercept.rules import convolution_calls as convolutions
from lightning_v2.tensix.numbers import formats
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision
from tests.tensix import reference
from tests.tensix.strategies import arrays

NOTHING = Constants(nn.Module())
WIDE = ComputeKernelConfig("HiFi4", fp32_dest_acc_en=True)


def test_every_value_of_the_simulator(golden):
    arrays_, attributes = golden("conv1d_bf16")
    x, weight, bias = (tensix.from_torch(arrays_[k], "bfloat16") for k in ("in0", "weight", "bias"))
    result = tensix.conv1d(
        input_tensor=x, weight_tensor=weight, bias_tensor=bias, padding=attributes["padding"]
    )
    np.testing.assert_array_equal(result.values.flatten(), arrays_["out"].flatten())


@pytest.mark.parametrize("name", ["conv1d_dense_k7_bf16", "conv1d_depthwise_k7_bf16"])
def test_every_value_without_a_configuration(golden, name):
    arrays_, attributes = golden(name)
    x, weight, bias = (
        tensix.from_torch(arrays_[k], "bfloat16") for k in ("in0_q", "weight_q", "bias_q")
    )
    options = {key: attributes[key] for key in ("padding", "groups")}
    result = tensix.conv1d(input_tensor=x, weight_tensor=weight, bias_tensor=bias, **options)
    np.testing.assert_array_equal(result.values.flatten(), arrays_["out"].flatten())


@hypothesis_settings(deadline=None, max_examples=40)
@given(
    st.data(),
    st.sampled_from(("LoFi", "HiFi2", "HiFi4")),
    st.booleans(),
    st.integers(2, 4),
    st.sampled_from((1, 2)),
)
def test_depthwise_accumulates_taps_in_dst(data, level, wide, taps, stride):
    """Input in SrcA, weights in SrcB, one ELWMUL a tap and phase (compute_depthwise_conv1d.cpp)."""
    channels, length = 3, 5
    x = data.draw(arrays((1, length, channels), narrow=True))
    weight = data.draw(arrays((channels, 1, taps), narrow=True))
    config = ComputeKernelConfig(level, fp32_dest_acc_en=wide)
    # A whole tile of channels, so that the taps of a window are read at once.
    whole = 32 - channels
    result = tensix.conv1d(
        input_tensor=Tensor(F.pad(torch.from_numpy(x), (0, whole)), "bfloat16"),
        weight_tensor=Tensor(F.pad(torch.from_numpy(weight), (0, 0, 0, 0, 0, whole)), "bfloat16"),
        groups=32,
        stride=stride,
        dtype="float32",
        compute_config=config,
    )
    expected = np.zeros((1, (length - taps) // stride + 1, channels), np.uint32)
    for _, t, c in np.ndindex(expected.shape):
        dst = 0
        for tap in range(taps):
            (a,), (b,) = (
                reference.bits_of(v) for v in (x[0, t * stride + tap, c], weight[c, 0, tap])
            )
            for phase in range(reference.PHASES[level]):
                dst = reference.multiply_add(a, b, dst, phase, wide)
        expected[0, t, c] = dst
    patterns = result.values[..., :channels].contiguous().numpy().view(np.uint32)
    np.testing.assert_array_equal(patterns, expected)


def test_depthwise_sums_wait_in_memory_between_reads():
    """A window that is longer than one read, here of 3 * 1408 * 2 bytes, or has no whole tiles."""
    x = torch.tensor([1.0, 2.0**-9, 2.0**-9]).reshape(1, 3, 1).expand(1, 3, 1408)
    weight = tensix.from_torch(torch.ones(1408, 1, 3), "bfloat16")
    for channels, expected in ((1408, 1.0), (1344, 1 + 2.0**-7), (40, 1.0), (32, 1 + 2.0**-7)):
        result = tensix.conv1d(
            input_tensor=tensix.from_torch(x[..., :channels], "bfloat16"),
            weight_tensor=tensix.from_torch(weight.values[:channels], "bfloat16"),
            groups=channels,
            compute_config=WIDE,
        )
        assert set(result.values.flatten().tolist()) == {expected}


def test_dilated_depthwise_convolutions_are_refused():
    x, weight = (
        tensix.from_torch(torch.ones(1, 9, 2), "bfloat16"),
        tensix.from_torch(torch.ones(2, 1, 3), "bfloat16"),
    )
    options = {"input_tensor": x, "weight_tensor": weight, "groups": 2, "dilation": 2}
    with pytest.raises(ValueError, match="dilation is 2; legal is 1"):
        tensix.conv1d(**options)
    result = tensix.conv1d(**options, bias_tensor=tensix.from_torch(torch.zeros(2), "bfloat16"))
    assert result.values.tolist() == [[[3.0, 3.0]] * 5]


@pytest.mark.parametrize("taps", [1, 3])
def test_depthwise_windows_that_touch_are_refused(taps):
    """ttnn takes them for a matmul, whose weights it has prepared for another kernel."""
    x, weight = (
        tensix.from_torch(torch.ones(1, 9, 2), "bfloat16"),
        tensix.from_torch(torch.ones(2, 1, taps), "bfloat16"),
    )
    options = {"input_tensor": x, "weight_tensor": weight, "groups": 2, "stride": taps}
    with pytest.raises(ArgumentError, match=f"stride is {taps}, as long as the kernel"):
        tensix.conv1d(**options)
    result = tensix.conv1d(**options, bias_tensor=tensix.from_torch(torch.zeros(2), "bfloat16"))
    assert result.values.tolist() == [[[taps, taps]] * (9 // taps)]


def test_folding_by_height_needs_whole_tiles_of_channels():
    weight = tensix.from_torch(torch.ones(4, 20, 2), "bfloat16")
    options = {
        "input_tensor": tensix.from_torch(torch.ones(1, 8, 20), "bfloat16"),
        "weight_tensor": weight,
        "stride": 2,
    }
    with pytest.raises(ArgumentError, match="20 channels, no multiple of 32"):
        tensix.conv1d(**options, conv_config=Conv2dConfig(None, "HEIGHT_SHARDED"))
    assert tensix.conv1d(**options).values.tolist() == [[[40.0] * 4] * 4]


def test_layouts_that_are_not_known_are_refused():
    with pytest.raises(ArgumentError, match="'BLOCK_SHARDED'; legal are None and 'HEIGHT_SHARDED'"):
        Conv2dConfig(shard_layout="BLOCK_SHARDED")


def test_parts_of_the_channels_wait_in_memory():
    """64 channels over eight cores: sums of bfloat16 that lose what one Dst would keep."""
    x = torch.ones(1, 66, 64)
    x[..., 8:] = 2.0**-8  # one part holds 24, the seven others 24 * 2**-8 each
    weight = torch.ones(32, 64, 3)
    options = {
        "input_tensor": tensix.from_torch(x, "bfloat16"),
        "weight_tensor": tensix.from_torch(weight, "bfloat16"),
        "compute_config": WIDE,
        "dtype": "bfloat16",
    }
    by_height = tensix.conv1d(**options, conv_config=Conv2dConfig(None, "HEIGHT_SHARDED"))
    assert set(by_height.values.flatten().tolist()) == {24.625}
    assert set(tensix.conv1d(**options).values.flatten().tolist()) == {24.875}


def test_depthwise_in_float32_stays_on_the_vector_engine():
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(1, 9, 4, generator=generator), torch.randn(4, 1, 3, generator=generator)
    result = tensix.conv1d(
        input_tensor=tensix.from_torch(x, "float32"),
        weight_tensor=tensix.from_torch(weight, "float32"),
        groups=4,
    )
    expected = sum(x[:, tap : tap + 7] * weight[:, 0, tap] for tap in range(3))
    assert torch.equal(result.values, expected)


def test_grouped_convolution_is_a_dense_one_with_zeros():
    generator = torch.Generator().manual_seed(0)
    x = tensix.from_torch(torch.randn(2, 9, 64, generator=generator), "bfloat16")
    weight = tensix.from_torch(torch.randn(8, 32, 3, generator=generator), "bfloat16")
    bias = tensix.from_torch(torch.randn(8, generator=generator), "bfloat16")
    result = tensix.conv1d(input_tensor=x, weight_tensor=weight, bias_tensor=bias, groups=2)
    full = torch.zeros(8, 64, 3)
    full[:4, :32], full[4:, 32:] = weight.values[:4], weight.values[4:]
    expected = tensix.conv1d(
        input_tensor=x, weight_tensor=tensix.from_torch(full, "bfloat16"), bias_tensor=bias
    )
    assert torch.equal(result.values, expected.values)


def test_two_dimensional_windows_wait_in_memory_between_rows():
    """Each row of the kernel is a block of K: with a 16-bit Dst its sum is stored as bfloat16."""
    generator = torch.Generator().manual_seed(0)
    x = tensix.from_torch(torch.randn(1, 4, 5, 32, generator=generator), "bfloat16")
    weight = tensix.from_torch(torch.randn(32, 32, 2, 3, generator=generator), "bfloat16")
    config = ComputeKernelConfig("HiFi2")
    result = tensix.conv2d(input_tensor=x, weight_tensor=weight, compute_config=config)
    windows = x.values.unfold(1, 2, 1).unfold(2, 3, 1).permute(0, 1, 2, 4, 5, 3).reshape(9, -1)
    columns = weight.values.permute(2, 3, 1, 0).reshape(-1, 32)
    expected = tensix.matmul(
        tensix.from_torch(windows, "bfloat16"),
        tensix.from_torch(columns, "bfloat16"),
        compute_kernel_config=config,
        program_config=tensix.MatmulProgramConfig(3),
    )
    assert torch.equal(result.values.reshape(9, 32), expected.values)


CASES = {
    "conv1d": (F.conv1d, (2, 8, 20), (6, 8, 3), {"padding": 1, "stride": 2, "dilation": 2}),
    "conv1d same": (F.conv1d, (2, 8, 20), (6, 8, 4), {"padding": "same"}),
    "depthwise": (F.conv1d, (2, 8, 20), (8, 1, 5), {"padding": 2, "groups": 8}),
    "depthwise dilated": (
        F.conv1d,
        (2, 8, 20),
        (8, 1, 5),
        {"padding": 4, "groups": 8, "dilation": 2},
    ),
    "depthwise touching": (F.conv1d, (2, 8, 20), (8, 1, 5), {"stride": 5, "groups": 8}),
    "touching": (F.conv1d, (2, 8, 20), (6, 8, 5), {"stride": 5}),
    "one position": (F.conv1d, (2, 8, 20), (6, 8, 1), {}),
    "grouped": (F.conv1d, (8, 20), (6, 4, 3), {"groups": 2}),
    "conv2d": (F.conv2d, (2, 8, 9, 7), (6, 8, 3, 2), {"padding": (1, 0), "stride": (2, 1)}),
    "conv2d same": (F.conv2d, (2, 8, 9, 7), (6, 8, 3, 2), {"padding": "same"}),
    "up": (F.conv_transpose1d, (2, 8, 9), (8, 6, 4), {"stride": 2, "padding": 1}),
    "up grouped": (F.conv_transpose1d, (2, 8, 9), (8, 3, 4), {"stride": 3, "groups": 2}),
    "up 2d": (
        F.conv_transpose2d,
        (1, 8, 5, 7),
        (8, 6, 3, 4),
        {"stride": (2, 3), "padding": 1, "output_padding": 1, "dilation": (1, 2)},
    ),
}


@pytest.mark.parametrize("tier", tensix.TIERS)
@pytest.mark.parametrize("case", CASES)
def test_shapes_and_values_are_those_of_torch(case, tier):
    function, input_shape, weight_shape, options = CASES[case]
    generator = torch.Generator().manual_seed(0)
    x, weight = (torch.randn(shape, generator=generator) for shape in (input_shape, weight_shape))
    transposed = "transpose" in function.__name__
    count = weight_shape[1] * options.get("groups", 1) if transposed else weight_shape[0]
    bias = torch.randn(count, generator=generator)
    precision = SitePrecision(
        "float32", "float32", "float32", math_fidelity="HiFi4", fp32_dest_acc_en=True
    )
    with tensix.use(tier=tier):
        result = getattr(convolutions, function.__name__)(
            precision, NOTHING, x, weight, bias, **options
        )
    expected = function(x, weight, bias, **options)
    torch.testing.assert_close(result, expected, atol=0.02, rtol=0.01)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("groups", [1, 32])
def test_fast_is_close_to_exact(groups, wide):
    generator = torch.Generator().manual_seed(0)
    x = tensix.from_torch(torch.randn(1, 60, 32, generator=generator), "bfloat16")
    weight = tensix.from_torch(torch.randn(32, 32 // groups, 7, generator=generator), "bfloat16")
    config = ComputeKernelConfig("HiFi2", fp32_dest_acc_en=wide)
    results = []
    for tier in tensix.TIERS:
        with tensix.use(tier=tier):
            results.append(
                tensix.conv1d(
                    input_tensor=x, weight_tensor=weight, groups=groups, compute_config=config
                ).values
            )
    exact, fast = results
    deviation = (fast - exact).square().mean().sqrt() / exact.square().mean().sqrt()
    assert deviation < (3e-3 if wide else 2e-2)


@pytest.mark.usefixtures("fast")
def test_depthwise_weights_share_exponents_across_channels():
    weight = torch.ones(16, 1, 3)
    weight[1] = 0.01  # lost beside the ones of its group
    weight[:, :, 2] = 0.01  # a tap of its own group
    precision = SitePrecision(weights="bfloat4_b", output="float32", fp32_dest_acc_en=True)
    result = convolutions.conv1d(precision, NOTHING, torch.ones(1, 16, 3), weight, None, groups=16)
    small = formats.pack_host(torch.full((16,), 0.01), "bfloat4_b")[0].item()
    assert result[0, 0, 0].item() == np.float32(2 + small)
    assert result[0, 1, 0].item() == np.float32(small)


def test_weights_are_packed_along_their_outputs():
    generator = torch.Generator().manual_seed(0)
    x, weight = (
        torch.randn(shape, generator=generator) for shape in ((1, 9, 1, 32), (32, 16, 4, 1))
    )
    arguments = {
        "input_tensor": tensix.from_torch(x, "bfloat16"),
        "compute_config": WIDE,
        "dtype": "float32",
    }
    result = tensix.conv_transpose2d(
        weight_tensor=tensix.from_torch(weight, "float32"),
        conv_config=Conv2dConfig("bfloat8_b"),
        **arguments,
    )
    packed = formats.pack_host(weight, "bfloat8_b", axis=1)
    expected = tensix.conv_transpose2d(
        weight_tensor=tensix.from_torch(packed, "float32"), **arguments
    )
    torch.testing.assert_close(result.values, expected.values, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("tier", tensix.TIERS)
def test_output_groups_run_along_channels(tier):
    precision = SitePrecision(output="bfloat4_b", math_fidelity="HiFi4", fp32_dest_acc_en=True)
    x = torch.full((1, 16, 1), 0.01)
    x[0, 3] = 1.0
    with tensix.use(tier=tier):
        result = convolutions.conv1d(precision, NOTHING, x, torch.eye(16).unsqueeze(-1))
    assert result[0, :, 0].tolist() == [0.0] * 3 + [1.0] + [0.0] * 12


def test_errors_name_the_argument():
    x = tensix.from_torch(torch.ones(1, 9, 8), "bfloat16")
    weight = tensix.from_torch(torch.ones(4, 8, 3), "bfloat16")
    with pytest.raises(ValueError, match=r"input_tensor has shape \(9, 8\); legal is \(N, L, C\)"):
        tensix.conv1d(input_tensor=Tensor(x.values[0], "bfloat16"), weight_tensor=weight)
    with pytest.raises(ValueError, match=r"with 8 input channels and groups = 2"):
        tensix.conv1d(input_tensor=x, weight_tensor=weight, groups=2)
    with pytest.raises(ValueError, match=r"bias_tensor has shape \(5,\); legal is \(4,\)"):
        tensix.conv1d(
            input_tensor=x,
            weight_tensor=weight,
            bias_tensor=tensix.from_torch(torch.ones(5), "bfloat16"),
        )
    with pytest.raises(ValueError, match="weight_tensor is stored as bfloat8_b"):
        tensix.conv1d(
            input_tensor=x, weight_tensor=tensix.from_torch(torch.ones(4, 8, 3), "bfloat8_b")
        )
    with pytest.raises(ValueError, match="does not fit"):
        tensix.conv1d(
            input_tensor=x, weight_tensor=tensix.from_torch(torch.ones(4, 8, 30), "bfloat16")
        )
