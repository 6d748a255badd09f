import warnings

import pytest
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.deployment import emulate
from lightning_v2.precision import Plan, PlanError, presets, voice_sites

TEXT = "Hello there, this is a voice."


def snr(low, reference):
    return (10 * torch.log10(reference.square().sum() / (low - reference).square().sum())).item()


def test_every_operation_of_the_voice_is_understood(voice):
    with emulate(voice, "fp32") as emulation:
        voice.synthesize(TEXT)
    assert emulation.unemulated == []
    sites = [site for site in emulation.sites if emulation.sites[site] != "phase"]
    assert all("." in site for site in sites)
    for name in (
        "encoder.blocks.3.attention.query_key_value",
        "encoder.blocks.0.attention.scores",
        "encoder.blocks.0.attention.softmax",
        "encoder.blocks.0.convolution.depthwise",
        "duration.output",
        "pitch.output",
        "decoder.blocks.4.down",
        "source.phase",
        "vocoder.analysis",
        "vocoder.gains",
        "vocoder.minimum_phase",
        "vocoder.exp",
        "vocoder.sin",
        "vocoder.cos",
        "vocoder.synthesis",
    ):
        assert name in emulation.sites
    assert emulation.sites["source.phase"] == "phase"


def test_host_work_is_confined_to_modules_that_say_so(voice):
    with emulate(voice, "fp32") as emulation:
        voice.synthesize(TEXT)
    hosts = {name for name, m in voice.model.named_modules() if getattr(m, "on_host", False)}
    assert {path for path, _ in emulation.host} <= hosts


@pytest.mark.parametrize("name", presets())
def test_presets_fit_the_voice(voice, name):
    plan = Plan.load(name)
    plan.check(voice_sites(voice))
    with emulate(voice, plan):
        low = voice.synthesize(TEXT)
    assert torch.isfinite(low).all()
    reference = voice.synthesize(TEXT)
    assert not torch.equal(low, reference)
    with emulate(voice, name):
        assert torch.equal(voice.synthesize(TEXT), low)


def test_the_claim_is_within_reach(voice):
    """More than 95 % of the layers in LoFi and 80 % of the weights in bfloat8_b, by sites."""
    coverage = Plan.load("lightning-v2").coverage(voice)
    assert coverage.share("math_fidelity", "LoFi") > 0.95
    assert coverage.share("weights", "bfloat8_b") > 0.9


def test_a_rule_for_no_site_of_the_voice_is_refused(voice):
    plan = Plan.parse("rules:\n  - sites: decoder.outptu\n    output: float32", "mine.yaml")
    message = r"mine.yaml:2: 'decoder.outptu'.*'decoder.output'"
    with pytest.raises(PlanError, match=message), emulate(voice, plan):
        pytest.fail("ran")


def test_the_phase_is_never_summed_in_block_floats(voice):
    plan = Plan.parse("default: {output: bfloat8_b}", "mine.yaml")
    message = r"source.phase .phase. cannot be 'bfloat8_b', only uint32"
    with pytest.raises(PlanError, match=message), emulate(voice, plan):
        pytest.fail("ran")


def test_a_bare_module_gets_a_warning_for_idle_rules():
    net, x = nn.Sequential(nn.Linear(32, 32)), torch.ones(1, 32)
    plan = Plan.parse("rules: [{sites: '0', weights: bfloat4_b}, {sites: '1', output: float32}]")
    idle = pytest.warns(UserWarning, match="no operation ran that matches '1'")
    with idle, emulate(net, plan), torch.no_grad():
        low = net(x)
    assert not torch.equal(low, net(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with emulate(net, Plan.parse("default: {weights: bfloat4_b}")):
            net(x)
        with emulate(net, plan):
            pass


def test_only_the_fast_tier_exists(voice):
    with pytest.raises(ValueError, match="tier 'exact' is not available: bit-exact emulation"):
        emulate(voice, "bf16", tier="exact").__enter__()
    with pytest.raises(ValueError, match="tier 'fats' is not available; available is fast"):
        emulate(voice, "bf16", tier="fats").__enter__()


def test_observer_sees_every_site(voice):
    seen = []
    with emulate(voice, "bf16", observer=lambda site, *call: seen.append(site)) as emulation:
        voice.synthesize(TEXT)
    assert set(seen) == set(emulation.sites)


def test_the_voice_can_still_be_trained_after_emulated_inference(voice):
    """Packed weights that inference left in the store must not reach autograd as they are."""
    plan = Plan.parse(
        "default: {fp32_dest_acc_en: true}\nrules: [{sites: source.phase, output: uint32}]"
    )
    with emulate(voice, plan):
        voice.synthesize(TEXT)
    vocoder = voice.model.vocoder
    x = torch.randn(1, 4, 1024, requires_grad=True)
    with tensix.intercept(vocoder, plan.for_site):
        y = vocoder.synthesis(x)
    y.square().sum().backward()
    assert x.grad.abs().sum() > 0


def test_one_site_alone_in_low_precision(voice):
    """A plan that is fp32 but for one site differs from fp32 by that site's error only."""
    alone = Plan.parse(
        Plan.load("fp32").to_yaml() + "- sites: vocoder.synthesis\n  math_fidelity: LoFi\n"
    )
    with emulate(voice, "fp32"):
        reference = voice.synthesize(TEXT)
    with emulate(voice, alone):
        low = voice.synthesize(TEXT)
    assert 20 < snr(low, reference) < 40
