"""The lowering in static shapes, on the emulated chip: bits do not depend on padding or company."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2 import tensix
from lightning_v2.deployment.lowering.buckets import EXACT_LENGTHS, Buckets, TooLongError
from lightning_v2.deployment.lowering.lowering import Lowering
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.model.voice import Script
from lightning_v2.precision import Plan
from lightning_v2.tensix.intercept.execution import Execution
from lightning_v2.tensix.numbers.formats import FORMATS
from lightning_v2.threads import torch_threads
from tests.deployment import plain_ops

PLANS = ("bf16", "lightning-v2", "fp32", "naive")
TEXT = "Hi there."


@pytest.fixture(autouse=True)
def inference():
    """As voices speak; products of the host are summed by one thread."""
    with torch.inference_mode(), torch_threads(1):
        yield


def lowering(slt_untrained, plan, buckets, ops=tensix):
    return Lowering(slt_untrained.model, Runner(ops, Plan.load(plan).for_site), buckets)


def lines(slt_untrained, text=TEXT):
    return slt_untrained.lines(Script.of(text))


def speak_alone(lowered, line):
    frames = lowered.acoustics(line.phones, line.features, line.ends, line.f0)
    return frames, lowered.wave(frames, line.noise(frames.f0.shape[1]))


def speak_together(lowered, together):
    return lowered.speak(
        [line.phones for line in together],
        [line.features for line in together],
        [line.ends for line in together],
        [line.f0 for line in together],
        [line.noise for line in together],
    )


def assert_same(one, other):
    (frames, wave), (wanted, wanted_wave) = one, other
    for name in ("ends", "f0", "envelope", "pitch"):
        assert torch.equal(getattr(frames, name), getattr(wanted, name)), name
    assert torch.equal(wave, wanted_wave)


@pytest.mark.parametrize("plan", PLANS)
def test_bits_do_not_depend_on_the_bucket_of_frames(slt, plan):
    (line,) = lines(slt)
    wanted = speak_alone(lowering(slt, plan, EXACT_LENGTHS), line)
    count = wanted[0].f0.shape[1]
    assert count > 96
    # In pieces, the last of which ends in padding.
    pieces = lowering(slt, plan, Buckets(frames=(64, 96)))
    assert_same(speak_alone(pieces, *lines(slt)), wanted)


@pytest.mark.parametrize("plan", PLANS)
def test_bits_do_not_depend_on_the_batch(slt_untrained, plan):
    """Sentences of one bucket of phones and of few frames."""
    text = "Hi there. No!"
    buckets = Buckets(phones=(32,), frames=(32, 96), batch=2)
    alone = lowering(slt_untrained, plan, EXACT_LENGTHS)
    wanted = [speak_alone(alone, line) for line in lines(slt_untrained, text)]
    spoken = speak_together(lowering(slt_untrained, plan, buckets), lines(slt_untrained, text))
    assert [wave.shape for _, wave in spoken] == [wave.shape for _, wave in wanted]
    for one, other in zip(spoken, wanted, strict=True):
        assert_same(one, other)


def test_bits_do_not_depend_on_the_batch_in_pieces(slt):
    """One sentence of a batch is forced, both are longer than the bucket."""
    text, plan = "Hi there. You two!", "lightning-v2"
    buckets = Buckets(phones=(32,), frames=(96,), batch=2)

    def mixed():
        forced = slt.lines(Script.of(text), slt.synthesize(text))
        return [forced[0], lines(slt, text)[1]]

    spoken = speak_together(lowering(slt, plan, buckets), mixed())
    alone = lowering(slt, plan, EXACT_LENGTHS)
    for one, line in zip(spoken, mixed(), strict=True):
        assert one[0].f0.shape[1] > 96
        assert_same(one, speak_alone(alone, line))


def test_stages_of_forced_sentences_leave_out_what_is_given(slt):
    (line,) = slt.lines(Script.of(TEXT), slt.synthesize(TEXT))
    stages = []

    def keep(name, compute, uploads, held):
        stages.append(name)
        kept, fetched = compute(**{x: up.values for x, up in uploads.items()}, **held)
        return kept, fetched

    run = Runner(plain_ops, Plan.load("fp32").for_site, stages=keep)
    forced = Lowering(slt.model, run, Buckets())
    speak_together(forced, [line])
    assert stages == ["encode untimed", "speech"]
    assert not any(site.startswith(("duration", "pitch")) for site in run.sites)


def test_padding_sees_nothing_and_is_not_seen(slt):
    """In float32 arithmetic batches in pieces are the network itself."""
    text = "Hi there. No! Why not, you two?"
    buckets = Buckets(phones=(64,), frames=(96, 128), batch=3, rows=384)
    spoken = speak_together(lowering(slt, "fp32", buckets, plain_ops), lines(slt, text))
    for (frames, wave), line in zip(spoken, lines(slt, text), strict=True):
        wanted = slt.model.acoustics(line.phones, line.features)
        assert frames.envelope.shape == wanted.envelope.shape
        torch.testing.assert_close(frames.envelope, wanted.envelope, rtol=0, atol=1e-3)
        heard = slt.model.wave(frames, line.noise(frames.f0.shape[1]))
        assert (wave - heard).abs().max() < 1e-5 * heard.abs().max()


def test_a_sentence_without_a_bucket(slt_untrained):
    lowered = lowering(slt_untrained, "bf16", Buckets(phones=(32,)), plain_ops)
    with pytest.raises(TooLongError, match="a sentence of 33 phones; the largest bucket is 32"):
        lowered.acoustics(torch.zeros(1, 33, dtype=torch.int64), torch.zeros(1, 33, 32))


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("dtype", FORMATS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.integers(-60, 60))
def test_masking_is_exact_in_every_format(arch, dtype, seed, scale):
    """Times 1 what is stored stays as it is; times 0 it is zero."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 64, 48, generator=generator) * 2.0**scale
    stored = tensix.typecast(tensix.from_torch(x, "float32"), dtype)
    valid = (torch.rand(1, 64, 1, generator=generator) < 0.5).float()
    with tensix.use("exact", arch):
        mask = tensix.typecast(tensix.from_torch(valid, "bfloat16"), dtype)
        y = tensix.multiply(stored, mask)
    assert y.dtype == dtype
    assert torch.equal(y.values, torch.where(valid > 0, stored.values, 0))


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 64), scale=st.floats(0.01, 100))
def test_keys_that_are_padding_have_no_weight(plan, arch, seed, count, scale):
    site = Execution(tensix, Plan.load(plan).for_site("encoder.blocks.0.attention.softmax"))
    generator = torch.Generator().manual_seed(seed)
    scores = scale * torch.randn(1, 2, 32, 64, generator=generator)
    keys = torch.where(torch.arange(64) < count, 0.0, -1e4).view(1, 1, 1, 64)
    with tensix.use("exact", arch):
        scores = tensix.from_torch(scores, "bfloat16")
        weights = site.softmax(scores, mask=tensix.from_torch(keys, "bfloat16")).values
    assert torch.equal(weights[..., count:], torch.zeros(1, 2, 32, 64 - count))
    assert (weights[..., :count].sum(-1) > 0.5).all()
