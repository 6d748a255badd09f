import pytest
import torch
from torch import nn

from lightning_v2.tensix.intercept.operations import OPERATIONS
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision

NOTHING = Constants(nn.Module())
WIDE = SitePrecision(activations="float32", output="float32")
pytestmark = pytest.mark.usefixtures("fast")


def run(name, operands, precision):
    return OPERATIONS[name].run(precision, NOTHING, operands, {})[0]


@pytest.mark.parametrize(("name", "share"), [("add", 0.99), ("sub", 0.99), ("mul", 1), ("div", 1)])
def test_bfloat16_against_the_simulator(golden, name, share):
    arrays, _ = golden(f"{name}_bf16")
    x, y, expected = (torch.from_numpy(arrays[key]) for key in ("in0", "in1", "out"))
    result = run(name, (x, y), SitePrecision())
    assert (result == expected).float().mean() >= share
    assert torch.allclose(result, expected, rtol=2**-7, atol=0)


@pytest.mark.parametrize("name", ["add", "mul"])
def test_float32_is_exact(golden, name):
    arrays, _ = golden(f"{name}_f32")
    x, y, expected = (torch.from_numpy(arrays[key]) for key in ("in0", "in1", "out"))
    assert torch.equal(run(name, (x, y), WIDE), expected)


def test_numbers_are_rounded_like_tensors():
    x, third = torch.tensor([3.0]), 1 / 3
    assert run("add", (x, third), SitePrecision()).item() == 3.328125  # 3 + 0.333984375
    assert run("mul", (x, third), WIDE).item() == 1.0
    assert run("mul", (x, 257), WIDE).item() == 771


def test_products_of_bfloat16_round_to_even_and_sums_away():
    def of(name, x, y):
        pair = torch.tensor([x]), torch.tensor([y])
        return run(name, pair, SitePrecision()).item()

    odd, step = 1 + 2**-7, 2**-7
    assert of("mul", odd, 1.5) == 1.5 + 2 * step  # 1.5 + 1.5 steps: up to the even one
    assert of("mul", 1 + 3 * step, 1.5) == 1.5 + 4 * step  # 4.5 steps: down to the even one
    assert of("add", 1.0, step / 2) == odd
    assert of("add", odd, step / 2) == 1 + 2 * step


def test_constants_are_stored_as_vectors():
    module = nn.Module()
    module.register_buffer("scale", torch.full((16,), 1.0))
    module.scale[1:] = 0.01
    low = SitePrecision(weights="bfloat4_b", activations="bfloat8_b", output="bfloat16")
    operation, operands = OPERATIONS["mul"], (torch.ones(16), module.scale)
    result, _ = operation.run(low, Constants(module), operands, {})
    assert result[1].item() == torch.tensor(0.01).bfloat16().item()
    assert operation.run(low, NOTHING, operands, {})[0][1].item() == 0.015625  # one of 64 steps


def test_integer_operands_are_not_cast():
    x, n = torch.tensor([1.5]), torch.tensor([1001])
    assert run("mul", (x, n), WIDE).item() == 1501.5
