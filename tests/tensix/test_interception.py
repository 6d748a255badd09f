import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import module as module_hooks
from torch.overrides import handle_torch_function, has_torch_function_unary

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision, formats
from lightning_v2.tensix.interception import OUTSIDE

LOW = SitePrecision(weights="bfloat8_b", math_fidelity="LoFi", fp32_dest_acc_en=True)


def names(interception):
    return list(interception.sites)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(32)
        self.up = nn.Linear(32, 64)
        self.gelu = nn.GELU()
        self.down = nn.Linear(64, 32)

    def forward(self, x):
        return x + self.down(self.gelu(self.up(self.norm(x)))) * 0.5


class Net(nn.Module):
    """Linear, norms, attention, convolution, constant basis, and an operation nobody emulates."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.depthwise = nn.Conv1d(32, 32, 3, padding=1, groups=32)
        self.softmax = nn.Softmax(-1)
        self.register_buffer("basis", torch.randn(32, 32))
        self.recurrent = nn.LSTM(32, 32, batch_first=True)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        scores = torch.matmul(x, x.transpose(-1, -2))
        x = self.softmax(scores) @ x + x
        x = x @ self.basis
        return self.recurrent(x + x)[0]


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
    ]
    assert emulation.sites["blocks.0.up"] == "linear"
    assert emulation.sites["matmul_2"] == "matmul"


def test_what_is_not_understood_is_listed(net, x):
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(x)
        net(x)
    assert emulation.unemulated == [tensix.Unemulated("lstm", "recurrent", 2)]


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
    with emulation, pytest.raises(RuntimeError):
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
    with tensix.intercept(net, lambda site: None) as outer:
        with tensix.intercept(net.blocks[0], lambda site: LOW) as inner:
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


class Calls(nn.Module):
    """Runs a given function as its forward."""

    def __init__(self, function):
        super().__init__()
        self.inner = nn.Identity()  # makes it a container
        self.function = function

    def forward(self, *args):
        return self.function(*args)


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
    assert result is x and x.item() == 3.03125


def test_selection_and_movement_are_no_sites():
    def moves(x):
        x = F.pad(x.view(4, 8).t()[1:], (1, 1)).unfold(1, 2, 1).flatten(1)
        x = torch.cat([x, x], 0).repeat_interleave(2, 0).masked_fill(x.new_zeros(()) > 1, 0)
        x = torch.where(x > 0, x, x.clone()).amax(0) * 1
        return F.dropout(x, training=False).to(torch.float32)

    net = Calls(moves)
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(torch.randn(32))
    assert names(emulation) == ["mul"] and emulation.unemulated == []


def test_integers_and_creation_are_left_alone():
    def count(x):
        index = torch.arange(5) * 2 + 1
        noise = torch.randn(5) * 0
        return index, torch.zeros(3), x.argmax(), noise

    net = Calls(count)
    with tensix.intercept(net, lambda site: LOW) as emulation:
        index, *_ = net(torch.randn(4))
    assert index.tolist() == [1, 3, 5, 7, 9]
    assert names(emulation) == ["mul"] and emulation.unemulated == []


def test_host_modules_and_float64_are_counted_apart(x):
    class Host(nn.Module):
        on_host = True

        def forward(self, x):
            return torch.fft.rfft(x * 2).real + 1

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.host = Host()

        def forward(self, x):
            return self.host(x) * 2 + (x.double() * 2).sum().float()

    net = Model()
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(x)
    assert names(emulation) == ["mul", "add"]
    assert emulation.host == {
        ("host", "mul"): 1,
        ("host", "fft_rfft"): 1,
        ("host", "add"): 1,
        ("", "mul"): 1,
        ("", "sum"): 1,
    }
    assert emulation.unemulated == []


def test_calls_outside_every_module_are_listed(x):
    net = Block()
    with tensix.intercept(net, lambda site: LOW) as emulation:
        shifted = x + 1
    assert torch.equal(shifted, x + 1)
    assert emulation.unemulated == [tensix.Unemulated("add", OUTSIDE, 1)]


def test_complex_arithmetic_is_listed():
    net = Calls(lambda x: (torch.complex(x, x) * 2).real)
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(torch.randn(4))
    assert [u.name for u in emulation.unemulated] == ["complex", "mul"]


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


def test_observer_can_run_each_call_alone(net, x):
    expected, isolated = {}, {}

    def observe(site, op, function, args, kwargs, result):
        expected[site] = result
        isolated[site] = tensix.lower(function, args, kwargs, LOW)

    with tensix.intercept(net, lambda site: None, observe) as emulation:
        net(x)
    assert list(expected) == names(emulation)
    for site, result in expected.items():
        assert isolated[site].shape == result.shape
        assert (isolated[site] - result).abs().max() < 0.1 * result.abs().max()
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
    with tensix.intercept(net, policy, lambda *call: seen.append(call[3][0].clone())):
        net(torch.zeros(2))
    assert seen[0].tolist() == [0, 0]


def test_lower_refuses_what_is_no_operation():
    with pytest.raises(ValueError, match="reshape is no operation"):
        tensix.lower(torch.reshape, (torch.ones(2), (2,)), {}, LOW)


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
    assert emulation.unemulated == [tensix.Unemulated("turn", "0", 1)]


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
