import pytest
import torch

from lightning_v2.model import Network, SourceFilterVoice, VoiceConfig, load


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
