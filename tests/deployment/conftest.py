import pytest

from lightning_v2 import load
from tests.untrained import SMALL, untrained


@pytest.fixture(scope="package")
def voice():
    """A voice of small sizes and random weights, which speaks fast."""
    return untrained(SMALL)


@pytest.fixture(scope="package")
def trained():
    """The voice that ships."""
    return load()
