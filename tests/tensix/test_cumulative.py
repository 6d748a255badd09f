import torch
from torch import nn

from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.cumulative import cumulative
from lightning_v2.tensix.sites import SitePrecision

NOTHING = Constants(nn.Module())
WIDE = SitePrecision(activations="float32", output="float32")


def test_running_sum_is_carried_in_the_output_format():
    x = torch.ones(2, 400)
    low = cumulative(x, 1, SitePrecision(), NOTHING)
    # 256 + 1 is a tie in bfloat16 and goes away from zero, then every second step is lost.
    assert low[0, 255].item() == 256 and low[0, 399].item() != 400
    assert cumulative(x, 1, WIDE, NOTHING)[0, 399].item() == 400
    assert torch.equal(cumulative(x.t(), 0, WIDE, NOTHING), torch.cumsum(x.t(), 0))
