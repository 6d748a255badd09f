import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import module as module_hooks

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision
from lightning_v2.tensix.intercept.interception import OUTSIDE
from tests.tensix.modules import Block, Calls, Net

LOW = SitePrecision(weights="bfloat8_b", math_fidelity="LoFi", fp32_dest_acc_en=True)
HIGH = SitePrecision("float32", "float32", "float32", math_fidelity="HiFi4", fp32_dest_acc_en=True)


def names(interception):
    return list(interception.sites)


@pytest.fixture
def net():
    return Net().eval()


@pytest.fixture
def x():
    return torch.randn(2, 7, 32, generator=torch.Generator().manual_seed(1))


def test_sites_have_stable_names(net, x):
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(x)
        first = names(emulation)
        net(x)
    assert names(emulation) == first
    block = ["norm", "up", "gelu", "down", "mul", "add"]
    assert first == [
        *(f"blocks.{i}.{name}" for i in range(2) for name in block),
        *("depthwise", "matmul", "softmax", "matmul_1", "add", "matmul_2", "add_1"),
        "recurrent",
    ]
    assert emulation.sites["blocks.0.up"] == "linear"
    assert emulation.sites["matmul_2"] == "matmul"


def test_what_is_not_understood_is_listed(net, x):
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(x)
        net(x)
    assert emulation.unemulated == [tensix.Unemulated("fft_rfft", "", 2)]


def test_module_is_left_as_it_was(net, x):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    expected = net(x)
    with tensix.intercept(net, lambda site: LOW):
        low = net(x)
    assert not torch.equal(low, expected)
    assert torch.equal(net(x), expected)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not module_hooks._global_forward_hooks and not module_hooks._global_forward_pre_hooks


def test_no_policy_changes_nothing(net, x):
    expected = net(x)
    with tensix.intercept(net, lambda site: None) as emulation:
        assert torch.equal(net(x), expected)
    assert "blocks.1.up" in emulation.sites


def test_policy_is_asked_once_a_site_and_rules_it(x):
    net, asked = Block(), []

    def policy(site):
        asked.append(site)
        return LOW if site == "up" else None

    with tensix.intercept(net, policy), torch.no_grad():
        net(x)
        net(x)
    assert sorted(asked) == sorted({"norm", "up", "gelu", "down", "mul", "add"})


def test_exceptions_restore_everything_and_name_the_site(x):
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(33, 4)

        def forward(self, x):
            return self.inner(x)

    net = Broken()
    with pytest.raises(RuntimeError) as error, tensix.intercept(net, lambda site: LOW):
        net(x)
    assert error.value.__notes__ == ["in linear at site inner"]
    assert not module_hooks._global_forward_hooks
    # After an error inside, the same interception still knows where it is.
    emulation = tensix.intercept(net, lambda site: LOW)
    with emulation, pytest.raises(RuntimeError, match="14x32 and 33x4"):
        net(x)
    with emulation:
        net(torch.ones(1, 33))
    assert names(emulation) == ["inner"]


def test_innermost_interception_wins(x):
    net = Block()
    with tensix.intercept(net, lambda site: None) as outer:
        with tensix.intercept(net, lambda site: LOW) as inner:
            low = net(x)
        high = net(x)
    assert names(inner) == names(outer)
    assert not torch.equal(low, high)
    assert outer.unemulated == inner.unemulated == []
    with tensix.intercept(net, lambda site: LOW):
        assert torch.equal(net(x), low)


def test_nested_interception_of_a_part(net, x):
    outer = tensix.intercept(net, lambda site: None)
    inner = tensix.intercept(net.blocks[0], lambda site: LOW)
    with outer, inner:
        net(x)
    assert names(inner) == ["norm", "up", "gelu", "down", "mul", "add"]
    assert "blocks.1.norm" in outer.sites and "blocks.0.norm" not in outer.sites
    assert inner.unemulated == []


