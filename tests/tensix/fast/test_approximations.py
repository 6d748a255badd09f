import pytest
import torch

from lightning_v2.tensix.fast.approximations import exp_approximate
from lightning_v2.tensix.ops.unary import UNARY


def test_approximate_exp_has_its_published_error():
    x = torch.linspace(-20, 20, 20001)
    error = exp_approximate(x) / torch.exp(x) - 1
    assert -0.0315 < error.min() < -0.03 and 0.03 < error.max() < 0.0315
    assert abs(error.mean() - 0.01) < 0.003
    assert exp_approximate(torch.tensor(-1e4)).item() < 1e-38


@pytest.mark.parametrize(("name", "bound"), [("gelu", 0.024), ("tanh", 0.0195), ("sigmoid", 0.12)])
def test_approximate_pieces_stay_within_their_bounds(name, bound):
    x = torch.linspace(-8, 8, 4001)
    error = (UNARY[name].approximate(x) - UNARY[name].function(x)).abs().max()
    assert bound / 2 < error < bound


def test_approximate_exp_has_the_gradient_of_exp():
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    exp_approximate(x).sum().backward()
    assert torch.equal(x.grad, torch.exp(x.detach()))
