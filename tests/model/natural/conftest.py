import json
from dataclasses import asdict

import pytest
import torch

from lightning_v2.model.natural.checkpoint import save_checkpoint
from lightning_v2.model.natural.config import NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.text.misaki import misaki_sentences

SMALL = NaturalConfig(
    width=32, heads=1, layers=2, text=32, text_heads=1, text_layers=2, prosody_blocks=2,
    channels=64, inner=64, decoder_blocks=1, harmonic_bins=128, turned_bins=64, free_bins=96,
)  # fmt: skip
TEXT = "Seven ships sailed. Two came back!"


@pytest.fixture(scope="session")
def natural_folder(tmp_path_factory):
    """A natural voice of small sizes and random weights."""
    folder = tmp_path_factory.mktemp("voices") / "small"
    torch.manual_seed(0)
    network = NaturalNetwork(SMALL)
    with torch.no_grad():
        network.duration.output.bias.fill_(1.5)
        network.prosody.pitch.bias.fill_(0.9)
    phones = sorted({phone for sentence in misaki_sentences(TEXT) for phone in sentence})
    symbols = {"_": 0} | {phone: row for row, phone in enumerate(phones, 1)}
    save_checkpoint(folder, network, SMALL, symbols, {"teacher": "none"})
    assert json.loads((folder / "config.json").read_text())["voice"] == asdict(SMALL)
    return folder
