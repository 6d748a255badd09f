import threading
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.deployment.emulate import emulate
from lightning_v2.model.natural.config import HOP, SAMPLE_RATE
from lightning_v2.model.natural.source import LOWEST_F0, accumulate_phase
from lightning_v2.precision import Plan, PlanError, presets, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.tensix.ops.phase import accumulate_in

TEXT = "Hello there, this is a voice."
SHORT = "Hi."
TIERS = ("exact", "fast")
APART = "- {sites: ['*gelu', '*add*', '*sub*'], activations: float32, output: float32}"
"""A rule under which no site shares a program with another one."""


def say(voice, text=TEXT, **options):
    return voice.synthesize(text, **options).waveform


def snr(low, reference):
    error = (low - reference).astype(np.float64)
    return 10 * np.log10(np.square(reference, dtype=np.float64).sum() / np.square(error).sum())


def own(name):
    """A preset, for the weights of the voice itself."""
    return replace(Plan.load(name), adapted="")


def interception(voice, plan, text, forced):
    """What the torch calls of the network give, one by one."""
    with tensix.use(tier="fast"), tensix.intercept(voice.model, plan.for_site):
        return say(voice, text, forced=forced)


@pytest.mark.parametrize("tier", TIERS)
def test_sites_are_those_of_the_network(voice, tier):
    with emulate(voice, "bf16", tier) as emulation:
        say(voice, SHORT)
    assert list(emulation.sites.items()) == [(s.name, s.op) for s in voice_sites(voice)]
    assert emulation.unemulated == []
    assert (emulation.tier, emulation.arch) == (tier, "wormhole_b0")


def test_host_work_is_confined_to_modules_that_say_so(voice):
    with emulate(voice, "fp32") as emulation:
        say(voice)
    hosts = {name for name, m in voice.model.named_modules() if getattr(m, "on_host", False)}
    assert {path for path, _ in emulation.host} == hosts


@pytest.mark.parametrize("name", presets())
def test_presets_fit_the_voice(voice, name):
    plan = for_voice(Plan.load(name), voice_sites(voice))
    plan.check(voice_sites(voice))
    with emulate(voice, plan):
        low = say(voice)
    assert np.isfinite(low).all()
    assert not np.array_equal(low, say(voice))
    with emulate(voice, name):
        assert np.array_equal(say(voice), low)


@pytest.mark.parametrize("name", presets())
def test_presets_run_exactly(voice, name):
    with emulate(voice, name, "exact"):
        assert np.isfinite(say(voice, SHORT)).all()


def test_full_precision_is_close_to_the_network(trained):
    """The multipliers of the chip keep 11 bits of a float32: about 50 dB over all layers."""
    reference = trained.synthesize(TEXT)
    with emulate(trained, "fp32"):
        fast = say(trained, forced=reference)
    assert 35 < snr(fast, reference.waveform) < 80


def test_full_precision_is_close_to_the_network_exactly(trained):
    reference = trained.synthesize(SHORT)
    for arch in ("wormhole_b0", "blackhole"):
        with emulate(trained, "fp32", "exact", arch=arch):
            exact = say(trained, SHORT, forced=reference)
        # Angles of many turns make more of 11 bits than anything else in this voice.
        assert 28 < snr(exact, reference.waveform) < 80


@pytest.mark.parametrize(
    ("name", "largest"), [("fp32", 3e-3), ("bf16", 3e-2), ("lightning-v2", 0.12)]
)
def test_the_lowering_is_the_interception_where_every_site_has_a_program(trained, name, largest):
    """They differ in how the host rounds ties of what it uploads, and, unless a plan says the same
    for both, in how K is cut into blocks. The order of sums tips some roundings, and angles of many
    turns make more of them; LoFi cuts to 7 bits, so that a value that is tipped moves further."""
    text = own(name).to_yaml().replace("default:", "default:\n  in0_block_w: 1")
    plan, reference = Plan.parse(f"{text.rstrip()}\n{APART}"), trained.synthesize(TEXT)
    intercepted = interception(trained, plan, TEXT, reference)
    with emulate(trained, plan):
        low = say(trained, forced=reference)
    assert np.abs(low - intercepted).max() < largest * np.abs(intercepted).max()


@pytest.mark.parametrize("name", ["bf16", "lightning-v2"])
def test_programs_of_two_sites_have_other_bits_and_the_error_of_the_interception(trained, name):
    """What lies between the two is not stored."""
    reference = trained.synthesize(TEXT)
    intercepted = interception(trained, own(name), TEXT, reference)
    with emulate(trained, own(name)):
        low = say(trained, forced=reference)
    assert not np.array_equal(low, intercepted)
    errors = snr(low, reference.waveform), snr(intercepted, reference.waveform)

    assert abs(errors[0] - errors[1]) < 4


