import pytest

from lightning_v2.model import load
from tests.untrained import SMALL, network


@pytest.fixture(scope="session")
def voice():
    """The voice that ships."""
    return load()


@pytest.fixture(scope="session")
def untrained():
    """A network of small sizes with fresh weights: for what does not depend on training."""
    return network(SMALL)
