import numpy as np
import pytest
import torch
from torch import nn

import lightning_v2 as lv2
from lightning_v2.adaptation.lessons import Teacher
from lightning_v2.errors import ArgumentError
from lightning_v2.model.module_voice import ModuleVoice
from lightning_v2.model.natural.layers import Basis


def survey(voice, text="Now."):
    return Teacher(voice, 0, torch.device("cpu")).survey([text])


def test_what_learns_in_a_natural_voice(small):
    found = survey(small, "Seven ships.")
    parameters = dict(small.model.named_parameters())
    assert set(found.learning) <= set(parameters)
    # all but the tables of phones
    assert set(parameters) - set(found.learning) == {
        "encoder.embedding.weight", "text.embedding.weight"
    }  # fmt: skip
    assert found.predictions == {"durations": ("duration.output",), "f0": ("prosody.pitch",)}
    assert 1 < len(found.watched) <= 2 * 12


def test_transforms_of_a_front_end_stay_what_they_are():
    voice = lv2.load("hibari")
    found = survey(voice)
    parameters = dict(voice.model.named_parameters())
    assert "waveform.synthesis.weight" in parameters
    assert not [name for name in found.learning if name.startswith("waveform.")]
    assert sum(parameters[name].numel() for name in found.learning) > 4_000_000
    assert {*found.predictions} == {"durations", "f0"}


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix, self.norm = nn.Conv1d(1, 32, 1), nn.BatchNorm1d(32)
        self.recur, self.sound = nn.GRU(32, 32, batch_first=True), nn.Linear(32, 1, bias=False)
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, x):
        y, _ = self.recur(self.norm(self.mix(x)).transpose(1, 2))
        return self.gain * self.sound(y).flatten()


def test_products_convolutions_recurrences_and_norms_learn():
    voice = ModuleVoice(Normed(), {"a": torch.randn(1, 1, 64)}, 24000)
    learning = set(survey(voice, "a").learning)
    recurrent = {f"recur.{kind}_{of}_l0" for kind in ("weight", "bias") for of in ("ih", "hh")}
    others = {"mix.weight", "mix.bias", "norm.weight", "norm.bias", "sound.weight"}
    assert learning == recurrent | others


def test_a_voice_of_fixed_transforms_is_refused_with_the_reason():
    voice = ModuleVoice(Basis(torch.eye(64)), {"a": torch.randn(1, 64)}, 24000, "fixed")
    found = survey(voice, "a")
    with pytest.raises(ArgumentError, match="nothing of voice 'fixed' can be trained under plan p"):
        found.refuse_nothing(voice.name, "p")


def test_nothing_can_be_said():
    voice = ModuleVoice(nn.Linear(8, 8), {"a": np.ones(8)}, 24000, "mute")
    with pytest.raises(ArgumentError, match="'mute' can say none of the 1 texts"):
        survey(voice, "b")
