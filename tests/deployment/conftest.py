import pytest
import torch

from lightning_v2 import load
from lightning_v2.model import Network, SourceFilterVoice, VoiceConfig
from tests.untrained import SMALL, untrained


@pytest.fixture(scope="package")
def voice():
    """A voice of small sizes and random weights, which speaks fast."""
    return untrained(SMALL)


@pytest.fixture(scope="package")
def trained():
    """The voice that ships."""
    return load()


@pytest.fixture(scope="package")
def natural(voice):
    return voice


@pytest.fixture(scope="package")
def lark(trained):
    return trained


@pytest.fixture(scope="package")
def slt():
    return load("slt")


@pytest.fixture(scope="package")
def slt_untrained():
    """A voice of the sizes of slt with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SourceFilterVoice("untrained", Network(VoiceConfig()).eval(), VoiceConfig())
