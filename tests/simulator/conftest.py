"""Without a simulator nothing here can be tried: that is an error, which says what is missing."""

import pytest

from lightning_v2.deployment.device.target import obstacle


def pytest_sessionstart(session):
    missing = obstacle("simulator")
    if missing is not None:
        pytest.exit(f"no simulator: {missing}", returncode=2)
