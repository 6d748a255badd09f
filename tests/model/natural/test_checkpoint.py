import json

import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.model.natural.checkpoint import load_checkpoint, weights_digest


@pytest.fixture
def copied(natural_folder, tmp_path):
    """A copy of the small voice, and a function that changes its config.json."""
    for path in natural_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())

    def change(**fields):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))
        return tmp_path

    return change


def test_a_voice_has_a_digest_of_its_weights(natural_folder):
    voice, again = lv2.load(natural_folder), lv2.load(natural_folder)
    assert voice.digest == again.digest == weights_digest(voice.model)
    voice.model.vocoder.cosines.basis[3, 3] += 1
    assert voice.digest != again.digest


def test_weights_come_back_as_they_were_rounded(natural_folder):
    network, _, symbols = load_checkpoint(natural_folder)
    for value in network.state_dict().values():
        assert torch.equal(value, value.half().float())
    assert symbols["_"] == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sha256": "0"}, "is damaged or belongs to another"),
        ({"voice": {}}, "fields of 'voice' differ"),
        ({"symbols": {"a": 1000}}, "rows that are not in the embedding"),
        ({"symbols": None}, "rows that are not in the embedding"),
        ({"format": ["lightning-v2-natural-voice/1"]}, "has format"),
    ],
)
def test_a_damaged_config(copied, fields, message):
    with pytest.raises(lv2.CheckpointError, match=message):
        lv2.load(copied(**fields))


def test_other_sizes(copied, natural_folder):
    sizes = json.loads((natural_folder / "config.json").read_text())["voice"]
    with pytest.raises(lv2.CheckpointError, match="not a voice of this kind"):
        lv2.load(copied(voice=sizes | {"width": 64, "heads": 2}))
    with pytest.raises(lv2.CheckpointError, match="must be a multiple of 32"):
        lv2.load(copied(voice=sizes | {"width": 40}))


def test_damaged_weights(copied):
    folder = copied()
    (folder / "model.safetensors").unlink()
    with pytest.raises(lv2.CheckpointError, match="is missing"):
        lv2.load(folder)
