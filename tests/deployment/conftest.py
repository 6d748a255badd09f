import pytest
import torch

from lightning_v2 import load as load_any
from lightning_v2.model import Network, SourceFilterVoice, VoiceConfig, load
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.text.misaki import misaki_sentences
from tests.model.natural.conftest import SMALL, TEXT


@pytest.fixture(scope="package")
def voice():
    """A voice of the shipped sizes with random weights: short speech, and nothing saturates."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SourceFilterVoice("untrained", Network(VoiceConfig()).eval(), VoiceConfig())


@pytest.fixture(scope="package")
def trained():
    """The voice that ships."""
    return load()


@pytest.fixture(scope="package")
def natural():
    """A natural voice of small sizes and random weights, which speaks fast."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = NaturalNetwork(SMALL).eval().requires_grad_(False)
        network.duration.output.bias.fill_(1.5)
        network.prosody.pitch.bias.fill_(0.9)
    phones = sorted({phone for sentence in misaki_sentences(TEXT) for phone in sentence})
    rows = {"_": 0} | {phone: row for row, phone in enumerate(phones, 1)}
    return NaturalVoice("small", network, SMALL, rows)


@pytest.fixture(scope="package")
def lark():
    """The one that ships."""
    return load_any("lark")
