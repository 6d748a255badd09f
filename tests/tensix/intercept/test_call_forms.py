"""Operators, methods, functions and in-place variants of one operation are the same site."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision
from lightning_v2.tensix.numbers import formats
from tests.tensix.modules import Calls

LOW = SitePrecision(weights="bfloat8_b", math_fidelity="LoFi", fp32_dest_acc_en=True)


ADDITIONS = {
    "operator": lambda x, y: x + y,
    "function": lambda x, y: torch.add(x, y),
    "method": lambda x, y: x.add(y),
    "in place": lambda x, y: x.clone().add_(y),
    "augmented": lambda x, y: x.clone().__iadd__(y),
    "reversed": lambda x, y: torch.Tensor.__radd__(y, x),
}
SUBTRACTIONS = {
    "operator": lambda x, y: x - y,
    "method": lambda x, y: x.sub(y),
    "in place": lambda x, y: x.clone().sub_(y),
    "reversed function": lambda x, y: torch.rsub(y, x),
    "reversed operator": lambda x, y: torch.Tensor.__rsub__(y, x),
}
RELUS = {
    "functional": lambda x, y: F.relu(x),
    "functional in place": lambda x, y: F.relu(x.clone(), inplace=True),
    "functional in place by position": lambda x, y: F.relu(x.clone(), True),
    "torch": lambda x, y: torch.relu(x),
    "method": lambda x, y: x.relu(),
    "method in place": lambda x, y: x.clone().relu_(),
    "module": lambda x, y: nn.ReLU(inplace=True)(x.clone()),
}
PRODUCTS = {
    "operator": lambda x, y: x @ y.t(),
    "function": lambda x, y: torch.matmul(x, y.t()),
    "mm": lambda x, y: torch.mm(x, y.t()),
    "bmm": lambda x, y: torch.bmm(x[None], y.t()[None])[0],
    "method": lambda x, y: x.mm(y.t()),
    "reversed": lambda x, y: torch.Tensor.__rmatmul__(y.t(), x),
}
SOFTMAXES = {
    "torch": lambda x, y: torch.softmax(x, -1),
    "functional": lambda x, y: F.softmax(x, dim=-1),
    "method": lambda x, y: x.softmax(-1),
}


@pytest.mark.parametrize("forms", [ADDITIONS, SUBTRACTIONS, RELUS, PRODUCTS, SOFTMAXES])
def test_every_form_of_a_call_is_the_same_operation(forms):
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(32, 32, generator=generator) for _ in range(2))
    results, ops = [], []
    for function in forms.values():
        net = Calls(function)
        with tensix.intercept(net, lambda site: SitePrecision()) as emulation:
            results.append(net(x.clone(), y.clone()))
        ops.append(dict(emulation.sites))
        assert emulation.unemulated == []
    assert all(op == ops[0] and len(op) == 1 for op in ops), ops
    assert all(torch.equal(result, results[0]) for result in results)
    assert torch.equal(formats.pack_device(results[0], "bfloat16"), results[0])


def test_in_place_calls_write_into_their_argument():
    net = Calls(lambda x: (x.mul_(3.0), x)[1])
    x = torch.tensor([1.00390625])  # a tie of bfloat16
    with tensix.intercept(net, lambda site: SitePrecision()):
        result = net(x)
    assert result is x and x.item() == 3.0


def test_selection_and_movement_are_no_sites():
    def moves(x):
        x = F.pad(x.view(4, 8).t()[1:], (1, 1)).unfold(1, 2, 1).flatten(1)
        x = torch.cat([x, x], 0).repeat_interleave(2, 0).masked_fill(x.new_zeros(()) > 1, 0)
        x = torch.where(x > 0, x, x.clone()).amax(0) * 1
        return F.dropout(x, training=False).to(torch.float32)

    net = Calls(moves)
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(torch.randn(32))
    assert list(emulation.sites) == ["mul"] and emulation.unemulated == []


def test_integers_and_creation_are_left_alone():
    def count(x):
        index = torch.arange(5) * 2 + 1
        noise = torch.randn(5) * 0
        return index, torch.zeros(3), x.argmax(), noise

    net = Calls(count)
    with tensix.intercept(net, lambda site: LOW) as emulation:
        index, *_ = net(torch.randn(4))
    assert index.tolist() == [1, 3, 5, 7, 9]
    assert list(emulation.sites) == ["mul"] and emulation.unemulated == []
