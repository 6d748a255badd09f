"""Code that makes no torch call from Python: seen all the same, and listed."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode_stack

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision
from tests.tensix.modules import Calls

LOW = SitePrecision(weights="bfloat8_b", math_fidelity="LoFi", fp32_dest_acc_en=True)


@torch.jit.script
def scripted(x):
    return torch.sin(x.view(-1, 4)[0] * 2)


def ran(net, *inputs):
    with tensix.intercept(net, lambda site: LOW) as emulation, torch.no_grad():
        result = net(*inputs)
    assert not _get_current_dispatch_mode_stack()
    return result, emulation


def listed(emulation):
    return {(call.name, call.site) for call in emulation.unemulated}


def test_scripted_functions_are_listed_where_they_are_called():
    x = torch.randn(8)
    net = nn.Sequential(nn.Identity(), Calls(lambda x: scripted(x) + 1))
    result, emulation = ran(net, x)
    assert listed(emulation) == {("mul", "1"), ("sin", "1")}
    assert list(emulation.sites) == ["1.add"]
    assert "scripted" in emulation.unemulated[0].reason
    assert torch.allclose(result, net(x), atol=0.02)  # from 0 to 2


def test_traced_functions_are_listed():
    traced = torch.jit.trace(lambda x: torch.tanh(x), torch.ones(3))
    _, emulation = ran(Calls(traced), torch.ones(3))
    assert listed(emulation) == {("tanh", "")}


@pytest.mark.parametrize(
    "compiled", [torch.jit.script, lambda m: torch.jit.trace(m, torch.ones(2, 8))]
)
def test_scripted_and_traced_submodules_are_listed(compiled):
    net = nn.Sequential(nn.Linear(8, 8), compiled(nn.Linear(8, 8)), nn.ReLU())
    x = torch.randn(2, 8)
    _, emulation = ran(net, x)
    assert listed(emulation) == {("addmm", "1")}
    assert list(emulation.sites) == ["0", "2"]


def test_a_module_that_is_scripted_whole():
    net = torch.jit.script(nn.Sequential(nn.Linear(8, 8), nn.ReLU()))
    x = torch.randn(2, 8)
    result, emulation = ran(net, x)
    assert torch.equal(result, net(x))
    assert listed(emulation) == {("addmm", ""), ("relu", "")} and not emulation.sites


@pytest.mark.parametrize("warm", [False, True])
def test_what_is_compiled_runs_as_it_was_written(warm):
    plain = nn.Sequential(nn.Linear(8, 8), nn.GELU())
    net, x = torch.compile(plain, backend="eager"), torch.randn(2, 8)
    if warm:
        net(x)
    result, emulation = ran(net, x)
    assert torch.equal(result, ran(plain, x)[0])
    assert list(emulation.sites.values()) == ["linear", "gelu"] and emulation.unemulated == []


def test_operators_by_their_schema_are_operations():
    def exported(x):
        y = torch.ops.aten.view.default(torch.ops.aten.mul.Tensor(x, x), [-1])
        return torch.ops.aten.add_.Tensor(torch.ops.aten.gelu(y), 1, alpha=2)

    x = torch.linspace(-1, 1, 6).view(2, 3)
    result, emulation = ran(Calls(exported), x)
    assert list(emulation.sites) == ["mul", "gelu", "add"] and emulation.unemulated == []
    assert torch.allclose(result, exported(x), atol=0.05)


def test_operators_of_other_libraries_are_listed():
    @torch.library.custom_op("lightning_v2_tests::mul", mutates_args=())
    def mul(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return x - y

    result, emulation = ran(Calls(lambda x: mul(x, x)), torch.ones(2))
    assert not result.any() and not emulation.sites
    assert [call.site for call in emulation.unemulated] == [""]


def test_an_exported_module_is_emulated():
    x = torch.randn(2, 8)
    net = torch.export.export(nn.Sequential(nn.Linear(8, 8), nn.GELU()), (x,)).module()
    _, emulation = ran(net, x)
    assert list(emulation.sites.values()) == ["linear", "gelu"] and emulation.unemulated == []


def test_functions_of_the_user_with_a_derivative_are_emulated():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    net, x = Calls(lambda x: Doubled.apply(x).sum()), torch.ones(3, requires_grad=True)
    with tensix.use(tier="fast"), tensix.intercept(net, lambda site: LOW) as emulation:
        net(x).backward()
    assert x.grad.tolist() == [2, 2, 2]
    assert emulation.unemulated == [] and list(emulation.sites) == ["mul", "sum"]


def test_ordinary_work_on_tensors_is_not_taken_for_arithmetic():
    def work(x):
        table = torch.tensor([1.0, 2.0])[torch.tensor([0, 1, 1])]
        x.numpy(), x.tolist(), x[0].item(), repr(x), torch.from_numpy(x.numpy()), list(x)
        nn.Parameter(x).data.clone()
        return torch.nn.utils.rnn.pad_sequence([table, x])

    _, emulation = ran(Calls(work), torch.ones(4))
    assert emulation.unemulated == [] and not emulation.sites


def test_a_dispatch_mode_of_the_user_goes_on_seeing():
    class Counts(TorchDispatchMode):
        def __init__(self):
            super().__init__()
            self.seen = []

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            self.seen.append(str(function))
            return function(*args, **(kwargs or {}))

    def inner(x):
        with Counts() as counts:
            torch.fft.rfft(x)
            scripted(x)
        return counts.seen

    seen, emulation = ran(Calls(inner), torch.ones(4))
    assert "aten._fft_r2c.default" in seen and "aten.sin.default" in seen
    assert listed(emulation) == {("fft_rfft", "")}
    assert list(emulation.sites) == ["mul", "sin"]  # as operators, by way of the user's mode


def test_nested_interceptions_list_it_once():
    net = nn.Sequential(Calls(scripted))
    with (
        tensix.intercept(net, lambda site: LOW) as outer,
        tensix.intercept(net[0], lambda site: LOW) as inner,
    ):
        net(torch.ones(4))
    assert listed(inner) == {("mul", ""), ("sin", "")} and outer.unemulated == []


def test_on_the_host_it_is_work_of_the_host():
    net = Calls(scripted)
    net.on_host = True
    _, emulation = ran(net, torch.ones(4))
    assert emulation.unemulated == [] and set(emulation.host) == {("", "mul"), ("", "sin")}
