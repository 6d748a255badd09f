"""Torch functions that become several sites give what torch gives, and name every one of them."""

import pytest
import torch
import torch.nn.functional as F

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision
from tests.tensix.modules import Calls

HIGH = SitePrecision("float32", "float32", "float32", math_fidelity="HiFi4", fp32_dest_acc_en=True)

CASES = {
    "nearest": (lambda x: F.interpolate(x, scale_factor=2), []),
    "linear": (
        lambda x: F.interpolate(x, scale_factor=2.5, mode="linear"),
        ["mul", "mul_1", "add"],
    ),
    "linear size": (lambda x: F.interpolate(x, 7, mode="linear"), ["mul", "mul_1", "add"]),
    "linear corners": (
        lambda x: F.interpolate(x, 31, mode="linear", align_corners=True),
        ["mul", "mul_1", "add"],
    ),
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 3, 2, 1), ["mean"]),
    "avg_pool1d by default": (lambda x: F.avg_pool1d(x, 4), ["mean"]),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, (3, 2), (2, 1), (1, 0)), ["mean"]),
    "adaptive_avg_pool1d": (lambda x: F.adaptive_avg_pool1d(x, 4), ["mean"]),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, (1, None)), ["mean"]),
    "var": (lambda x: x.var(-1), ["mean", "sub", "square", "sum", "mul"]),
    "var of all": (lambda x: torch.var(x, False), ["mean", "sub", "square", "sum", "mul"]),
    "std": (
        lambda x: torch.std(x, dim=(0, 2), keepdim=True, correction=0),
        ["mean", "sub", "square", "sum", "mul", "sqrt"],
    ),
    "normalize": (lambda x: F.normalize(x), ["square", "sum", "sqrt", "clamp_min", "div"]),
}


@pytest.mark.parametrize("tier", tensix.TIERS)
@pytest.mark.parametrize("name", CASES)
def test_parts_of_a_function_are_sites(name, tier):
    function, sites = CASES[name]
    net, x = Calls(function), torch.randn(3, 8, 12, generator=torch.Generator().manual_seed(0))
    with tensix.use(tier=tier), tensix.intercept(net, lambda site: HIGH) as emulation:
        result = net(x)
    assert list(emulation.sites) == sites
    assert emulation.unemulated == emulation.approximated == []
    torch.testing.assert_close(result, function(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("interpolate", lambda x: F.interpolate(x[None], scale_factor=2, mode="bilinear")),
        ("avg_pool1d", lambda x: F.avg_pool1d(x, 5, ceil_mode=True)),
        ("adaptive_avg_pool1d", lambda x: F.adaptive_avg_pool1d(x, 5)),
        ("normalize", lambda x: F.normalize(x, p=1.0)),
    ],
)
def test_what_has_no_rule_is_left_alone_and_listed(name, function):
    net, x = Calls(function), torch.randn(3, 8, 12)
    with tensix.intercept(net, lambda site: HIGH) as emulation:
        result = net(x)
    assert torch.equal(result, function(x))
    assert [call.name for call in emulation.unemulated] == [name]
    assert not emulation.sites
