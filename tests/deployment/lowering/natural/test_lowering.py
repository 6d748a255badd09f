"""The lowering of the natural voice: on operations that round nothing it must be the network."""

from collections import Counter

import numpy as np
import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.analysis.sites.isolated import Isolated
from lightning_v2.deployment.lowering.buckets import OVERLAP, Buckets, TooLongError
from lightning_v2.deployment.lowering.natural.lowering import OVERLAP_STEPS, NaturalLowering
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.executors import executed_by
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.tensix.intercept.rules.execution import Execution
from lightning_v2.threads import torch_threads
from tests.deployment import plain_ops
from tests.model.natural.conftest import TEXT
from tests.untrained import SMALL, untrained

SHORT = "Two."
PLANS = ("bf16", "lightning-v2", "fp32", "naive")


def lowered(voice, observer=None, plan="fp32", ops=plain_ops, **options):
    runner = Runner(ops, Plan.load(plan).for_site, observer)
    return NaturalLowering(voice.model, runner, **options)


def said(voice, lowering, text=TEXT, **options):
    with executed_by(voice.model, lowering):
        return voice.synthesize(text, **options)


def together(lowering, lines):
    """All sentences at once."""
    with torch.inference_mode(), torch_threads(1):
        return lowering.speak(
            [line.phones for line in lines],
            [line.durations for line in lines],
            [line.f0 for line in lines],
            [line.noise for line in lines],
        )


def lines(voice, forced=None):
    return voice.lines(voice.read(TEXT), 0, forced)


