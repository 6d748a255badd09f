import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import lightning_v2 as lv2
from lightning_v2.model.checkpoint import file_digest
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


def test_layers_share_their_weights_and_so_does_their_file(natural_folder):
    network, *_ = load_checkpoint(natural_folder)
    first, second = (layer.attention.output for layer in network.encoder.layers)
    assert first.weight is second.weight
    assert first is not second
    stored = load_file(natural_folder / "model.safetensors")
    assert "encoder.layers.0.up.weight" in stored
    assert "encoder.layers.1.up.weight" not in stored


def test_a_missing_tensor(copied):
    folder = copied()
    tensors = load_file(folder / "model.safetensors")
    tensors.pop("text.norm.bias")
    save_file(tensors, folder / "model.safetensors")
    copied(sha256=file_digest(folder / "model.safetensors"))
    with pytest.raises(lv2.CheckpointError, match=r"has or lacks text\.norm\.bias"):
        lv2.load(folder)
