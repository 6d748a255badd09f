"""A natural voice with other choices: it says the same, and is made otherwise."""

from dataclasses import replace

import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.choices import Choices
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.voice import NaturalVoice

_GAINS = ("harmonic_gain", "noise_gain", "free_gain")


def remade(voice: NaturalVoice, choices: Choices) -> NaturalVoice:
    """The same voice, made as other choices want it.

    In float32 both say the same but for rounding: weights stay, and where gains become unbounded,
    what is typical of a bin moves into biases. Weights that have learned a plan are left behind.

    Raises:
        ArgumentError: unbounded gains are to become bounded: what is typical is not known.
    """
    own = voice.config.choices
    if own.gains == "unbounded" != choices.gains:
        raise ArgumentError(f"voice {voice.name!r} does not know what is typical of a bin")
    config = replace(voice.config, choices=choices)
    network, weights = NaturalNetwork(config), dict(voice.model.state_dict())
    if own.gains != choices.gains:
        for gain in _GAINS:
            typical = weights.pop(f"vocoder.head.{gain}.typical")
            bias = f"vocoder.head.{gain}.log.bias"
            weights[bias] = weights[bias] + torch.log(typical)
    network.load_state_dict(weights)
    network.eval().requires_grad_(False)
    return NaturalVoice(voice.name, network, config, voice.symbols)
