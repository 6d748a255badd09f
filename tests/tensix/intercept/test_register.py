"""Functions from outside torch that are made overridable."""

import pytest
import torch
from torch import nn
from torch.overrides import handle_torch_function, has_torch_function_unary

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision
from tests.tensix.modules import Calls

LOW = SitePrecision(weights="bfloat8_b", math_fidelity="LoFi", fp32_dest_acc_en=True)


@pytest.fixture
def x():
    return torch.randn(2, 7, generator=torch.Generator().manual_seed(1))


def turn(x):
    if has_torch_function_unary(x):
        return handle_torch_function(turn, (x,), x)
    return x * 2 + 1


class Turn(nn.Module):
    on_host = True

    def forward(self, x):
        return turn(x)


def test_functions_from_elsewhere_are_single_sites(x):
    net = nn.Sequential(Turn())
    with tensix.intercept(net, lambda site: SitePrecision(output="uint32")) as emulation:
        result = net(x)
    assert torch.equal(result, x * 2 + 1)
    assert emulation.sites == {"0": "turn"} and emulation.unemulated == []
    with tensix.intercept(net, lambda site: SitePrecision()) as emulation:
        result = net(x)
    assert torch.equal(result, x * 2 + 1)
    assert emulation.unemulated == []
    assert emulation.host == {("0", "turn"): 1}


def test_registered_functions_are_lowered(x):
    def other(x):
        return handle_torch_function(other, (x,), x) if has_torch_function_unary(x) else x * 2

    tensix.register(
        other, "doubling", lambda precision, x: x * (3 if precision is LOW else 4), ("float32",)
    )
    net = Calls(lambda x: other(x))
    with tensix.intercept(net, lambda site: LOW) as emulation:
        result = net(x)
    assert torch.equal(result, x * 3)
    assert emulation.sites == {"doubling": "doubling"}
    with tensix.intercept(net, lambda site: None):
        result = net(x)
    assert torch.equal(result, x * 2)
