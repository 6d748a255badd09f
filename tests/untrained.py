"""A voice with random weights that can be heard: short phones, F0 in the middle of its range."""

import json

import torch

from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.resources import data_path

SMALL = NaturalConfig(
    width=32, heads=1, layers=2, text=32, text_heads=1, text_layers=2, prosody_blocks=2,
    channels=64, inner=64, decoder_blocks=1, harmonic_bins=128, turned_bins=64, free_bins=96,
)  # fmt: skip
"""Speaks fast."""


def symbols():
    """Phone -> row, of the voice that ships."""
    return json.loads(data_path("voices", "lark", "config.json").read_text("utf-8"))["symbols"]


def network(config, seed=0):
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        made = NaturalNetwork(config).eval().requires_grad_(False)
    made.duration.output.bias.fill_(1.7)
    made.prosody.pitch.bias.fill_(0.9)
    head = made.vocoder.head
    for gain, usual in (
        (head.harmonic_gain, 0.01),
        (head.noise_gain, 0.002),
        (head.free_gain, 0.002),
    ):
        gain.typical.fill_(usual)
    return made


def untrained(config=None, seed=0):
    """Of the sizes of the voice that ships, unless others are given."""
    config = config or NaturalConfig()
    return NaturalVoice("untrained", network(config, seed), config, symbols())