def test_threads_do_not_meet(x):
    net, results = Block(), {}
    expected = net(x)
    entered, finished = threading.Event(), threading.Event()

    def emulate():
        with tensix.intercept(net, lambda site: LOW):
            entered.set()
            results["low"] = net(x)
            finished.wait(10)

    thread = threading.Thread(target=emulate)
    thread.start()
    entered.wait(10)
    results["plain"] = net(x)
    finished.set()
    thread.join()
    assert torch.equal(results["plain"], expected)
    assert not torch.equal(results["low"], expected)


def test_host_modules_are_counted_apart(x):
    class Host(nn.Module):
        on_host = True

        def forward(self, x):
            return torch.fft.rfft(x * 2).real + 1

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.host = Host()

        def forward(self, x):
            return self.host(x) * 2

    net = Model()
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(x)
    assert names(emulation) == ["mul"]
    assert emulation.host == {("host", "mul"): 1, ("host", "fft_rfft"): 1, ("host", "add"): 1}
    assert emulation.unemulated == []


def test_calls_outside_every_module_are_listed(x):
    net = Block()
    with tensix.intercept(net, lambda site: LOW) as emulation:
        shifted = x + 1
    assert torch.equal(shifted, x + 1)
    assert emulation.unemulated == [tensix.Unemulated("add", OUTSIDE, 1)]


def test_leaf_with_several_calls():
    class Norm(nn.Module):
        def forward(self, x):
            return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)

    net = nn.Sequential(Norm())
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(torch.randn(3, 32))
    assert names(emulation) == ["0", "0.mean", "0.add", "0.rsqrt", "0.mul"]


def test_module_used_twice_is_one_site(x):
    shared = nn.Linear(32, 32)
    net = nn.Sequential(shared, nn.ReLU(), shared)
    sites = tensix.trace(net, lambda: net(x))
    assert [(s.name, s.calls) for s in sites] == [("0", 2), ("1", 1)]
    assert sites[0].macs == 2 * 14 * 32 * 32 and sites[0].weights == 32 * 32


def test_lower_refuses_what_is_no_operation():
    with pytest.raises(ValueError, match="reshape is no operation"):
        tensix.lower(torch.reshape, (torch.ones(2), (2,)), {}, LOW)


@pytest.mark.usefixtures("fast")
def test_gradients_flow(net, x):
    net.recurrent = nn.Identity()
    net.forward = lambda x: net.blocks[1](net.blocks[0](x)) @ net.basis
    with tensix.intercept(net, lambda site: LOW):
        net(x).square().sum().backward()
    low = net.blocks[0].up.weight.grad.clone()
    net.zero_grad()
    net(x).square().sum().backward()
    cosine = F.cosine_similarity(low.flatten(), net.blocks[0].up.weight.grad.flatten(), dim=0)
    assert cosine > 0.98


