import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix.intercept.rules import calls
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision

NOTHING = Constants(nn.Module())
WIDE = SitePrecision(activations="float32", output="float32")
pytestmark = pytest.mark.usefixtures("fast")


def run(name, x, dtype="bfloat16", **options):
    return getattr(tensix, name)(tensix.from_torch(x, dtype), **options).values


# Share of bfloat16 results that equal the simulator's bit for bit.
BFLOAT16 = {
    "exp": (torch.exp, 0.8),
    "gelu": (F.gelu, 0.96),
    "log": (torch.log, 0.94),
    "reciprocal": (torch.reciprocal, 1),
    "relu": (F.relu, 1),
    "rsqrt": (torch.rsqrt, 1),
    "sigmoid": (torch.sigmoid, 0.89),
    "silu": (F.silu, 0.9),
    "sin": (torch.sin, 1),
    "cos": (torch.cos, 1),
    "sqrt": (torch.sqrt, 1),
    "tanh": (torch.tanh, 0.86),
}


@pytest.mark.parametrize("name", BFLOAT16)
def test_bfloat16_against_the_simulator(golden, name):
    share = BFLOAT16[name][1]
    arrays, _ = golden(f"{name}_bf16")
    x, expected = torch.from_numpy(arrays["in0"]), torch.from_numpy(arrays["out"])
    result = run(name, x)
    assert (result == expected).float().mean() >= share
    # One unit in the last place; the chip's gelu is cut to 0 where it is below 1e-6.
    tail = 1e-5 if name == "gelu" else 0
    assert torch.allclose(result, expected, rtol=2**-7, atol=tail)


@pytest.mark.parametrize("name", ["exp", "gelu", "sin", "cos", "tanh", "log", "sigmoid"])
def test_float32_against_the_simulator(golden, name):
    arrays, _ = golden(f"{name}_f32")
    x, expected = torch.from_numpy(arrays["in0"]), torch.from_numpy(arrays["out"])
    result = run(name, x, "float32")
    assert torch.allclose(result, expected, rtol=3e-7, atol=1e-6 if name == "gelu" else 1e-7)


def test_approximate_gelu_against_the_simulator(golden):
    arrays, _ = golden("gelu_fast_bf16")
    x, expected = torch.from_numpy(arrays["in0"]), torch.from_numpy(arrays["out"])
    result = run("gelu", x, fast_and_approximate_mode=True)
    assert torch.allclose(result, expected, rtol=2**-7, atol=1e-3)
    assert (result == expected).float().mean() > 0.99


def test_output_formats_and_operand_cast():
    x = torch.linspace(-1, 1, 32)
    narrow = SitePrecision(activations="bfloat4_b", output="float32")
    assert calls.unary("exp")(narrow, NOTHING, x).unique().numel() <= 15
    assert torch.equal(calls.unary("exp")(WIDE, NOTHING, x), torch.exp(x))
