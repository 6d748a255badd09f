"""Whoever changes a weight, and however: what runs next computes with the new one."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import lightning_v2 as lv2

BLOCKS = lv2.Plan.parse(
    "default: {weights: bfloat8_b, math_fidelity: LoFi, fp32_dest_acc_en: true}", "blocks"
)


def by_numpy(parameter):
    array = parameter.detach().numpy()
    np.multiply(array, -0.5, out=array)


def by_average(parameter):
    """As an exponential moving average is written back."""
    average = {"kept": parameter.detach().clone()}
    average["kept"].lerp_(torch.zeros_like(parameter), 0.9)
    parameter.data.copy_(average["kept"])


CHANGES = {
    "data.mul_": lambda parameter: parameter.data.mul_(-0.5),
    "numpy": by_numpy,
    "average": by_average,
    "new memory": lambda parameter: setattr(parameter, "data", parameter.data * -0.5),
}


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.MultiheadAttention(16, 2, batch_first=True)

    def forward(self, x):
        return self.inner(x, x, x, need_weights=False)[0]


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.LSTM(16, 8, batch_first=True)

    def forward(self, x):
        return self.inner(x)[0]


class Buffers(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("basis", torch.randn(16, 16))

    def forward(self, x):
        return x @ self.basis


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Conv1d(16, 16, 3)

    def forward(self, x):
        return self.inner(x.transpose(1, 2))


MODULES = {
    "linear": lambda: nn.Linear(16, 16),
    "layer norm": lambda: nn.LayerNorm(16),
    "prelu": nn.PReLU,
    "batch norm": lambda: nn.BatchNorm1d(6),
    "convolution": Convolution,
    "recurrent": Recurrent,
    "attention": Attention,
    "buffer": Buffers,
    "half": lambda: nn.Sequential(nn.Linear(16, 16)).half(),
}


def emulated(net, x, tier):
    with lv2.emulate(net, BLOCKS, tier=tier), torch.no_grad():
        return net(x)


@pytest.mark.parametrize("tier", ["exact", "fast"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", MODULES)
def test_a_changed_weight_is_the_one_that_counts(kind, change, tier):
    torch.manual_seed(0)
    net, x = MODULES[kind]().eval(), torch.randn(2, 6, 16)
    x = x.half() if kind == "half" else x
    before = emulated(net, x, tier)
    with lv2.emulate(net, BLOCKS, tier=tier), torch.no_grad():
        assert torch.equal(net(x), before)
        for tensor in [*net.parameters(), *net.buffers()]:
            if tensor.is_floating_point():
                change(tensor)
        within = net(x)
    afresh = emulated(copy.deepcopy(net), x, tier)
    assert not torch.equal(afresh, before)
    assert torch.equal(within, afresh)
    assert torch.equal(emulated(net, x, tier), afresh)


def test_a_second_comparison_sees_the_weights_of_its_time():
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(16, 16), nn.PReLU()), torch.randn(4, 16)
    first = lv2.compare_module(net, (x,), BLOCKS)
    for parameter in net.parameters():
        parameter.data.mul_(-1)
    second = lv2.compare_module(net, (x,), BLOCKS)
    quiet = ["isolated_sqnr_db", "accumulated_sqnr_db"]
    assert (first.layers[quiet] > 30).all(axis=None)
    assert (second.layers[quiet] > 30).all(axis=None)