def assert_near(wave, wanted):
    assert wave.shape == wanted.shape
    assert np.abs(wave - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_speech_is_that_of_the_network(trained):
    wanted = trained.synthesize(TEXT)
    assert_near(said(trained, lowered(trained), forced=wanted).waveform, wanted.waveform)
    free = said(trained, lowered(trained))
    assert np.array_equal(free.durations, wanted.durations)
    np.testing.assert_allclose(free.f0, wanted.f0, rtol=1e-4)
    assert np.abs(free.waveform - wanted.waveform).max() < 1e-3


def test_sites_and_what_observers_see_are_those_of_the_network(voice):
    shapes = {}

    def observe(call):
        torch.testing.assert_close(call.by_torch(), call.result, rtol=1e-4, atol=1e-4)
        shapes[call.site] = call.op, tuple(call.result.shape)

    lowering = lowered(voice, observe)
    said(voice, lowering, SHORT)
    sites = voice_sites(voice, SHORT)
    assert list(shapes.items()) == [(s.name, (s.op, s.shapes[-1])) for s in sites]
    assert list(lowering.runner.sites) == list(shapes)


def test_only_modules_of_the_host_run_there(voice):
    lowering = lowered(voice)
    said(voice, lowering, SHORT)
    modules = dict(voice.model.named_modules())
    hosts = {path for path, module in modules.items() if getattr(module, "on_host", False)}
    assert {path for path, _ in lowering.runner.host} == hosts


def test_padding_sees_nothing_and_is_not_seen(voice):
    """In float32 arithmetic batches in pieces are the network itself."""
    buckets = Buckets(phones=(32,), frames=(96,), batch=2, rows=192)
    wanted = voice.synthesize(TEXT)
    assert min(wanted.frames) > 96
    spoken = together(lowered(voice, buckets=buckets), lines(voice, wanted))
    waves = np.concatenate([wave[0].numpy() for _, _, wave in spoken])
    assert_near(waves, wanted.waveform)


@pytest.mark.parametrize("plan", PLANS)
def test_bits_depend_on_neither_bucket_nor_batch(voice, plan):
    """One of two sentences goes in pieces."""
    buckets = Buckets(phones=(32,), frames=(128,), batch=2, rows=256)
    assert max(voice.synthesize(TEXT).frames) > 128
    with tensix.use("fast"):
        lowering = lowered(voice, plan=plan, ops=tensix, buckets=buckets)
        spoken = together(lowering, lines(voice))
        alone = said(voice, lowered(voice, plan=plan, ops=tensix))
    assert np.array_equal(np.concatenate([f0[0].numpy() for _, f0, _ in spoken]), alone_f0(alone))
    waves = np.concatenate([wave[0].numpy() for _, _, wave in spoken])
    assert np.array_equal(waves, alone.waveform)


def alone_f0(speech):
    return speech.decisions["f0"]


def test_bits_do_not_depend_on_company_whose_durations_and_f0_are_given(voice):
    """Both sentences go in pieces."""
    buckets = Buckets(phones=(32,), frames=(96,), batch=2, rows=192)
    given = voice.synthesize(TEXT)

    def mixed():
        return [lines(voice, given)[0], lines(voice)[1]]

    with tensix.use("fast"):
        lowering = lowered(voice, plan="lightning-v2", ops=tensix, buckets=buckets)
        alone = lowered(voice, plan="lightning-v2", ops=tensix)
        for found, line in zip(together(lowering, mixed()), mixed(), strict=True):
            assert found[1].shape[1] > 96
            (wanted,) = together(alone, [line])
            assert all(map(torch.equal, found, wanted))


def test_stages_of_a_forced_sentence_leave_out_what_is_given(voice):
    stages = Counter()

    def keep(name, compute, uploads, held):
        stages[name] += 1
        return compute(**{x: up.values for x, up in uploads.items()}, **held)

    runner = Runner(plain_ops, Plan.load("fp32").for_site, stages=keep)
    lowering = NaturalLowering(voice.model, runner, Buckets())
    forced = voice.synthesize(SHORT)
    (line,) = voice.lines(voice.read(SHORT), 0, forced)
    with torch.inference_mode():
        lowering.speak([line.phones], [line.durations], [line.f0], [line.noise])
    bucket = "frames 128, phones 32"
    assert list(stages) == [
        "encode untimed, phones 32",
        f"prosody, {bucket}",
        f"speech, {bucket}",
    ]
    assert not any(site.startswith("duration") for site in runner.sites)


def test_a_sentence_without_a_bucket(voice):
    lowering = lowered(voice, buckets=Buckets(phones=(32,)))
    with pytest.raises(TooLongError, match="a sentence of 33 phones; the largest bucket is 32"):
        lowering.acoustics(torch.zeros(1, 33, dtype=torch.int64))


def test_the_context_is_beyond_the_reach_of_the_voice(trained):
    """Of the frames of the decoder, and of the steps of what predicts pitch."""
    decoder, prosody = trained.model.decoder, trained.model.prosody
    assert reach(decoder.blocks) + decoder.input.kernel // 2 <= OVERLAP
    assert reach(prosody.blocks) <= OVERLAP_STEPS


def reach(blocks):
    return sum(block.depthwise.padding[0] for block in blocks)


@pytest.mark.parametrize("plan", PLANS)
def test_single_calls_have_the_bits_of_the_lowering(voice, plan):
    """Of products on neighbours, and of taps that are apart; see `Isolated`."""
    sites = ("decoder.input", "duration.input", "prosody.blocks.1.depthwise")
    assert voice.model.prosody.blocks[1].depthwise.dilation == (2,)
    calls = []
    with tensix.use("exact"):
        lowering = lowered(voice, lambda c: calls.append(c), plan, tensix)
        said(voice, lowering, SHORT)
    isolated = Isolated(voice, Plan.load(plan), "exact")
    found = {call.site: call for call in calls if call.site in sites}
    assert len(found) == len(sites)
    for call in found.values():
        assert torch.equal(isolated(call), call.result), call.site


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("plan", PLANS)
def test_bins_that_a_branch_does_not_have_pass_it_unchanged(arch, plan):
    """What `lowering.natural.vocoder` says of an angle and a gain of 0."""
    precision = Plan.load(plan).for_site("vocoder.spectrum.mul")
    site, x = Execution(tensix, precision), torch.randn(1, 32, 64)
    with tensix.use("exact", arch):
        x = tensix.typecast(tensix.from_torch(x, "float32"), precision.output)
        zero = tensix.typecast(tensix.from_torch(torch.zeros(1, 32, 64), "float32"), x.dtype)
        one, nothing = site.unary("cos", zero), site.unary("sin", zero)
        turned = site.binary("multiply", one, x), site.binary("multiply", nothing, x)
        assert torch.equal(one.values, torch.ones(1, 32, 64))
        assert torch.equal(turned[0].values, x.values) and not turned[1].values.any()
        assert torch.equal(site.binary("subtract", *turned).values, x.values)
        assert torch.equal(site.binary("add", *turned).values, x.values)
        if x.dtype == "bfloat16":
            assert torch.equal(site.addcmul(x, nothing, x, -1.0).values, x.values)
            assert torch.equal(site.addcmul(x, nothing, x).values, x.values)
            assert torch.equal(site.addcmul(nothing, one, x).values, x.values)


def test_constants_are_uploaded_once(monkeypatch):
    uploads = []

    def from_torch(x, dtype):
        uploads.append(x.shape)
        return x

    monkeypatch.setattr(plain_ops, "from_torch", from_torch)
    monkeypatch.setattr(plain_ops, "__name__", "plain_ops.counted")
    voice = untrained(SMALL)
    lowering = lowered(voice)

    def uploaded():
        uploads.clear()
        with torch.inference_mode():
            lowering.acoustics(torch.arange(11)[None])
        return len(uploads)

    first, sentence = uploaded(), uploaded()
    assert sentence < first / 3
    with torch.no_grad():
        voice.model.encoder.norm.bias += 1
    assert uploaded() == sentence + 1
    assert uploaded() == sentence
