"""A checkpoint that is not exactly ours is refused, with its reason."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from lightning_v2.model import CheckpointError, VoiceConfig, load, load_checkpoint, save_checkpoint
from lightning_v2.model.checkpoint import file_digest
from lightning_v2.resources import data_path


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "voice"
    shutil.copytree(data_path("voices", "slt"), copy)
    return copy


def edit_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_weights(folder, change):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    edit_config(folder, sha256=file_digest(path))


def test_what_is_saved_is_loaded(tmp_path, slt_untrained):
    save_checkpoint(tmp_path / "v", slt_untrained, VoiceConfig(), {"from": "a test"})
    network, config = load_checkpoint(tmp_path / "v")
    assert config == VoiceConfig()
    assert load(tmp_path / "v").digest == file_digest(tmp_path / "v" / "model.safetensors")
    for name, value in slt_untrained.state_dict().items():
        assert torch.equal(network.state_dict()[name], value)
    assert not network.training


def test_shipped_voice_fits_into_24_mb():
    folder = data_path("voices", "lark")
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 24e6


def test_missing_files(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        load_checkpoint(folder)
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        load_checkpoint(folder)


def test_truncated_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folder)


def test_one_flipped_bit(folder):
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folder)


def test_weights_that_are_no_safetensors(folder):
    path = folder / "model.safetensors"
    path.write_bytes(b"hello")
    edit_config(folder, sha256=file_digest(path))
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_checkpoint(folder)


def test_config_that_is_no_json(folder):
    (folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="not JSON"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": "vocos"}, "format 'vocos'"),
        ({"phones": ["a"]}, "other phones"),
        ({"voice": {"width": 192}}, "fields of 'voice'"),
        ({"phones": 5}, "other phones"),
        ({"features": None}, "other features"),
    ],
)
def test_foreign_config(folder, changes, reason):
    edit_config(folder, **changes)
    with pytest.raises(CheckpointError, match=reason):
        load_checkpoint(folder)


def test_impossible_width(folder):
    voice = json.loads((folder / "config.json").read_text())["voice"]
    edit_config(folder, voice=voice | {"width": 100})
    with pytest.raises(CheckpointError, match="multiple of 32"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"heads": 0}, "heads is 0: must be a whole number from 1"),
        ({"width": "192"}, "width is '192': must be a whole number"),
        ({"width": 32 * 10**9}, "must be a whole number from 1 to 65536"),
        ({"encoder": 5}, "encoder is 5: must be a stack of blocks"),
        ({"encoder": {"blocks": 10**9, "kernel": 5}}, "blocks is 1000000000"),
        ({"encoder": {"blocks": True, "kernel": 5}}, "blocks is True"),
        ({"encoder": {"blocks": 4, "kernel": 6}}, "kernel is 6: must be odd"),
        ({"width": 65536, "heads": 2048}, "not a voice of this kind: .* expected"),
    ],
)
def test_impossible_sizes(folder, changes, reason):
    voice = json.loads((folder / "config.json").read_text())["voice"]
    edit_config(folder, voice=voice | changes)
    with pytest.raises(CheckpointError, match=reason):
        load_checkpoint(folder)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, "\ufeff{}"])
def test_config_that_json_cannot_take(folder, text):
    (folder / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match="not JSON"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.pop("encoder.norm.weight"), "missing, for example encoder.norm.weight"),
        (lambda t: t.update(extra=torch.zeros(1)), "unknown, for example extra"),
        (lambda t: t.update({"encoder.norm.weight": torch.zeros(3)}), r"shape \[3\]"),
        (
            lambda t: t.update({"encoder.norm.weight": t["encoder.norm.weight"].half()}),
            "dtype torch.float16, expected torch.float32",
        ),
        (lambda t: t["decoder.norm.weight"].fill_(float("nan")), "undefined values in decoder"),
    ],
)
def test_foreign_weights(folder, change, reason):
    edit_weights(folder, change)
    with pytest.raises(CheckpointError, match=reason):
        load_checkpoint(folder)


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(CheckpointError, match="no voice 'nobody': known are lark, slt"):
        load("nobody")
