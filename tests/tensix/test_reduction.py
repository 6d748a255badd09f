import torch
from torch import nn

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.reduction import cumulative, total
from lightning_v2.tensix.sites import SitePrecision

NOTHING = Constants(nn.Module())
WIDE = SitePrecision(activations="float32", output="float32")


def test_sum_is_rounded_once():
    x = torch.full((3, 300), 1.0)
    x[:, 0] = 1.5
    assert total(x, SitePrecision(), NOTHING, dim=1).tolist() == [300.0] * 3  # 300.5 in bfloat16
    assert total(x, WIDE, NOTHING).item() == 901.5
    assert total(x, WIDE, NOTHING, dim=(0, 1), keepdim=True).shape == (1, 1)


def test_mean_multiplies_by_a_bfloat16_reciprocal():
    x = torch.ones(2, 3)
    wide_output = SitePrecision(output="float32")
    assert total(x, wide_output, NOTHING, dim=-1, mean=True)[0].item() == 3 * 0.333984375
    assert total(x, WIDE, NOTHING, dim=-1, mean=True)[0].item() == 1.0


def test_running_sum_is_carried_in_the_output_format():
    x = torch.ones(2, 400)
    low = cumulative(x, 1, SitePrecision(), NOTHING)
    # 256 + 1 is a tie in bfloat16 and goes away from zero, then every second step is lost.
    assert low[0, 255].item() == 256 and low[0, 399].item() != 400
    assert cumulative(x, 1, WIDE, NOTHING)[0, 399].item() == 400
    assert torch.equal(cumulative(x.t(), 0, WIDE, NOTHING), torch.cumsum(x.t(), 0))