@pytest.mark.usefixtures("fast")
def test_training_step_in_low_precision_reduces_the_loss(x):
    net = Block()
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    target, losses = torch.randn(2, 7, 32), []
    for _ in range(30):
        with tensix.intercept(net, lambda site: LOW):
            y = net(x)
        loss = (y - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


def test_half_precision_modules_keep_their_dtype(x):
    net = Block().bfloat16()
    with tensix.intercept(net, lambda site: LOW) as emulation, torch.no_grad():
        result = net(x.bfloat16())
    assert result.dtype == torch.bfloat16 and emulation.unemulated == []


def test_norms_of_other_architectures():
    net = nn.Sequential(nn.Conv1d(32, 32, 3), nn.BatchNorm1d(32), nn.GroupNorm(4, 32)).eval()
    net.append(nn.InstanceNorm1d(32, affine=True)).append(nn.RMSNorm(8))
    x = torch.randn(2, 32, 10)
    expected = net(x)
    with tensix.intercept(net, lambda site: LOW) as emulation:
        result = net(x)
    assert list(emulation.sites.values()) == [
        *("conv1d", "batch_norm", "group_norm", "instance_norm", "rms_norm")
    ]
    assert emulation.unemulated == []
    assert F.cosine_similarity(result.flatten(), expected.flatten(), dim=0) > 0.99


def test_what_has_no_exact_rule_is_listed():
    net = Calls(lambda x: torch.sinh(torch.erfc(x)).relu())
    x = torch.randn(2, 10)
    found = {}
    for tier in tensix.TIERS:
        with tensix.use(tier=tier), tensix.intercept(net, lambda site: LOW) as emulation:
            net(x)
        found[tier] = [(call.name, call.site, call.count) for call in emulation.approximated]
        assert emulation.unemulated == []
    assert found == {"exact": [("erfc", "", 1), ("sinh", "", 1)], "fast": []}


def test_making_weights_of_constants_is_work_of_the_host():
    net = nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Conv1d(32, 32, 3)),
        nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8)),
    ).eval()
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(torch.randn(2, 32, 10))
    assert emulation.sites == {"0": "conv1d", "1": "linear"}
    assert {op for _, op in emulation.host} >= {"weight_norm", "div"}
    assert emulation.unemulated == emulation.approximated == []
    sites = tensix.trace(net, lambda: net(torch.randn(2, 32, 10)))
    assert [(s.weights, s.vectors) for s in sites] == [(32 * 32 * 3, 32), (64, 8)]


def test_tensors_without_axes_are_emulated_too():
    blocks = SitePrecision("bfloat8_b", "bfloat8_b", "bfloat8_b")
    net = Calls(lambda x: x * torch.sqrt(torch.tensor(4.0)) + x.sum())
    with tensix.intercept(net, lambda site: blocks) as emulation:
        result = net(torch.ones(2, 64))
    assert torch.equal(result, torch.full((2, 64), 130.0))
    assert list(emulation.sites) == ["sqrt", "mul", "sum", "add"]
    assert emulation.unemulated == emulation.approximated == []


@pytest.mark.parametrize("need_weights", [True, False])
def test_multi_head_attention_is_its_parts(need_weights):
    torch.manual_seed(0)
    net = nn.MultiheadAttention(32, 4, batch_first=True).eval()
    query, key = torch.randn(2, 6, 32), torch.randn(2, 9, 32)
    mask = torch.zeros(2, 9, dtype=torch.bool)
    mask[1, 7:] = True
    arguments = (query, key, key, mask, need_weights)
    with tensix.intercept(net, lambda site: None) as emulation, torch.no_grad():
        same, _ = net(*arguments)
    torch.testing.assert_close(same, net(*arguments)[0])
    parts = (
        ["mul", "matmul", "add", "softmax", "matmul_1", "mean"]
        if need_weights
        else ["scaled_dot_product_attention"]
    )
    assert names(emulation) == ["linear", "linear_1", "linear_2", *parts, "linear_3"]
    with tensix.intercept(net, lambda site: HIGH) as emulation, torch.no_grad():
        emulated, attention = net(*arguments)
    assert emulation.unemulated == emulation.approximated == []
    torch.testing.assert_close(emulated, same, atol=0.02, rtol=0.02)
    assert (attention is not None) == need_weights


def test_attention_with_keys_from_outside_is_left_alone_and_listed():
    net = nn.MultiheadAttention(32, 4, add_bias_kv=True).eval()
    x = torch.randn(6, 2, 32)
    with tensix.intercept(net, lambda site: LOW) as emulation, torch.no_grad():
        result, _ = net(x, x, x)
    torch.testing.assert_close(result, net(x, x, x)[0])
    assert [call.name for call in emulation.unemulated] == ["multi_head_attention_forward"]


def test_a_module_of_one_site_gives_its_path_to_any_call(x):
    class Add(nn.Module):
        one_site = True

        def forward(self, x):
            return x + 1

    net = nn.Sequential(Add())
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(x)
    assert names(emulation) == ["0"]