@pytest.mark.parametrize("name", ["fp32", "bf16"])
def test_the_fast_tier_has_the_errors_of_the_exact_one(trained, name):
    reference = trained.synthesize(SHORT)
    levels = {}
    for tier in TIERS:
        with emulate(trained, name, tier):
            low = say(trained, SHORT, forced=reference)
        levels[tier] = snr(low, reference.waveform)
    assert abs(levels["exact"] - levels["fast"]) < 8


def test_exact_bits_do_not_depend_on_threads(voice):
    results = []
    for threads in (1, 2):
        with tensix.use(threads=threads), emulate(voice, "lightning-v2", "exact"):
            results.append(say(voice, SHORT))
    assert np.array_equal(*results)


def test_architectures_differ(trained):
    """They have other float32 functions, and Wormhole a defect in the adder of a 32-bit Dst."""
    results = []
    for arch in tensix.ARCHITECTURES:
        with emulate(trained, "fp32", "exact", arch=arch) as emulation:
            results.append(say(trained, SHORT))
        assert emulation.arch == arch
    assert not np.array_equal(*results)


def test_threads_emulate_independently(voice):
    alone, together = {}, {}
    runs = {"a": ("bf16", "exact"), "b": ("lightning-v2", "fast"), "c": None}

    def speak(name, results):
        if runs[name] is None:
            results[name] = say(voice, SHORT)
            return
        with emulate(voice, *runs[name]):
            results[name] = say(voice, SHORT)

    for name in runs:
        speak(name, alone)
    threads = [threading.Thread(target=speak, args=(name, together)) for name in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(alone[name], together[name]) for name in runs)


def test_contexts_nest(voice, trained):
    plain = say(voice)
    with emulate(voice, "bf16"):
        outer = say(voice)
        with emulate(voice, "bfp4-lofi") as inner, emulate(trained, "bf16") as other:
            low = say(voice)
        assert inner.sites and not other.sites
        assert np.array_equal(say(voice), outer)
        with pytest.raises(RuntimeError), emulate(voice, "bfp4-lofi"):
            raise RuntimeError
        assert np.array_equal(say(voice), outer)
    assert np.array_equal(say(voice), plain)
    assert not np.array_equal(low, outer)


def test_each_context_has_its_own_tier(voice, trained):
    with emulate(voice, "bf16", "fast"):
        fast = say(voice, SHORT)
        with emulate(trained, "bf16", "exact"):
            assert np.array_equal(say(voice, SHORT), fast)
        assert tensix.settings().tier == "exact"  # the default outside, untouched


def test_an_interception_within_takes_the_calls(voice):
    plain = say(voice)
    with emulate(voice, "bf16"):
        low = say(voice)
        with tensix.intercept(voice.model, lambda site: None) as inner:
            assert np.array_equal(say(voice), plain)
        assert inner.sites
        assert len(voice_sites(voice, SHORT)) == len(inner.sites)
        with tensix.intercept(nn.Linear(2, 2), lambda site: None) as stranger:
            assert np.array_equal(say(voice), low)
        assert not stranger.sites and stranger.unemulated == []
    with tensix.intercept(voice.model, lambda site: None) as around, emulate(voice, "bf16"):
        assert np.array_equal(say(voice), low)
    assert not around.sites and around.unemulated == []


def test_the_network_is_left_as_it_was(voice):
    before = {name: value.clone() for name, value in voice.model.state_dict().items()}
    plain, attributes = say(voice), set(vars(voice.model))
    for tier in TIERS:
        with emulate(voice, "naive", tier):
            say(voice, SHORT)
    after = voice.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert set(vars(voice.model)) == attributes
    assert np.array_equal(say(voice), plain)


def test_the_phase_is_summed_as_the_plan_says(voice):
    phases = {}

    def keep(call):
        if call.site == "source.phase":
            phases[output] = (call.args[0], call.result)

    for output in ("uint32", "float32", "bfloat16"):
        rule = f"rules: [{{sites: source.phase, output: {output}}}]"
        with emulate(voice, Plan.parse(rule), observer=keep):
            say(voice, SHORT)
    for output in ("float32", "bfloat16"):
        f0, result = phases[output]
        assert torch.equal(result, accumulate_in(f0, HOP, SAMPLE_RATE, LOWEST_F0, output))
    f0, result = phases["uint32"]
    assert torch.equal(result, accumulate_phase(f0))


def test_the_claim_holds_for_this_voice(trained):
    """More than 95 % of the layers in LoFi, more than 80 % of the weights in BlockFloat8."""
    coverage = Plan.load("lightning-v2").coverage(trained)
    assert coverage.share("math_fidelity", "LoFi") == 1
    assert coverage.share("math_fidelity", "LoFi", of="macs") == 1
    shares = [coverage.share("weights", f"bfloat{n}_b", of="weight_bytes") for n in (8, 4)]
    assert shares[0] > 0.9 and sum(shares) > 0.98
    assert coverage.weight_bytes < 7e6


