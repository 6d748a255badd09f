import math

import pytest
import torch
from torch import nn

from lightning_v2.analysis.module_comparison import compare_module
from lightning_v2.precision import Plan, PlanError

PLAN = Plan.parse("""
name: coarse
default: {weights: bfloat8_b, math_fidelity: LoFi, fp32_dest_acc_en: true}
rules:
  - sites: last
    math_fidelity: HiFi4
""")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.LSTM(16, 8), nn.Linear(8, 4)

    def forward(self, x):
        return torch.fft.rfft(self.last(self.first(x)[0])).abs().atan()


@pytest.fixture
def found():
    net, x = Net().eval(), torch.randn(5, 2, 16, generator=torch.Generator().manual_seed(1))
    return {tier: compare_module(net, (x,), PLAN, tier) for tier in ("fast", "exact")}


def test_every_site_has_both_errors(found):
    for comparison in found.values():
        layers = comparison.layers.set_index("site")
        assert list(layers.index) == ["first", "last", "atan"]
        assert layers["isolated_sqnr_db"].between(15, 60).all()
        # The only site with nothing before it.
        assert layers.loc["first", "isolated_pcc"] == layers.loc["first", "accumulated_pcc"]
        assert comparison.candidate.shape == comparison.reference.shape


def test_what_was_not_emulated_is_told(found):
    assert [call.name for call in found["exact"].unemulated] == ["fft_rfft", "abs"]
    assert [call.name for call in found["exact"].approximated] == ["atan"]
    assert found["fast"].approximated == []


def test_tiers_beside_each_other(found):
    table = found["fast"].beside(found["exact"])
    assert list(table["", "op"]) == ["lstm", "linear", "atan"]
    alone = table["emulated SQNR in dB, alone"]
    assert list(alone.columns) == ["fast, coarse", "exact, coarse"]
    assert (alone["fast, coarse"] - alone["exact, coarse"]).abs().max() < 3
    assert not math.isnan(table.iloc[:, 1:].to_numpy().sum())


def test_provenance(found):
    assert found["exact"].provenance.startswith("Emulated: plan coarse, exact tier")


def test_unknown_plan():
    with pytest.raises(PlanError):
        compare_module(nn.Linear(2, 2), (torch.ones(1, 2),), "no-such-plan")
