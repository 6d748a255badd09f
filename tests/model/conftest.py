import pytest
import torch

from lightning_v2.model import Network, VoiceConfig, load
from tests.untrained import SMALL, network


@pytest.fixture(scope="session")
def voice():
    """The voice that ships."""
    return load()


@pytest.fixture(scope="session")
def untrained():
    """A network of small sizes with fresh weights: for what does not depend on training."""
    return network(SMALL)


@pytest.fixture(scope="session")
def slt():
    return load("slt")


@pytest.fixture(scope="session")
def slt_untrained():
    """A network of the sizes of slt with fresh weights."""
    torch.manual_seed(0)
    return Network(VoiceConfig()).eval().requires_grad_(False)
