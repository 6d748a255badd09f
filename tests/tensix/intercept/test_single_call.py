"""Which calls the device takes, and what is said of the others."""

import pytest
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.errors import LightningError
from lightning_v2.tensix import SitePrecision
from lightning_v2.tensix.intercept.single_call import AutocastError, NoRuleError
from tests.tensix.modules import Calls

LOW = SitePrecision(weights="bfloat8_b", math_fidelity="LoFi", fp32_dest_acc_en=True)


class Own(torch.Tensor):
    """A class of tensors of somebody else."""


LEFT_ALONE = {
    "float64": (lambda x: x.double() * 2, "mul", "torch.float64"),
    "float64 without axes": (lambda x: x.sum().double() * 2, "mul", "torch.float64"),
    "promoted": (lambda x: x * x.double(), "mul", "torch.float64"),
    "asked for": (lambda x: x.sum(0, dtype=torch.float64), "sum", "torch.float64"),
    "out": (lambda x: torch.mul(x, x, out=torch.empty(0)), "mul", "writes into `out`"),
    "vmap": (torch.vmap(lambda v: v * 2), "mul", "inside a transform of torch.func"),
    "class": (lambda x: x.as_subclass(Own) * 2, "mul", "a tensor of class Own"),
    "complex": (lambda x: x * 1j, "mul", "complex numbers"),
    "integers": (lambda x: torch.arange(3) / 3, "div", "made of integers"),
    "nothing": (lambda x: x[:0].mean(), "mean", "an operand without values"),
    "unknown": (torch.fft.rfft, "fft_rfft", "the device has no such operation"),
    "accumulating": (
        lambda x: x.index_put((torch.tensor([0]),), x[:1], accumulate=True),
        "index_put",
        "the device has no such operation",
    ),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_left_alone_is_listed_with_its_reason(name):
    function, op, reason = LEFT_ALONE[name]
    net, x = Calls(function), torch.tensor([1.0, 2.0, 3.00390625])
    with tensix.intercept(net, lambda site: LOW) as emulation:
        result = net(x)
    listed = [(call.name.strip("_"), call.site, call.reason) for call in emulation.unemulated]
    assert (op, "", reason) in listed
    assert torch.equal(result, net(x)) or name in ("nothing", "float64 without axes")


def test_a_module_in_float64_is_listed_whole():
    net = nn.Sequential(nn.Linear(4, 3), nn.GELU()).double()
    with tensix.intercept(net, lambda site: LOW) as emulation:
        net(torch.ones(2, 4, dtype=torch.float64))
    assert [(call.name, call.site) for call in emulation.unemulated] == [
        ("linear", "0"),
        ("gelu", "1"),
    ]
    assert not emulation.sites and not emulation.host


def test_constants_of_half_precision_are_packed_like_those_of_single():
    torch.manual_seed(0)
    plain, x = nn.Linear(32, 8).half(), torch.randn(3, 32).half()
    wide = nn.Linear(32, 8)
    wide.load_state_dict({name: value.float() for name, value in plain.state_dict().items()})
    results = []
    for net, inputs in ((plain, x), (wide, x.float())):
        with tensix.intercept(net, lambda site: LOW), torch.no_grad():
            results.append(net(inputs))
    assert results[0].dtype == torch.float16
    assert torch.equal(results[0], results[1].half())


def test_autocast_is_refused_by_name():
    def inner(x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return torch.nn.functional.linear(x, x)

    net = nn.Sequential(Calls(inner))
    with (
        tensix.intercept(net, lambda site: LOW),
        pytest.raises(AutocastError, match="linear in module 0") as error,
    ):
        net(torch.ones(4, 4))
    assert isinstance(error.value, LightningError)


def test_autocast_that_is_off_is_no_matter():
    net = Calls(lambda x: torch.autocast("cpu", enabled=False)(lambda: x @ x)())
    with (
        torch.autocast("cpu", dtype=torch.bfloat16),
        tensix.intercept(net, lambda s: LOW) as emulation,
    ):
        net(torch.ones(4, 4))
    assert emulation.emulated == 1


def test_lower_says_that_there_is_no_rule():
    with pytest.raises(NoRuleError, match="without values"):
        tensix.lower(torch.mean, (torch.ones(0),), {}, LOW)
    with pytest.raises(NoRuleError, match="unexpected keyword"):
        tensix.lower(torch.mul, (torch.ones(2), 2), {"out": torch.ones(2)}, LOW)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64])
def test_products_with_integers_are_refused_as_torch_does(dtype):
    x, y = torch.ones(16, 16), torch.ones(16, 16, dtype=dtype)
    products = (
        lambda: x @ y,
        lambda: torch.nn.functional.linear(x, y),
        lambda: torch.nn.functional.conv1d(x, y[..., None]),
        lambda: torch.nn.functional.scaled_dot_product_attention(x, y, y),
    )
    for product in products:
        with pytest.raises(RuntimeError), tensix.intercept(net := Calls(product), lambda site: LOW):
            net()


def test_errors_of_observers_and_policies_come_out():
    def failing(_):
        raise LookupError("stop")

    net = Calls(lambda x: x.var())
    for policy, observer in ((lambda site: LOW, failing), (failing, None)):
        with pytest.raises(LookupError, match="stop"), tensix.intercept(net, policy, observer):
            net(torch.ones(3))
