import gc

import torch
from torch import nn

from lightning_v2.tensix import constants
from lightning_v2.tensix.constants import Constants, packed


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


def test_inference_tensors_are_packed_every_time():
    with torch.inference_mode():
        weight, calls = torch.ones(3), []
        for _ in range(2):
            packed(weight, weight, "r", lambda x: calls.append(1) or x)
    assert len(calls) == 2


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
