"""Ranks of sites whose losses are known."""

from dataclasses import replace

import pytest
from stubs import BASE, StubBench

from lightning_v2.precision import voice_sites
from lightning_v2.search.plans.sensitivity import sensitivity
from lightning_v2.search.sweep.voices import voice


@pytest.fixture(scope="module")
def sites():
    return {site.name: site for site in voice_sites(voice("lark"))}


@pytest.fixture
def bench(sites):
    lost = {("vocoder.head.noise_gain.log", "bfloat4_b"): 3.0, ("decoder.input", "bfloat4_b"): -0.5}
    return StubBench(tuple(sites.values()), lost)


def test_each_site_with_weights_by_itself_worst_first(bench, sites):
    table = sensitivity(bench, BASE, {"weights": "bfloat4_b"})
    assert table.group.iloc[0] == "vocoder.head.noise_gain.log" and table.lost.iloc[0] == 3.0
    assert table.group.iloc[-1] == "decoder.input" and table.lost.iloc[-1] == -0.5
    assert set(table.group) == {name for name, site in sites.items() if site.weights}
    assert (table.sites == 1).all()
    # bfloat16 takes 16 bits a value, bfloat4_b 4.5.
    gains = table.set_index("group").loc["vocoder.head.noise_gain.log"]
    assert gains.saved_bytes == sites["vocoder.head.noise_gain.log"].weights * 11.5 / 8
    assert gains.macs == sites["vocoder.head.noise_gain.log"].macs
    assert bench.calls == [1 + len(table)]


def test_the_voice_speaks_with_the_weights_of_the_base(bench):
    sensitivity(bench, replace(BASE, adapted="mine"), {"weights": "bfloat4_b"}, ["decoder.*"])
    assert bench.adapted == {"mine"}


def test_groups_by_glob(bench, sites):
    table = sensitivity(bench, BASE, {"weights": "bfloat4_b"}, ["vocoder.*", "decoder.*.up"])
    assert table.group.tolist() == ["vocoder.*", "decoder.*.up"]
    assert table.lost.tolist() == [3.0, 0.0]
    ups = [site for name, site in sites.items() if name.startswith("decoder") and ".up" in name]
    assert table.sites.tolist()[1] == len(ups)
    assert table.macs.tolist()[1] == sum(site.macs for site in ups)


def test_lofi_saves_modelled_cycles_and_no_bytes(bench):
    table = sensitivity(bench, BASE, {"math_fidelity": "LoFi"}, ["*.attention.scores"])
    assert table.saved_bytes.tolist() == [0.0]
    assert table.saved_cycles.iloc[0] > 0


def test_an_unknown_field(bench):
    with pytest.raises(ValueError, match="unknown field 'fidelity'; did you mean 'math_fidelity'"):
        sensitivity(bench, BASE, {"fidelity": "LoFi"})
