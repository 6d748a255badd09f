import torch
from torch import nn

from lightning_v2.tensix.intercept.operations import OPERATIONS
from lightning_v2.tensix.intercept.rules.stand_ins import function_of
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision

NOTHING = Constants(nn.Module())
WIDE = SitePrecision(activations="float32", output="float32")


def test_operands_and_results_are_rounded():
    x = torch.tensor([1.00390625, 3.0])
    result = function_of(torch.pow, (x, 1 / 3), SitePrecision(), NOTHING)
    expected = torch.pow(torch.tensor([1.0, 3.0]), 0.333984375)
    assert torch.equal(result, expected.bfloat16().float())
    assert torch.equal(function_of(torch.sinh, (x,), WIDE, NOTHING), torch.sinh(x))


def test_vectors_of_a_module_are_stored_once_for_every_operation():
    """What an operation with an exact rule keeps of a weight, one without can use, and back."""
    net = nn.Sequential(nn.PReLU(32), nn.LayerNorm(32))
    net[0].weight.data.fill_(0.1)
    constants = Constants(net)
    x = torch.linspace(-1, 1, 32)
    with torch.no_grad():
        for _ in range(2):
            for weight in (net[0].weight, net[1].weight):
                low = function_of(torch.hypot, (x, weight), SitePrecision(), constants)
                exact = OPERATIONS["mul"].run(SitePrecision(), constants, (x, weight), {})[0]
                assert low.shape == exact.shape == (32,)
