"""Each choice by itself, and all of them: the same speech, made otherwise."""

import dataclasses

import numpy as np
import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.checkpoint import save_checkpoint
from lightning_v2.model.natural.choices import MADE, USUAL, Choices
from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.remade import remade
from lightning_v2.precision import voice_sites
from tests.untrained import SMALL, untrained

TEXT = "Seven ships sailed."
ALONE = [Choices(**{name: usual}) for name, usual in dataclasses.asdict(USUAL).items()]
WHICH = [*dataclasses.asdict(USUAL), "all"]


@pytest.fixture(scope="module")
def voice():
    return untrained(SMALL)


@pytest.fixture(scope="module")
def said(voice):
    return voice.synthesize(TEXT)


@pytest.mark.parametrize("choices", [*ALONE, USUAL], ids=WHICH)
def test_in_float32_it_says_the_same(voice, said, choices):
    other = remade(voice, choices)
    speech = other.synthesize(TEXT)
    assert (other.config.choices, other.model.choices) == (choices, choices)
    assert np.array_equal(speech.f0, said.f0)
    # Of a phase of many cycles float32 keeps a hundred thousandth: pulses feel it.
    allowed = 0.02 if choices.phase == "float" else 1e-5
    difference = np.linalg.norm(speech.waveform - said.waveform)
    assert difference < allowed * np.linalg.norm(said.waveform)


def test_what_is_usual_is_not_the_same_network(voice):
    made, usual = (
        {site.name: site for site in voice_sites(x)} for x in (voice, remade(voice, USUAL))
    )
    assert made["source.phase"].op == "phase" and "source.phase" not in usual
    phase = usual["source.running_sum"]
    assert (phase.op, phase.role) == ("cumsum", "phase")
    assert "vocoder.head.free_gain.clamp" in made
    assert "vocoder.head.free_gain.clamp" not in usual
    assert "vocoder.spectrum.atan2" in usual and "vocoder.spectrum.atan2" not in made
    assert usual["vocoder.inverse"].role == "sound"
    assert usual["vocoder.inverse"].weights == 2 * 608 * 1200


@pytest.mark.parametrize("choices", [*ALONE, USUAL], ids=WHICH)
def test_it_is_emulated_by_interception(voice, choices):
    other = remade(voice, choices)
    with lv2.emulate(other, "bf16") as emulation:
        rounded = other.synthesize(TEXT)
    assert not emulation.unemulated
    assert rounded.plan == "bf16"
    exact = other.synthesize(TEXT, forced=rounded)
    assert not np.array_equal(rounded.waveform, exact.waveform)
    assert np.corrcoef(rounded.waveform, exact.waveform)[0, 1] > 0.98


def test_a_float_phase_in_bfloat16_loses_the_pulses(voice):
    other = remade(voice, Choices(phase="float"))
    forced = other.synthesize(TEXT)
    sums = {}
    for name, output in (("kept", "float32"), ("lost", "bfloat16")):
        rule = f"{{sites: source.running_sum, activations: {output}, output: {output}}}"
        plan = lv2.Plan.parse(
            f"default: {{activations: float32, output: float32}}\nrules: [{rule}]"
        )
        seen = []
        with lv2.emulate(other, plan, observer=seen.append):
            other.synthesize(TEXT, forced=forced)
        (call,) = [call for call in seen if call.site == "source.running_sum"]
        sums[name] = call.result
    drift = (sums["kept"] - sums["lost"]).abs()
    assert drift[0, -1] > 0.5  # cycles
    advance = other.model.source.advance(torch.from_numpy(forced.decisions["f0"])[None])
    assert (sums["kept"] - torch.cumsum(advance.double(), 1)).abs().max() < 1e-3


def test_no_device_runs_it(voice):
    with pytest.raises(ArgumentError, match="is not written out as device operations"):
        lv2.Deployment(remade(voice, USUAL), "bf16", None)


def test_what_is_typical_cannot_be_found_again(voice):
    with pytest.raises(ArgumentError, match="does not know what is typical of a bin"):
        remade(remade(voice, USUAL), MADE)


def test_on_disk(voice, tmp_path):
    other = remade(voice, USUAL)
    save_checkpoint(tmp_path, other.model, other.config, other.symbols, {})
    loaded = lv2.load(tmp_path)
    assert loaded.config == other.config == dataclasses.replace(SMALL, choices=USUAL)
    assert isinstance(loaded.config.choices, Choices) and NaturalConfig().choices == MADE
