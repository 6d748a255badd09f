"""Workers are processes of their own: they find the measurements of tests by this path."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="module")
def scheduler():
    """Address of a scheduler with one worker, a process of its own that stays for all tests."""
    from lightning_v2.search.sweep.cluster import connected

    with connected(None, 1, 1) as client:
        yield client.scheduler.address
