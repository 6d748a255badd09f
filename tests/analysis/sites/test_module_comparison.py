import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from lightning_v2.analysis.sites.module_comparison import NotEmulatedError, compare_module
from lightning_v2.deployment.emulate import emulate
from lightning_v2.errors import LightningError
from lightning_v2.precision import Plan, PlanError
from tests.tensix.modules import Calls

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


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.function = torch.jit.trace(torch.sin, torch.ones(2))

    def forward(self, x):
        return self.function(x)


class Threaded(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 2)

    def forward(self, x):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self.inner, x).result()


BLIND = {
    "scripted": (Scripted, torch.ones(2), "sin in the root (scripted"),
    "float64": (lambda: nn.Linear(2, 2).double(), torch.ones(2).double(), "linear in the root"),
    "tolist": (lambda: Calls(lambda x: x.tolist()), torch.ones(2), "tolist in the root (its valu"),
    "moves": (lambda: nn.Flatten(0), torch.ones(2, 2), "It computed no values"),
    "no rows": (lambda: nn.Linear(2, 2), torch.ones(0, 2), "It computed no values"),
    "threads": (Threaded, torch.ones(2), "forward in inner (in another thread)"),
    "complex": (lambda: nn.Linear(2, 2).to(torch.complex64), torch.ones(2) * 1j, "complex numbers"),
}


@pytest.mark.parametrize("name", BLIND)
def test_a_comparison_in_which_nothing_was_emulated_is_refused(name):
    make, x, words = BLIND[name]
    with pytest.raises(NotEmulatedError, match="nothing was emulated") as error:
        compare_module(make(), (x,), PLAN)
    assert words in str(error.value) and isinstance(error.value, LightningError)


@pytest.mark.parametrize("name", BLIND)
def test_an_emulation_of_nothing_warns(name):
    make, x, words = BLIND[name]
    net = make()
    warns = pytest.warns(UserWarning, match="coarse: nothing was emulated")
    with warns as found, torch.no_grad(), emulate(net, PLAN):
        net(x)
    assert any(words in str(warning.message) for warning in found)


def test_calls_without_a_rule_have_no_figures():
    class Partly(nn.Module):
        def __init__(self):
            super().__init__()
            self.known, self.unknown = nn.Linear(4, 4), nn.LSTM(4, 4, proj_size=2)

        def forward(self, x):
            return self.unknown(self.known(x))[0]

    comparison = compare_module(Partly(), (torch.randn(3, 2, 4),), PLAN)
    figures = comparison.layers.set_index("site")["isolated_sqnr_db"]
    assert figures["known"] > 30 and math.isnan(figures["unknown"])
    assert [(call.name, call.site) for call in comparison.unemulated] == [("lstm", "unknown")]


@pytest.mark.parametrize("inputs", [torch.randn(1, 4), (torch.randn(1, 4),), [torch.randn(1, 4)]])
def test_one_argument_may_stand_for_itself(inputs):
    net = nn.Linear(4, 4)
    comparison = compare_module(net, inputs, PLAN)
    assert comparison.reference.shape == (1, 4)


def test_a_packed_sequence_is_one_argument():
    packed = nn.utils.rnn.pack_sequence([torch.randn(3, 16), torch.randn(2, 16)])
    comparison = compare_module(nn.LSTM(16, 8), packed, PLAN)
    assert comparison.reference[0].data.shape == (5, 8)


class WritesIntoItsInput(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.last = nn.Linear(16, 4)

    def forward(self, x):
        return self.last(x.mul_(2))


def test_both_runs_are_given_the_same_values():
    x = torch.randn(8, 16, generator=torch.Generator().manual_seed(1))
    given = x.clone()
    found = compare_module(WritesIntoItsInput(), x, Plan.load("bf16"))
    assert torch.equal(x, given)
    assert (found.reference - found.candidate).norm() < 0.02 * found.reference.norm()
