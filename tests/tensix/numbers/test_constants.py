import gc
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from lightning_v2.tensix.numbers import constants
from lightning_v2.tensix.numbers.constants import Constants, packed


def test_parameters_buffers_and_their_views_are_recognised():
    module = nn.Linear(4, 4)
    module.register_buffer("basis", torch.eye(4))
    found = Constants(module)
    assert found.owner(module.weight) is module.weight
    assert found.owner(module.basis.t()[1:]) is module.basis
    assert found.owner(torch.eye(4)) is None
    assert found.owner(module.weight * 1) is None
    foreign = nn.Parameter(torch.ones(2))
    assert found.owner(foreign) is foreign


def test_memory_that_changed_hands_is_not_a_constant():
    module = nn.Linear(4, 4, bias=False)
    found = Constants(module)
    old = module.weight.data
    module.weight.data = torch.zeros(4, 4)
    assert found.owner(old) is None


def test_packed_once_until_the_owner_changes():
    weight, calls = torch.ones(3), []

    def make(x):
        calls.append(x.clone())
        return x * 2

    for _ in range(3):
        assert torch.equal(packed(weight, weight, "double", make), torch.full((3,), 2.0))
    assert len(calls) == 1
    weight.add_(1)
    assert torch.equal(packed(weight, weight, "double", make), torch.full((3,), 4.0))
    packed(weight, weight, "other recipe", make)
    packed(weight[1:], weight, "double", make)
    assert len(calls) == 4


def test_nothing_is_kept_for_training():
    weight, calls = torch.ones(3, requires_grad=True), []
    for _ in range(2):
        packed(weight, weight, "r", lambda x: calls.append(1) or x)
    assert len(calls) == 2
    with torch.no_grad():
        for _ in range(2):
            packed(weight, weight, "r", lambda x: calls.append(1) or x)
    assert len(calls) == 3


def test_inference_tensors_are_packed_once_too():
    with torch.inference_mode():
        weight, calls = torch.ones(3), []
        for _ in range(2):
            form = packed(weight, weight, "r", lambda x: calls.append(1) or x * 2)
    assert len(calls) == 1 and not form.is_inference()


WRITES = {
    "in place": lambda w: w.detach().mul_(-1),
    "data": lambda w: w.data.mul_(-1),
    "copy into data": lambda w: w.data.copy_(-w),
    "numpy": lambda w: np.negative(w.detach().numpy(), out=w.detach().numpy()),
    "memory of another": lambda w: torch.from_numpy(w.detach().numpy()).neg_(),
    "sign of zero": lambda w: w.data[1].neg_(),
    "another NaN": lambda w: w.data[2].view(torch.int32).add_(1),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_way_to_write_is_noticed(write):
    weight, seen = nn.Parameter(torch.tensor([1.0, 0.0, torch.nan])), []
    with torch.no_grad():
        for _ in range(2):
            for _ in range(2):
                packed(weight, weight, "r", lambda x: seen.append(x.view(torch.int32).tolist()))
            write(weight)
    assert len(seen) == 2 and seen[0] != seen[1]


def test_what_is_made_does_not_change_with_the_weight():
    weight = torch.ones(3)
    form = packed(weight, weight, "as it is", lambda x: x)
    weight.data.zero_()
    assert form.tolist() == [1, 1, 1]


def test_old_values_and_their_forms_are_dropped():
    weight = torch.ones(3)
    form = weakref.ref(packed(weight, weight, "r", lambda x: x * 2))
    weight.data.zero_()
    packed(weight, weight, "other", lambda x: x * 2)
    gc.collect()
    assert form() is None


def test_replaced_tensors_are_recognised_after_a_refresh():
    module = nn.Linear(4, 4, bias=False)
    module.register_buffer("basis", torch.eye(4))
    known = Constants(module)
    module.basis = torch.ones(4, 4)
    module.weight.data = torch.zeros(4, 4)
    assert known.owner(module.basis) is None
    known.refresh()
    assert known.owner(module.basis) is module.basis
    assert known.owner(module.weight.t()[1:]) is module.weight


def test_what_has_no_memory_is_no_constant():
    module = nn.ModuleList([nn.LazyLinear(3), nn.Linear(2, 0)])
    module.register_buffer("few", torch.eye(3).to_sparse())
    assert Constants(module).owner(torch.ones(1)) is None


def test_what_the_host_makes_of_constants_is_one_while_it_lives():
    net = nn.Linear(4, 3)
    known, made = Constants(net), net.weight.detach() * 2
    assert known.owner(made) is None
    known.add(made)
    assert known.owner(made.t()) is made
    address = made.untyped_storage().data_ptr()
    del made
    assert known._made[address]() is None


def test_the_store_does_not_keep_weights_alive():
    gc.collect()
    before = len(constants._packed)
    weight = torch.ones(5)
    packed(weight, weight, "r", lambda x: x + 1)
    assert len(constants._packed) == before + 1
    del weight
    gc.collect()
    assert len(constants._packed) == before
