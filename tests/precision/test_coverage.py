import pytest
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.precision import Plan

PLAN = """
name: half
default: {weights: bfloat8_b, math_fidelity: LoFi}
rules:
  - sites: "1"
    weights: bfloat16
    math_fidelity: HiFi4
  - sites: "2"
    output: float32
"""


@pytest.fixture
def coverage():
    net = nn.Sequential(nn.Linear(32, 96), nn.Linear(96, 32), nn.GELU(), nn.LayerNorm(32))
    return Plan.parse(PLAN).coverage(tensix.trace(net, lambda: net(torch.ones(10, 32))))


def test_a_row_a_site(coverage):
    table = coverage.table
    assert list(table.index) == ["0", "1", "2", "3"]
    assert list(table.engine) == ["matrix", "matrix", "vector", "vector"]
    assert list(table.math_fidelity) == ["LoFi", "HiFi4", "", ""]
    assert list(table.weights) == ["bfloat8_b", "bfloat16", "", ""]
    assert table.macs.to_list() == [30720, 30720, 0, 0]
    assert table.weight_bytes.to_list() == [3072 * 8.5 / 8, 3072 * 2, 0, 0]
    assert table.vector_bytes.to_list() == [192, 64, 0, 128]


def test_shares_have_their_own_denominators(coverage):
    assert coverage.share("math_fidelity", "LoFi") == 0.5
    assert coverage.share("math_fidelity", "LoFi", of="macs") == 0.5
    assert coverage.share("math_fidelity", "LoFi", of="weight_bytes") == pytest.approx(8.5 / 24.5)
    total = 3072 * (8.5 + 16) / 8 + 384
    assert coverage.weight_bytes == total
    assert coverage.share("weights", "bfloat8_b", of="weight_bytes") == pytest.approx(3264 / total)
    assert coverage.share("output", "float32") == 0.25
    assert coverage.share("output", "bfloat4_b") == 0
    shares = coverage.shares
    for field in ("math_fidelity", "weights", "activations", "output"):
        assert shares.loc[field].share_of_sites.sum() == pytest.approx(1)
    assert shares.loc[("math_fidelity", "HiFi4"), "sites"] == 1


def test_text_and_html_name_the_denominators(coverage):
    text = str(coverage)
    assert "half: 4 sites" in text and "50.0%" in text and "nan" not in text.lower()
    html = coverage._repr_html_()
    assert "sites of the matrix engine" in html and "<table" in html and "50.0%" in html


def test_a_voice_is_traced_once(monkeypatch):
    class Voice:
        model = nn.Sequential(nn.Linear(32, 32))
        said = []

        def synthesize(self, text):
            self.said.append(text)
            return self.model(torch.ones(len(text), 32))

    voice, plan = Voice(), Plan.parse("name: x")
    first = plan.coverage(voice)
    assert plan.coverage(voice).sites == first.sites and len(voice.said) == 1
    assert plan.coverage(voice, "Hi.").table.macs.sum() == 3 * 1024
    assert voice.said[1:] == ["Hi."]


def test_integer_accumulators_have_no_activation_format():
    sites = [tensix.Site("a", "linear", 1, 1, 0, 1, ()), tensix.Site("b", "sum", 0, 0, 0, 1, ())]
    plan = Plan.parse("rules: [{sites: b, output: uint32}]")
    shares = plan.coverage(sites).shares
    assert shares.loc[("activations", "bfloat16"), "sites"] == 1
    assert shares.loc[("output", "uint32"), "share_of_sites"] == 0.5
