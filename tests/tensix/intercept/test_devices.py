"""Nothing in the fast tier is tied to the CPU: on a device without memory all of it stays there."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix.numbers import formats
from lightning_v2.tensix.numbers.constants import _KeptElsewhere
from lightning_v2.tensix.numbers.sites import SitePrecision

PLANS = {
    "LoFi": SitePrecision("bfloat8_b", math_fidelity="LoFi", fp32_dest_acc_en=True),
    "4-bit": SitePrecision(
        "bfloat4_b", "bfloat8_b", "bfloat8_b", "LoFi", True, weights_rounding="fidelity"
    ),
    "16-bit Dst": SitePrecision(math_approx_mode=True),
    "feedback": SitePrecision(
        "bfloat8_b", math_fidelity="HiFi3", fp32_dest_acc_en=True, weights_rounding="feedback"
    ),
}


class Everything(nn.Module):
    def __init__(self):
        super().__init__()
        self.depthwise = nn.Conv1d(32, 32, 5, padding=2, groups=32)
        self.dilated = nn.Conv1d(32, 32, 3, padding=4, dilation=4, groups=32, bias=False)
        self.up = nn.ConvTranspose1d(32, 32, 4, 2)
        self.norm, self.rms, self.groups = nn.LayerNorm(32), nn.RMSNorm(32), nn.GroupNorm(2, 32)
        self.linear, self.recur = nn.Linear(32, 32), nn.GRU(32, 32, batch_first=True)

    def forward(self, x):
        y = self.dilated(self.depthwise(x.transpose(1, 2)))
        y = F.interpolate(self.groups(self.up(y)), scale_factor=2, mode="linear").transpose(1, 2)
        y = F.gelu(self.linear(self.norm(y))).unsqueeze(1)
        y = F.scaled_dot_product_attention(y, y, y, is_causal=True)
        hidden = torch.zeros_like(y[..., 0]).bool()
        y = F.scaled_dot_product_attention(y, y, y, attn_mask=~hidden.unsqueeze(-2))[:, 0]
        y, _ = self.recur(self.rms(torch.softmax(y, 1) + torch.exp(torch.tanh(y))))
        return torch.sin(y).sum(1) * torch.sigmoid(y).mean(1)


@pytest.mark.parametrize("precision", PLANS.values(), ids=PLANS)
def test_a_step_forward_and_back(precision, monkeypatch):
    monkeypatch.setattr(formats, "one_nan", lambda x: x)  # it looks at values: there are none
    net, x = Everything().to("meta"), torch.randn(2, 8, 32, device="meta")
    with tensix.use(tier="fast"), tensix.intercept(net, lambda site: precision) as running:
        result = net(x)
    assert [(call.name, call.reason) for call in running.unemulated] == []
    assert running.emulated > 20
    assert result.shape == (2, 32) and result.is_meta
    result.sum().backward()
    assert all(p.grad is not None and p.grad.is_meta for p in net.parameters())


def test_what_is_kept_elsewhere_is_compared_with_a_copy():
    weight = torch.ones(3)
    kept = _KeptElsewhere(weight)
    assert kept.is_of(weight)
    weight.data[1] = 2
    assert not kept.is_of(weight) and torch.equal(kept.values, torch.ones(3))
