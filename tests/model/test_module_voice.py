import json
import subprocess
import sys

import cloudpickle
import numpy as np
import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.errors import ArgumentError
from lightning_v2.model.protocol import only_sentences
from lightning_v2.precision import voice_sites
from tests import own_modules
from tests.own_modules import RATE, chain, made, mel, tokens

TEXT = "Seven silver ships."
PLAN = lv2.Plan.parse("{name: low, default: {weights: bfloat8_b, math_fidelity: LoFi}}")


def generator(**more):
    inputs = {TEXT: mel(200), "More.": mel(300, seed=2), **more}
    return lv2.ModuleVoice(made(own_modules.Generator), inputs, audio=RATE, name="mine")


def speaker():
    """A voice that says any text."""
    return lv2.ModuleVoice(chain(), tokens, audio=RATE)


def test_it_is_a_voice():
    assert isinstance(generator(), lv2.Voice)
    assert only_sentences(generator()) == (TEXT, "More.") and only_sentences(speaker()) is None
    assert only_sentences(lv2.load()) is None
    assert {"pre", "ups.0", "post"} <= {site.name for site in voice_sites(generator())}
    assert voice_sites(speaker())[0].name == "acoustic.mix"


def test_it_says_what_its_inputs_are_of():
    one, two = generator().synthesize([TEXT, "More."])
    assert (one.text, one.sample_rate, len(one.waveform)) == (TEXT, RATE, 64 * 200)
    assert len(two.waveform) == 64 * 300
    assert len(speaker().synthesize("any").waveform) == 64 * 12
    with pytest.raises(lv2.TextError, match=r"'mine' has no inputs for 'Less.', only 'Seven silv"):
        generator().synthesize("Less.")
    with pytest.raises(ArgumentError, match=r"forced is speech of another text: 'More.'"):
        generator().synthesize(TEXT, forced=two)


def test_compared_and_covered():
    found = lv2.compare(generator(), TEXT, PLAN)
    assert found.aligned and 5 < found.metrics["snr_db"] < 60
    assert found.candidate.plan == "low"
    assert PLAN.coverage(generator()).share("math_fidelity", "LoFi") == 1
    lost = lv2.Plan.parse("rules: [{sites: nowhere, weights: float32}]")
    with pytest.raises(lv2.PlanError, match="'nowhere'"):
        lv2.compare(generator(), TEXT, lost)


def test_noise_comes_from_the_seed():
    noisy = lv2.ModuleVoice(made(own_modules.Noisy), {TEXT: mel(200)}, audio=RATE)
    before = torch.get_rng_state()
    waves = [noisy.synthesize(TEXT, seed=seed).waveform for seed in (0, 0, 1)]
    assert np.array_equal(waves[0], waves[1]) and not np.array_equal(waves[0], waves[2])
    assert torch.equal(torch.get_rng_state(), before)
    assert lv2.compare(noisy, TEXT, "bf16", layers=False).metrics["snr_db"] > 20


def test_the_digest_is_of_weights_inputs_and_code():
    voice = generator()
    digests = {voice.digest, generator(Third=mel()).digest}
    with torch.no_grad():
        voice.model.post.bias.add_(1)
    digests |= {voice.digest, lv2.ModuleVoice([voice.model], {TEXT: mel()}, audio=RATE).digest}
    digests |= {lv2.ModuleVoice(voice.model, one, audio=RATE).digest for one in (tokens, mel)}
    assert len(digests) == 5  # two functions of one file are told apart by nothing
    again = cloudpickle.loads(cloudpickle.dumps(generator()))
    assert generator().digest == generator().digest == again.digest


SAID = """
import json
from tests.model.test_module_voice import generator, speaker
print(json.dumps([generator().digest, speaker().digest]))
"""


def test_the_digest_is_the_same_in_another_process():
    said = subprocess.run([sys.executable, "-c", SAID], check=True, capture_output=True, text=True)
    assert json.loads(said.stdout) == [generator().digest, speaker().digest]


@pytest.mark.parametrize(
    ("inputs", "audio", "words"),
    [({}, RATE, "no inputs"), ({TEXT: mel()}, 0, "audio is 0")],
)
def test_what_makes_no_voice(inputs, audio, words):
    with pytest.raises(ArgumentError, match=words):
        lv2.ModuleVoice(made(own_modules.Generator), inputs, audio=audio)
