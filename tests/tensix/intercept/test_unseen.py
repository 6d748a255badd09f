"""Code that makes no torch call from Python: seen all the same, and listed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
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
        repr(x), list(x), f"{x[0]:.1f}"
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


def test_what_forks_is_listed_and_runs():
    def forking(x):
        waiting = torch.jit.fork(torch.sin, x)
        return torch.jit.wait(waiting) + torch.cos(x)

    net = nn.Sequential(nn.Linear(4, 4), Calls(torch.jit.script(forking)))
    _, emulation = ran(net, torch.ones(2, 4))
    assert listed(emulation) == {("sin", "1"), ("cos", "1"), ("add", "1")}
    assert list(emulation.sites) == ["0"]


LEAVING = {
    "numpy": lambda x: torch.from_numpy(np.sinh(x.numpy())),
    "array": lambda x: torch.from_numpy(np.array(x)),
    "float": lambda x: float(x[0]),
    "item": lambda x: x[0].item(),
    "tolist": lambda x: torch.tensor(x.tolist()),
    "dlpack": lambda x: torch.from_numpy(np.from_dlpack(x)),
}


@pytest.mark.parametrize("name", LEAVING)
def test_floating_point_values_that_leave_torch_are_listed(name):
    net = nn.Sequential(nn.Identity(), Calls(LEAVING[name]))
    _, emulation = ran(net, torch.ones(3))
    assert listed(emulation) == {(name, "1")} and "leave torch" in emulation.unemulated[0].reason


def test_integers_and_results_may_leave_torch():
    def lengths(x):
        ends = torch.tensor([2, 3])
        int(ends.max()), ends.tolist(), ends[0].item(), ends.numpy(), bool((x > 0).all())
        return x

    net = Calls(lengths)
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(torch.ones(3)).numpy()
    assert emulation.unemulated == [] and not emulation.host


def test_constants_that_leave_torch_are_work_of_the_host():
    net = Calls(lambda x: x * net.scale.item())
    net.register_buffer("scale", torch.tensor(0.5))
    _, emulation = ran(net, torch.ones(3))
    assert emulation.unemulated == [] and set(emulation.host) == {("", "item")}
    assert list(emulation.sites) == ["mul"]


class Parallel(nn.Module):
    """Runs its parts in threads of its own."""

    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(2))

    def forward(self, x):
        with ThreadPoolExecutor(2) as pool:
            return torch.stack(list(pool.map(lambda part: part(x), self.parts)))


def test_submodules_in_other_threads_are_listed():
    net, x = nn.Sequential(Parallel()), torch.randn(2, 4)
    with tensix.intercept(net, lambda site: LOW) as emulation:
        result = net(x)
    assert torch.equal(result, net(x))
    assert listed(emulation) == {("forward", "0.parts.0"), ("forward", "0.parts.1")}
    assert "another thread" in emulation.unemulated[0].reason


def test_other_threads_that_run_the_module_themselves_are_not_listed():
    waiting, done = threading.Event(), threading.Event()
    net = nn.Sequential(Calls(lambda x: waiting.set() or (done.wait() and x)), nn.Linear(4, 4))

    def other():
        waiting.wait()
        try:
            net[1](torch.ones(4)), nn.Linear(4, 4)(torch.ones(4))
        finally:
            done.set()

    thread = threading.Thread(target=other)
    thread.start()
    _, emulation = ran(net, torch.ones(4))
    thread.join()
    assert emulation.unemulated == [] and list(emulation.sites) == ["1"]
