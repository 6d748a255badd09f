import pytest
import torch
from torch import nn

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.elementwise import elementwise
from lightning_v2.tensix.sites import SitePrecision

NOTHING = Constants(nn.Module())
WIDE = SitePrecision(activations="float32", output="float32")


@pytest.mark.parametrize(("name", "share"), [("add", 0.99), ("sub", 0.99), ("mul", 1), ("div", 1)])
def test_bfloat16_against_the_simulator(golden, name, share):
    arrays, _ = golden(f"{name}_bf16")
    x, y, expected = (torch.from_numpy(arrays[key]) for key in ("in0", "in1", "out"))
    result = elementwise(getattr(torch, name), name, (x, y), SitePrecision(), NOTHING)
    assert (result == expected).float().mean() >= share
    assert torch.allclose(result, expected, rtol=2**-7, atol=0)


@pytest.mark.parametrize("name", ["add", "mul"])
def test_float32_is_exact(golden, name):
    arrays, _ = golden(f"{name}_f32")
    x, y, expected = (torch.from_numpy(arrays[key]) for key in ("in0", "in1", "out"))
    assert torch.equal(elementwise(getattr(torch, name), name, (x, y), WIDE, NOTHING), expected)


def test_numbers_are_rounded_like_tensors():
    x, third = torch.tensor([3.0]), 1 / 3
    wide_output = SitePrecision(output="float32")
    result = elementwise(torch.mul, "mul", (x, third), wide_output, NOTHING)
    assert result.item() == 3 * 0.333984375
    assert elementwise(torch.mul, "mul", (x, third), WIDE, NOTHING).item() == 1.0
    assert elementwise(torch.mul, "mul", (x, 257), WIDE, NOTHING).item() == 771


def test_products_of_bfloat16_round_to_even_and_sums_away():
    def run(name, x, y):
        pair = torch.tensor([x]), torch.tensor([y])
        return elementwise(getattr(torch, name), name, pair, SitePrecision(), NOTHING).item()

    odd, step = 1 + 2**-7, 2**-7
    assert run("mul", odd, 1.5) == 1.5 + 2 * step  # 1.5 + 1.5 steps: up to the even one
    assert run("mul", 1 + 3 * step, 1.5) == 1.5 + 4 * step  # 4.5 steps: down to the even one
    assert run("add", 1.0, step / 2) == odd
    assert run("add", odd, step / 2) == 1 + 2 * step


def test_constants_are_stored_as_vectors():
    module = nn.Module()
    module.register_buffer("scale", torch.full((16,), 1.0))
    module.scale[1:] = 0.01
    low = SitePrecision(weights="bfloat4_b", activations="bfloat4_b", output="float32")
    result = elementwise(torch.mul, "mul", (torch.ones(16), module.scale), low, Constants(module))
    assert result[1].item() == torch.tensor(0.01).bfloat16().item()


def test_integer_operands_are_not_cast():
    x, n = torch.tensor([1.5]), torch.tensor([1001])
    assert elementwise(torch.mul, "mul", (x, n), WIDE, NOTHING).item() == 1501.5
