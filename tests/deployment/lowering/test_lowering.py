"""The lowering by itself: on operations that round nothing it must be the network."""

import numpy as np
import pytest
import torch

from lightning_v2.deployment.lowering.lowering import Lowering
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.executors import executed_by
from lightning_v2.model.network import Frames
from lightning_v2.precision import Plan, voice_sites
from tests.deployment import plain_ops

TEXT = "Hello there, this is a voice."
PLAN = Plan.load("fp32")


@pytest.fixture(scope="module")
def sentence():
    """Phones, features of 11 phones."""
    generator = torch.Generator().manual_seed(5)
    phones = torch.randint(0, 40, (1, 11), generator=generator)
    return phones, torch.randn(1, 11, 32, generator=generator)


@pytest.fixture(scope="module")
def frames():
    """Acoustics of 20 frames that no network said."""
    generator = torch.Generator().manual_seed(6)
    f0 = 150 + 80 * torch.rand(1, 20, generator=generator)
    f0[:, 5:9] = 0
    envelope = torch.randn(1, 20, 64, generator=generator)
    return Frames(torch.tensor([[20.0]]), f0, envelope, torch.zeros(1, 20, 32))


def lowered(slt_untrained, observer=None):
    return Lowering(slt_untrained.model, Runner(plain_ops, PLAN.for_site, observer))


def test_acoustics_are_those_of_the_network(slt, sentence):
    with torch.inference_mode():
        mine, wanted = lowered(slt).acoustics(*sentence), slt.model.acoustics(*sentence)
    torch.testing.assert_close(mine.ends, wanted.ends, rtol=1e-5, atol=0)
    torch.testing.assert_close(mine.f0, wanted.f0, rtol=1e-5, atol=0)
    torch.testing.assert_close(mine.envelope, wanted.envelope, rtol=0, atol=1e-4)
    torch.testing.assert_close(mine.pitch, wanted.pitch, rtol=0, atol=1e-4)


def test_forced_acoustics_are_those_of_the_network(slt, sentence):
    ends = torch.arange(3, 36, 3)[None].float()
    f0 = torch.linspace(120, 240, 34)[None]
    mine = lowered(slt)
    with torch.inference_mode():
        frames = mine.acoustics(*sentence, ends, f0)
        wanted = slt.model.acoustics(*sentence, ends, f0)
    assert frames.ends is ends and frames.f0 is f0
    torch.testing.assert_close(frames.envelope, wanted.envelope, rtol=0, atol=1e-4)
    assert not any(site.startswith(("duration", "pitch")) for site in mine.runner.sites)


def test_waves_are_those_of_the_network(slt, frames):
    noise = torch.randn(1, 20 * 256, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        mine, wanted = lowered(slt).wave(frames, noise), slt.model.wave(frames, noise)
    assert mine.shape == wanted.shape
    assert (mine - wanted).abs().max() < 1e-5 * wanted.abs().max()


def test_speech_is_that_of_the_network(slt):
    with executed_by(slt.model, lowered(slt)):
        mine = slt.synthesize(TEXT)
    wanted = slt.synthesize(TEXT)
    assert np.abs(mine.waveform - wanted.waveform).max() < 1e-3
    assert mine.frames == wanted.frames


def test_sites_are_those_of_the_network(slt):
    lowering = lowered(slt)
    with executed_by(slt.model, lowering):
        slt.synthesize(TEXT)
    wanted = [(site.name, site.op) for site in voice_sites(slt)]
    assert list(lowering.runner.sites.items()) == wanted


def test_only_modules_of_the_host_run_there(slt):
    lowering = lowered(slt)
    with executed_by(slt.model, lowering):
        slt.synthesize(TEXT)
    modules = dict(slt.model.named_modules())
    assert all(modules[path].on_host for path, _ in lowering.runner.host)
    assert lowering.runner.host["vocoder.framing", "forward"] == 2


def test_observers_see_the_shapes_of_the_network(slt):
    shapes, order = {}, []

    def observe(call):
        torch.testing.assert_close(call.by_torch(), call.result, rtol=1e-4, atol=1e-4)
        shapes[call.site] = tuple(call.result.shape)
        order.append(call.site)

    lowering = lowered(slt, observe)
    with executed_by(slt.model, lowering):
        slt.synthesize(TEXT)
    sites = voice_sites(slt, TEXT)
    assert shapes == {site.name: site.shapes[-1] for site in sites}
    assert order == [site.name for site in sites]


def test_one_sentence_at_a_time(slt_untrained, sentence, frames):
    two = tuple(torch.cat([x, x]) for x in sentence)
    with pytest.raises(ValueError, match="phones holds 2 sentences; legal is 1 at a time"):
        lowered(slt_untrained).acoustics(*two)
    f0 = torch.cat([frames.f0, frames.f0])
    both = Frames(frames.ends, f0, frames.envelope, frames.pitch)
    with pytest.raises(ValueError, match=r"frames.f0 holds 2 sentences"):
        lowered(slt_untrained).wave(both, torch.zeros(2, 20 * 256))


def test_errors_name_the_site(slt_untrained, sentence):
    phones, features = sentence
    with pytest.raises(RuntimeError) as caught:
        lowered(slt_untrained).acoustics(phones, features[..., :5])
    assert caught.value.__notes__ == ["in linear at site encoder.features"]


def test_constants_are_uploaded_once(slt_untrained, sentence, monkeypatch):
    counts = []

    def from_torch(x, dtype):
        counts.append(x.shape)
        return x

    monkeypatch.setattr(plain_ops, "from_torch", from_torch)
    monkeypatch.setattr(plain_ops, "__name__", "plain_ops.counted")
    lowering = lowered(slt_untrained)
    with torch.inference_mode():
        lowering.acoustics(*sentence)
        first = len(counts)
        lowering.acoustics(*sentence)
    # Phones, features, two masks; the phone of each frame and its position, for pitch and decoder.
    assert len(counts) == first + 10
    with torch.no_grad():
        slt_untrained.model.encoder.norm.bias += 1
    with torch.inference_mode():
        lowering.acoustics(*sentence)
    assert len(counts) == first + 10 + 11