def test_a_rule_for_no_site_of_the_voice_is_refused(voice):
    plan = Plan.parse("rules:\n  - sites: decoder.inptu\n    output: float32", "mine.yaml")
    message = r"mine.yaml:2: 'decoder.inptu'.*'decoder.input'"
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
    idle = pytest.warns(UserWarning, match="matches 1 of the 2 patterns in its rules: '1'$")
    with idle, emulate(net, plan), torch.no_grad():
        low = net(x)
    assert not torch.equal(low, net(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with emulate(net, Plan.parse("default: {weights: bfloat4_b}")):
            net(x)
        with emulate(net, plan):
            pass


def test_a_plan_of_another_model_is_told_in_one_line():
    net = nn.Linear(32, 32)
    count = sum(len(rule.globs) for rule in Plan.load("lightning-v2").rules)
    words = f"its default alone ruled, no operation ran that matches {count} of the {count} "
    told = pytest.warns(UserWarning, match=words)
    with told as seen, torch.no_grad(), emulate(net, "lightning-v2"):
        net(torch.ones(1, 32))
    assert len(seen) == 1


@pytest.mark.parametrize("tier", TIERS)
def test_a_bare_module_runs_in_both_tiers(tier):
    net, x = nn.Linear(64, 32), torch.randn(5, 64)
    with emulate(net, Plan.parse("{}"), tier, arch="blackhole") as emulation, torch.no_grad():
        y = net(x)
    a, w, b = (
        tensix.from_torch(v, "bfloat16") for v in (x, net.weight.detach().t(), net.bias.detach())
    )
    with tensix.use(tier, "blackhole"):
        assert torch.equal(y, tensix.linear(a, w, bias=b).values)
    assert (emulation.tier, emulation.arch) == (tier, "blackhole")
    assert emulation.unemulated == emulation.approximated == []


def test_a_rule_for_a_role_finds_the_modules_of_a_bare_module_that_have_it():
    model = nn.Sequential(nn.Linear(32, 32), nn.Linear(32, 32))
    model[1].role = "f0"
    plan = Plan.parse(
        "{default: {math_fidelity: LoFi}, rules: [{roles: f0, weights: float32, "
        "activations: float32, output: float32, math_fidelity: HiFi4, fp32_dest_acc_en: true}]}"
    )
    x, found = torch.randn(32, 32), {}
    with emulate(model, plan, observer=lambda call: found.update({call.site: call})):
        model(x)
    off = [(call.result - call.by_torch()).abs().max() for call in (found["0"], found["1"])]
    assert off[0] > 0.01 and off[1] < 0.005


def test_settings_that_are_refused(voice):
    with pytest.raises(ValueError, match="tier is 'fats'; legal are 'exact', 'fast'"):
        emulate(voice, "bf16", tier="fats").__enter__()
    with pytest.raises(ValueError, match="arch is 'grayskull'; legal are 'wormhole_b0', 'black"):
        emulate(voice, "bf16", arch="grayskull").__enter__()
    with pytest.raises(TypeError, match=r"voice is a str; legal are a Voice and any torch.nn.Mod"):
        emulate("lark", "bf16").__enter__()


def test_observer_sees_every_site(voice):
    seen = []
    with emulate(voice, "bf16", observer=lambda call: seen.append(call.site)) as emulation:
        say(voice)
    assert seen == list(emulation.sites)


def test_the_voice_can_still_be_trained_after_emulated_inference(voice):
    """Packed weights that inference left in the store must not reach autograd as they are."""
    plan = Plan.parse(
        "default: {fp32_dest_acc_en: true}\nrules: [{sites: source.phase, output: uint32}]"
    )
    with emulate(voice, plan):
        say(voice)
    vocoder = voice.model.vocoder
    x = torch.randn(1, 4, 608, requires_grad=True)
    with tensix.use(tier="fast"), tensix.intercept(vocoder, plan.for_site):
        y = vocoder.inverse_cosines(x)
    y.square().sum().backward()
    assert x.grad.abs().sum() > 0


def test_one_site_alone_in_low_precision(voice):
    """A plan that is fp32 but for one site differs from fp32 by that site's error only."""
    alone = Plan.parse(
        Plan.load("fp32").to_yaml() + "- sites: vocoder.inverse_*\n  math_fidelity: LoFi\n"
    )
    with emulate(voice, "fp32"):
        reference = say(voice)
    with emulate(voice, alone):
        low = say(voice)
    assert 20 < snr(low, reference) < 40


@pytest.mark.parametrize("tier", TIERS)
def test_changed_weights_of_a_voice_are_the_ones_that_count(voice, tier):
    weight = voice.model.encoder.norm.bias
    before = weight.detach().clone()
    with emulate(voice, "lightning-v2", tier):
        first = say(voice, SHORT)
        try:
            weight.data.add_(1.0)
            changed = say(voice, SHORT)
        finally:
            weight.data.copy_(before)
        again = say(voice, SHORT)
    assert not (len(changed) == len(first) and np.array_equal(changed, first))
    assert np.array_equal(again, first)
