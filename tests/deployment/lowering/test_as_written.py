"""Networks that are no longer what the lowering describes are refused, not run as they were."""

import copy

import pytest
import torch
from torch import nn

import lightning_v2 as lv2
from lightning_v2.errors import ArgumentError

TEXT = "Hi."


def _hooked(model):
    model.vocoder.head.noise_gain.log.register_forward_hook(
        lambda module, given, result: result * 1.2
    )


def _patched(model):
    forward = model.vocoder.head.noise_gain.log.forward
    model.vocoder.head.noise_gain.log.forward = lambda *given: forward(*given) * 1.2


def _replaced(model):
    path = next(path for path, module in model.named_modules() if isinstance(module, nn.GELU))
    model.set_submodule(path, nn.ReLU())


@pytest.mark.parametrize("edit", [_hooked, _patched, _replaced])
def test_an_edited_network_is_refused(edit):
    voice = copy.deepcopy(lv2.load())
    edit(voice.model)
    with pytest.raises(ArgumentError, match=r"is not the one that is written out.*voice\.model"):
        lv2.compare(voice, TEXT, "bf16")
    with lv2.emulate(voice.model, "bf16") as emulation:
        voice.synthesize(TEXT)
    assert not emulation.is_empty


def test_other_weights_are_no_edit():
    voice = copy.deepcopy(lv2.load())
    voice.model.vocoder.head.noise_gain.log.weight.data.mul_(1.1)
    with lv2.emulate(voice, "bf16"):
        assert len(voice.synthesize(TEXT).waveform)


def test_autocast_around_a_voice_changes_nothing():
    voice = lv2.load()
    plain = voice.synthesize(TEXT).waveform
    with lv2.emulate(voice, "bf16"):
        low = voice.synthesize(TEXT).waveform
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (voice.synthesize(TEXT).waveform == plain).all()
        with lv2.emulate(voice, "bf16"):
            assert (voice.synthesize(TEXT).waveform == low).all()


def test_a_negative_seed_is_refused():
    with pytest.raises(ArgumentError, match="seed is -1; legal are"):
        lv2.load().synthesize(TEXT, seed=-1)
