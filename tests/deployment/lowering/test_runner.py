"""What a runner does in one operation, and what it leaves apart because a plan says so."""

import pytest
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.deployment.lowering.runner import Function, Runner
from lightning_v2.precision import Plan
from lightning_v2.tensix.intercept.rules.execution import Execution

APART = {
    "the result of the function is a block float": "{sites: gelu, output: bfloat8_b}",
    "what it is of is a block float": "{sites: up, output: bfloat8_b}",
    "the function takes block floats": "{sites: gelu, activations: bfloat8_b}",
    "a bias is added in float32": "{sites: [up, gelu], output: float32, activations: float32}",
}


def plan(*rules):
    default = "{weights: bfloat8_b, math_fidelity: LoFi, fp32_dest_acc_en: true}"
    return Plan.parse(f"{{name: here, default: {default}, rules: [{', '.join(rules)}]}}")


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return nn.Linear(64, 96).requires_grad_(False)


@pytest.fixture
def x():
    return tensix.from_torch(torch.randn(1, 32, 64), "bfloat16")


def ran(rules, layer, x, observer=None):
    runner = Runner(tensix, plan(*rules).for_site, observer)
    with tensix.use("exact"):
        y = runner.linear("up", x, layer, lambda seen: seen, then=Function("gelu", "gelu"))
    assert runner.sites == {"up": "linear", "gelu": "gelu"}
    return y


def apart(rules, layer, x):
    runner = Runner(tensix, plan(*rules).for_site)
    with tensix.use("exact"):
        y = runner.linear("up", x, layer, lambda seen: seen)
        return runner.unary("gelu", "gelu", y, lambda seen: seen)


def test_a_function_ends_a_product_where_both_have_one_format(layer, x):
    together, separate = ran([], layer, x), apart([], layer, x)
    assert together.dtype == separate.dtype == "bfloat16"
    assert 0 < (together.values != separate.values).float().mean() < 0.5
    torch.testing.assert_close(together.values, separate.values, rtol=2**-6, atol=2**-8)


@pytest.mark.parametrize("rule", APART.values(), ids=APART)
def test_a_plan_that_treats_them_apart_runs_them_apart(layer, x, rule):
    together, separate = ran([rule], layer, x), apart([rule], layer, x)
    assert together.dtype == separate.dtype
    assert torch.equal(together.values, separate.values)


def test_an_observer_sees_both_and_changes_nothing(layer, x):
    calls = []
    seen = ran([], layer, x, calls.append)
    assert [(call.site, call.op) for call in calls] == [("up", "linear"), ("gelu", "gelu")]
    assert torch.equal(seen.values, ran([], layer, x).values)
    assert torch.equal(calls[1].result, seen.values)
    assert torch.equal(calls[1].args[0], calls[0].result)
    assert [call.after for call in calls] == ["", "up"]


@pytest.mark.parametrize("name", ["bfloat16", "bfloat8_b", "float32"])
def test_a_masked_residual_sum_is_one_program_in_bfloat16_and_the_sum_elsewhere(name):
    formats = f"{{activations: {name}, output: {name}}}"
    runner = Runner(tensix, Plan.parse(f"{{name: here, default: {formats}}}").for_site)
    rows = torch.arange(32) < 20
    mask = tensix.from_torch(rows.float().view(1, 32, 1), "bfloat16")
    x, y = (tensix.from_torch(torch.randn(1, 32, 64), name) for _ in "xy")
    with tensix.use("exact"):
        x = runner.masked(x, mask, name)
        masked = runner.residual("add", x, y, lambda seen: seen, mask)
        if name == "bfloat16":
            wanted = tensix.addcmul(x, y, mask)
        else:
            wanted = runner.residual("add", x, y, lambda seen: seen, None)
    assert masked.dtype == name
    assert torch.equal(masked.values[:, rows], wanted.values[:, rows])
    assert not masked.values[:, ~rows].any()


def test_softmax_masks_by_itself_only_where_its_scale_loses_nothing():
    """In LoFi the product with 1 would cut scores."""
    scores = tensix.from_torch(torch.randn(1, 2, 32, 32), "bfloat16")
    mask = tensix.from_torch(torch.zeros(1, 1, 1, 32), "bfloat16")
    asked = []

    class Ops:
        def __getattr__(self, name):
            asked.append(name)
            return getattr(tensix, name)

    for fidelity in ("HiFi4", "LoFi"):
        precision = Plan.parse(f"{{name: x, default: {{math_fidelity: {fidelity}}}}}").for_site("s")
        Execution(Ops(), precision).attention_softmax(scores, mask)
    assert [name for name in asked if "softmax" in name] == ["scale_mask_softmax", "softmax"]


@pytest.mark.parametrize("given", ["bfloat16", "bfloat8_b", "float32"])
def test_a_norm_adds_up_what_it_is_of_whatever_format_that_has(x, given):
    torch.manual_seed(1)
    layer = nn.LayerNorm(64).requires_grad_(False)
    y = tensix.from_torch(torch.randn(1, 32, 64), given)

    def normalised(observer=None):
        runner = Runner(
            tensix, plan("{sites: [add, norm], math_fidelity: HiFi4}").for_site, observer
        )
        with tensix.use("exact"):
            z = runner.norm_of_sum("add", x, y, "norm", layer, lambda seen: seen)
        assert runner.sites == {"add": "add", "norm": "layer_norm"}
        return z

    found = normalised()
    assert found.dtype == "bfloat16"
    wanted = layer(x.values + y.values)
    torch.testing.assert_close(found.values, wanted, rtol=2**-5, atol=2**-5)
    assert torch.equal(found.values, normalised(lambda seen: None).values)
