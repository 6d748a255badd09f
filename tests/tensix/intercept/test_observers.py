"""What an observer gets of every call at a site."""

import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision
from tests.tensix.modules import Calls, Net

LOW = SitePrecision(weights="bfloat8_b", math_fidelity="LoFi", fp32_dest_acc_en=True)


@pytest.fixture
def net():
    return Net().eval()


@pytest.fixture
def x():
    return torch.randn(2, 7, 32, generator=torch.Generator().manual_seed(1))


def test_a_call_is_one_value(x):
    seen = []
    net = Calls(lambda x: torch.add(x, 1.0, alpha=2))
    with tensix.intercept(net, lambda site: LOW, seen.append):
        result = net(x)
    (call,) = seen
    assert (call.site, call.op, call.function) == ("add", "add", torch.add)
    assert call.args == (x, 1.0) and call.kwargs == {"alpha": 2} and call.result is result
    assert torch.equal(call.by_torch(), x + 2)
    with pytest.raises(AttributeError):
        call.site = "sub"


def test_observer_can_run_each_call_alone(net, x):
    expected, isolated = {}, {}

    def observe(call):
        alone, result = tensix.lower(call.function, call.args, call.kwargs, LOW), call.result
        pair = (result[0], alone[0]) if isinstance(result, tuple) else (result, alone)
        expected[call.site], isolated[call.site] = pair

    with tensix.intercept(net, lambda site: None, observe) as emulation:
        net(x)
    assert list(expected) == list(emulation.sites)
    for site, result in expected.items():
        assert isolated[site].shape == result.shape
        bound = 0.3 if site == "recurrent" else 0.1
        assert (isolated[site] - result).abs().max() < bound * result.abs().max()
        assert not torch.equal(isolated[site], result) or emulation.sites[site] == "clamp"
    # The buffer was recognised as a constant: it lost bits to bfloat8_b.
    wide = SitePrecision(weights="float32", math_fidelity="HiFi4", fp32_dest_acc_en=True)
    assert not torch.equal(
        isolated["matmul_2"], tensix.lower(torch.matmul, (x, net.basis), {}, wide)
    )


def test_observer_sees_the_input_of_an_in_place_call():
    seen = []
    net = Calls(lambda x: x.add_(1.0))
    policy = lambda site: None  # noqa: E731
    with tensix.intercept(net, policy, lambda call: seen.append(call.args[0].clone())):
        net(torch.zeros(2))
    assert seen[0].tolist() == [0, 0]
