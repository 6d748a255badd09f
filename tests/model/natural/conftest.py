import json
from dataclasses import asdict

import pytest

from lightning_v2.model.natural.checkpoint import save_checkpoint
from tests.untrained import SMALL, network, symbols

TEXT = "Seven ships sailed. Two came back!"


@pytest.fixture(scope="session")
def natural_folder(tmp_path_factory):
    """A natural voice of small sizes and random weights."""
    folder = tmp_path_factory.mktemp("voices") / "small"
    save_checkpoint(folder, network(SMALL), SMALL, symbols(), {"teacher": "none"})
    assert json.loads((folder / "config.json").read_text())["voice"] == asdict(SMALL)
    return folder
