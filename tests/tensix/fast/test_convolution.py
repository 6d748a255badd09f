"""Convolutions of the fast tier tap by tap, as long rows of few channels run, beside torch's."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2.tensix.fast import convolution
from lightning_v2.tensix.intercept.rules import convolution_calls as convolutions
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision

pytestmark = pytest.mark.usefixtures("fast")
NOTHING = Constants(nn.Module())
WIDE = SitePrecision("float32", "float32", "float32", "HiFi4", fp32_dest_acc_en=True)
CASES = {
    "dense": (F.conv1d, (6, 8, 5), {"padding": 2}),
    "dilated": (F.conv1d, (6, 8, 3), {"padding": 4, "dilation": 4}),
    "grouped": (F.conv1d, (6, 4, 3), {"padding": (1,), "groups": 2}),
    "up": (F.conv_transpose1d, (8, 6, 16), {"stride": 8, "padding": 4}),
    "up by less than a kernel": (F.conv_transpose1d, (8, 6, 3), {"stride": 5}),
    "up dilated": (F.conv_transpose1d, (8, 6, 4), {"stride": 3, "dilation": 2, "padding": 1}),
    "up with more at the end": (
        F.conv_transpose1d,
        (8, 6, 5),
        {"stride": 4, "padding": 2, "output_padding": 3},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_torch(case, monkeypatch):
    function, shape, options = CASES[case]
    x, weight, bias = torch.randn(2, 8, 50), torch.randn(shape), torch.randn(6)
    lower = getattr(convolutions, function.__name__)
    usual = lower(WIDE, NOTHING, x, weight, bias, **options)
    seen = []
    taps = convolution._by_taps
    monkeypatch.setattr(convolution, "_by_taps", lambda *a: seen.append(a) or taps(*a))
    monkeypatch.setattr(convolution, "_LONG", 1)
    result = lower(WIDE, NOTHING, x, weight, bias, **options)
    assert len(seen) == 1
    torch.testing.assert_close(result, usual, atol=1e-4, rtol=1e-4)
    expected = function(x, weight, bias, **options)
    torch.testing.assert_close(result, expected, atol=0.05, rtol=0.01)


def test_gradients_take_torchs_own(monkeypatch):
    monkeypatch.setattr(convolution, "_LONG", 1)
    x, weight = torch.randn(1, 8, 50), torch.randn(6, 8, 3, requires_grad=True)
    convolutions.conv1d(WIDE, NOTHING, x, weight).sum().backward()
    assert weight.grad.abs().min() > 0


def test_a_depthwise_one_learns_as_torchs_does():
    weight, x = torch.randn(8, 1, 5, requires_grad=True), torch.randn(2, 8, 50, requires_grad=True)
    options = {"padding": 2, "groups": 8}
    result = convolutions.conv1d(WIDE, NOTHING, x, weight, **options)
    expected = F.conv1d(x, weight, **options)
    torch.testing.assert_close(result, expected, atol=0.05, rtol=0.01)
    upon = torch.randn(result.shape)
    ours, torchs = (torch.autograd.grad((y * upon).sum(), (x, weight)) for y in (result, expected))
    for a, b in zip(ours, torchs, strict=True):
        torch.testing.assert_close(a, b, atol=0.05, rtol=0.01)
    with torch.no_grad():
        torch.testing.assert_close(
            convolutions.conv1d(WIDE, NOTHING, x, weight, **options), result, atol=1e-5, rtol=1e-5
        )


@pytest.mark.parametrize("outputs", [6, 1])
@pytest.mark.parametrize(("dilation", "every"), [(1, 1), (3, 1), (1, 4), (2, 4)])
def test_a_long_one_is_the_same_in_blocks(outputs, dilation, every, monkeypatch):
    x, weight = torch.zeros(2, 1, 97, 8), torch.randn(1, 5, 8, outputs)
    x[:, :, ::every] = torch.randn(x[:, :, ::every].shape)
    whole = convolution._by_taps(x, weight, 4, 3, dilation, every)
    monkeypatch.setattr(convolution, "_BLOCK", 20 * (8 + outputs))
    blocks = convolution._by_taps(x, weight, 4, 3, dilation, every)
    assert torch.equal(blocks, whole)
    padded = F.pad(x, (0, 0, 4, 3)).permute(0, 3, 1, 2)
    by_torch = F.conv2d(padded, weight.permute(3, 2, 0, 1), dilation=(1, dilation))
    torch.testing.assert_close(whole, by_torch.permute(0, 2, 3, 1), atol=1e-4, rtol=1e-4)
