"""The sites of a module, from one run."""

import pytest
import torch
from torch import nn

from lightning_v2 import tensix
from tests.tensix.modules import Net


@pytest.fixture
def net():
    return Net().eval()


@pytest.fixture
def x():
    return torch.randn(2, 7, 32, generator=torch.Generator().manual_seed(1))


def test_trace(net, x):
    sites = {site.name: site for site in tensix.trace(net, lambda: net(x))}
    up = sites["blocks.0.up"]
    assert (up.op, up.macs, up.weights, up.vectors, up.calls) == (
        "linear",
        14 * 32 * 64,
        2048,
        64,
        1,
    )
    assert up.shapes == ((2, 7, 32), (64, 32), (64,), (2, 7, 64))
    assert sites["blocks.0.norm"].vectors == 64
    assert sites["depthwise"].macs == 14 * 32 * 3
    assert (sites["matmul"].macs, sites["matmul"].weights) == (2 * 7 * 7 * 32, 0)
    assert (sites["matmul_2"].macs, sites["matmul_2"].weights) == (14 * 32 * 32, 1024)
    assert sites["blocks.0.add"].macs == 0


def test_trace_of_transposed_convolution_and_addmm():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.ConvTranspose1d(32, 16, 4, stride=2)
            self.weight = nn.Parameter(torch.randn(16, 8))
            self.bias = nn.Parameter(torch.randn(8))

        def forward(self, x):
            return torch.addmm(self.bias, self.up(x)[0].t(), self.weight)

    net = Model()
    up, addmm = tensix.trace(net, lambda: net(torch.randn(1, 32, 10)))
    assert up.macs == 32 * 10 * 16 * 4 and up.weights == 32 * 16 * 4
    assert addmm.macs == 22 * 8 * 16 and (addmm.weights, addmm.vectors) == (128, 8)


def test_a_site_has_the_role_of_the_innermost_module_around_it(net, x):
    net.blocks.role, net.blocks[0].up.role = "f0", "phase"
    net.depthwise.role = "a role of somebody else's"
    sites = {site.name: site for site in tensix.trace(net, lambda: (net(x), net(x)))}
    roles = {name: site.role for name, site in sites.items() if site.role}
    assert roles["blocks.0.up"] == "phase" and roles["blocks.0.add"] == "f0"
    assert set(roles) == {name for name in sites if name.startswith("blocks.")}
