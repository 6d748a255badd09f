import pytest
import torch

from lightning_v2.model import Network, VoiceConfig, load


@pytest.fixture(scope="session")
def voice():
    """The voice that ships."""
    return load()


@pytest.fixture(scope="session")
def untrained():
    """A network of the shipped sizes with fresh weights: for what does not depend on training."""
    torch.manual_seed(0)
    return Network(VoiceConfig()).eval().requires_grad_(False)
