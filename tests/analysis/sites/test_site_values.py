"""Where values break first, and what blocks flush: of any module, and of the voice."""

import numpy as np
import pytest
import torch
from torch import nn

import lightning_v2 as lv2
from lightning_v2.analysis.sites.kept_reference import KeptReference
from lightning_v2.errors import ArgumentError

PLAN = lv2.Plan.parse("name: plain\ndefault: {math_fidelity: HiFi4, fp32_dest_acc_en: true}")
BLOCKS = lv2.Plan.parse(
    "name: blocks\ndefault: {activations: bfloat8_b, weights: bfloat8_b, math_fidelity: LoFi}"
)


class Exponential(nn.Module):
    def forward(self, x):
        return torch.exp(x * 2) * 0.5


def compared(module, x, plan=PLAN):
    return lv2.compare_module(module, (x,), plan)


def test_the_first_broken_site_is_named_also_where_the_reference_breaks():
    c = compared(Exponential(), torch.full((4, 32), 50.0))
    first = c.first_broken
    assert (first.site, first.op, first.values, first.infinite) == ("exp", "exp", 128, 128)
    assert first.in_reference
    assert c.values_words == (
        "not finite from exp (exp) on: 128 infinite of 128 values; not finite in the reference "
        "either"
    )
    assert c.layers["infinite"].tolist() == c.layers["reference_infinite"].tolist() == [0, 128, 128]


def test_a_candidate_that_breaks_alone():
    # Beyond the largest bfloat16, but not beyond the largest float32.
    x = torch.full((1, 32), 3.4e38)
    c = compared(nn.Sequential(nn.Identity(), nn.ReLU(), nn.LeakyReLU()), x)
    first = c.first_broken
    assert first.infinite + first.saturated == 32
    assert not first.in_reference
    assert first.site == c.layers["site"][0]


def test_nan_is_an_error_and_not_a_perfect_result():
    x = torch.ones(1, 32)
    x[0, 3] = torch.nan
    c = compared(nn.ReLU(), x)
    # The device makes an infinity of it.
    assert (c.first_broken.nan, c.first_broken.infinite) == (0, 1)
    assert c.layers["reference_nan"].tolist() == [1]
    figures = ["accumulated_max_abs", "accumulated_sqnr_db", "accumulated_pcc"]
    assert c.layers[figures].isna().all(axis=None)


def test_all_is_well():
    c = compared(nn.Linear(32, 32), torch.randn(4, 32))
    assert c.first_broken is None
    assert c.values_words == "all values of all sites are finite, none is saturated"
    assert not len(c.flushed())


def test_quiet_channels_that_blocks_crush():
    torch.manual_seed(0)
    x = torch.randn(64, 128)
    x[:, ::16] *= 1000
    c = compared(nn.Linear(128, 32), x, BLOCKS)
    worst = c.flushed().iloc[0]
    assert worst["activations_flushed_percent"] > 70
    assert worst["isolated_pcc"] > 0.999
    assert f"crush {worst['activations_flushed_percent']:.1f} % of the activations of linear" in (
        c.values_words
    )


@pytest.fixture(scope="module")
def voice():
    return lv2.load()


@pytest.fixture
def spoilt(voice, monkeypatch):
    """The voice with one weight that is not a number."""
    layer = next(m for name, m in voice.model.named_modules() if name == "decoder.blocks.1.up")
    weight = layer.weight.detach().clone()
    weight[0, 0] = torch.nan
    monkeypatch.setitem(layer._parameters, "weight", nn.Parameter(weight))
    return voice


def test_a_broken_voice_is_not_measured_but_located(spoilt):
    c = lv2.compare(spoilt, "Ships.", "bf16")
    assert c.first_broken.site == "decoder.blocks.1.up"
    assert np.isnan(list(c.metrics.values())).all()
    assert c.unmeasured["pesq_wb_mos"].startswith("reference: ")


def test_the_kept_reference_counts_the_same(voice):
    c = lv2.compare(voice, "Ships.", "naive")
    kept = KeptReference(voice, "Ships.")
    table = kept.layers(kept.say(c.plan))
    columns = ["site", "values", "nan", "infinite", "saturated", "activations_flushed_percent"]
    assert table[columns].equals(c.layers[columns])


def test_without_sites_nothing_is_claimed(voice):
    c = lv2.compare(voice, "Ships.", "bf16", layers=False)
    with pytest.raises(ArgumentError, match="layers=True"):
        _ = c.values_words


def test_weights_that_the_host_makes_of_constants_are_weights():
    layer = nn.utils.parametrizations.weight_norm(nn.Conv1d(32, 32, 3))
    plan = lv2.Plan.parse("name: weights\ndefault: {weights: bfloat4_b, math_fidelity: LoFi}")
    row = compared(layer, torch.randn(1, 32, 20), plan).layers.set_index("op").loc["conv1d"]
    assert row["weights_flushed_percent"] > 1
    assert np.isnan(row["activations_flushed_percent"])
