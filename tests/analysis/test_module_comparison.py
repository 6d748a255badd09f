import math
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from lightning_v2.analysis.display import figures
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.metrics.audio_metrics import METRICS
from lightning_v2.analysis.module_comparison import NotEmulatedError, compare_module
from lightning_v2.deployment.emulate import emulate
from lightning_v2.errors import ArgumentError, LightningError
from lightning_v2.precision import Plan, PlanError
from tests import own_modules
from tests.own_modules import RATE, made, mel
from tests.tensix.modules import Calls
from widgets import ABPlayer, ABXTest

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
        return torch.fft.rfft(self.last(self.first(x)[0])).abs().sinh()


@pytest.fixture
def found():
    net, x = Net().eval(), torch.randn(5, 2, 16, generator=torch.Generator().manual_seed(1))
    return {tier: compare_module(net, (x,), PLAN, tier) for tier in ("fast", "exact")}


def test_every_site_has_both_errors(found):
    for comparison in found.values():
        layers = comparison.layers.set_index("site")
        assert list(layers.index) == ["first", "last", "sinh"]
        assert layers["isolated_sqnr_db"].between(15, 60).all()
        # The only site with nothing before it.
        assert layers.loc["first", "isolated_pcc"] == layers.loc["first", "accumulated_pcc"]
        assert comparison.candidate.shape == comparison.reference.shape


def test_what_was_not_emulated_is_told(found):
    assert [call.name for call in found["exact"].unemulated] == ["fft_rfft", "abs"]
    assert [call.name for call in found["exact"].approximated] == ["sinh"]
    assert found["fast"].approximated == []


def test_tiers_beside_each_other(found):
    table = found["fast"].beside(found["exact"])
    assert list(table["", "op"]) == ["lstm", "linear", "sinh"]
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


@pytest.fixture(scope="module")
def heard():
    return compare_module(made(own_modules.Generator), mel(400), "bf16", audio=RATE)


def test_a_module_that_is_heard_is_compared_like_a_voice(heard):
    assert heard.metrics.keys() == {metric.name for metric in METRICS}
    assert heard.aligned and heard.run == "teacher-forced"
    assert 20 < heard.metrics["snr_db"] < 80 and np.isfinite(heard.metrics["lsd_db"])
    assert heard.candidate.plan == "bf16" and heard.reference.plan is None
    assert len(heard.difference) == len(heard.reference.waveform) == 64 * 400
    assert heard.reference.sample_rate == RATE and heard.unemulated == []
    assert heard.host["pre.parametrizations.weight.0", "weight_norm"] == 1
    assert list(heard.layers["site"])[:3] == ["pre", "relu", "ups.0"]


def test_it_goes_where_comparisons_go(heard):
    assert [clip["label"] for clip in ABPlayer.of(heard).clips][:2] == ["reference", "bf16"]
    assert ABXTest.of(heard).result["conditions"]["plan"]["name"] == "bf16"
    for draw in (figures.waveforms, figures.spectrograms, figures.layer_errors):
        assert isinstance(draw(heard), Picture)
    assert heard.beside(heard).shape == (len(heard.layers), 3)


def test_an_inverse_stft_is_told_as_unemulated():
    found = compare_module(made(own_modules.VocosHead), mel(300), PLAN, audio=RATE)
    assert "istft" in {call.name for call in found.unemulated}
    assert found.aligned and 5 < found.metrics["snr_db"] < 60


def test_a_dict_holds_keywords():
    given = {"mel": mel(), "speaker": torch.tensor([2])}
    found = compare_module(made(own_modules.Conditioned), given, PLAN)
    assert set(found.candidate) == {"wave"}
    with pytest.raises(ArgumentError, match=r"Conditioned.forward: missing a required argument"):
        compare_module(made(own_modules.Conditioned), {"mel": mel()}, PLAN)


def test_a_dict_may_be_the_one_argument():
    net = made(own_modules.OneDict)
    assert compare_module(net, ({"mel": mel()},), PLAN).reference.shape == (1, 1, 64 * 40)
    with pytest.raises(ArgumentError, match=r"a dict as the one argument is given as \(it,\)"):
        compare_module(net, {"mel": mel()}, PLAN)


def test_both_runs_draw_the_same_noise():
    net = made(own_modules.Noisy)
    torch.manual_seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    found = {seed: compare_module(net, mel(400), "bf16", audio=RATE, seed=seed) for seed in (0, 1)}
    assert found[0].metrics["snr_db"] > 20
    assert not np.allclose(found[0].reference.waveform, found[1].reference.waveform, atol=0.1)
    again = compare_module(net, mel(400), "bf16", audio=RATE)
    assert np.array_equal(again.reference.waveform, found[0].reference.waveform)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


def test_stages_in_a_row():
    found = compare_module(own_modules.chain(), own_modules.tokens("seven" * 20), PLAN, audio=RATE)
    sites = list(found.layers["site"])
    assert sites[0] == "acoustic.mix" and sites[1] == "vocoder.pre"
    assert np.isfinite(found.metrics["lsd_db"]) and len(found.reference.waveform) == 64 * 400


def test_a_function_between_stages_is_a_site_of_the_row():
    row = [nn.Linear(4, 4), lambda x: x * x, nn.Linear(4, 4)]
    found = compare_module(row, torch.randn(2, 4), PLAN)
    assert list(found.layers["site"]) == ["0", "mul", "2"]


def test_the_reference_runs_once():
    calls = []
    row = [nn.Linear(4, 4), lambda x: calls.append(1) or x, nn.Linear(4, 4)]
    compare_module(row, torch.randn(2, 4), PLAN)
    assert len(calls) == 2


class Longer(nn.Module):
    """Calls a layer more often under a plan than without: the signs of small values differ."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4, bias=False)
        nn.init.constant_(self.layer.weight, 1 + 2**-10)

    def forward(self, x):
        y = self.layer(x)
        low = bool((y == y.round()).all())
        return self.layer(y) if low == self.more_if_low else y


@pytest.mark.parametrize("more_if_low", [False, True])
def test_runs_of_different_lengths_end(more_if_low):
    net = Longer()
    net.more_if_low = more_if_low
    found = compare_module(net, torch.ones(1, 4), PLAN)
    assert found.reference.shape == (1, 4) and list(found.layers["site"]) == ["layer", "round"]


UNHEARD = {
    "stereo": (lambda x: x.expand(2, 100), "one sound, not \\(2, 100\\)"),
    "a dict": (lambda x: {"wave": x}, "not a dict: add a stage"),
}


@pytest.mark.parametrize("name", UNHEARD)
def test_what_cannot_be_heard_is_refused(name):
    last, words = UNHEARD[name]
    with pytest.raises(ArgumentError, match=words):
        compare_module([nn.Linear(100, 100), last], torch.ones(1, 100), PLAN, audio=RATE)


def test_a_rate_of_none():
    with pytest.raises(ArgumentError, match="audio is 0"):
        compare_module(nn.Linear(4, 4), torch.ones(1, 4), PLAN, audio=0)
