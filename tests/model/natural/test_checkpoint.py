import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import lightning_v2 as lv2
from lightning_v2.model.checkpoint import file_digest
from lightning_v2.model.natural.checkpoint import load_checkpoint, weights_digest
from lightning_v2.model.natural.choices import MADE
from tests.untrained import SMALL, network, symbols


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


def test_what_is_saved_is_loaded_but_for_its_rounding(natural_folder):
    loaded, config, rows = load_checkpoint(natural_folder)
    saved = network(SMALL).state_dict()
    assert (config, rows) == (SMALL, symbols()) and rows["_"] == 0
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, saved[name].half().float()), name
    assert not loaded.training


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sha256": "0"}, "is damaged or belongs to another"),
        ({"voice": {}}, "fields of a voice differ"),
        ({"voice": 3}, "'voice' is 3: must hold the sizes"),
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


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"heads": 0}, "heads is 0: must be a whole number from 1"),
        ({"width": "192"}, "width is '192': must be a whole number"),
        ({"width": 32 * 10**9}, "must be a whole number from 1 to 4096"),
        ({"decoder_blocks": 10**9}, "decoder_blocks is 1000000000: must be .* from 1 to 64"),
        ({"layers": True}, "layers is True"),
        ({"choices": {"phase": "none"}}, "phase is 'none': must be 'integer' or 'float'"),
        ({"choices": {"phases": "float"}}, r"differ from this version's: \['phases'\]"),
        ({"choices": None}, r"differ from this version's: \['choices'\]"),
        ({"free_bins": 160}, "free_bins is 160: more than harmonic_bins"),
        ({"harmonic_bins": 640}, "harmonic_bins is 640: there are 608 bins"),
        ({"width": 4096, "decoder_blocks": 64}, "not a voice of this kind: .* missing"),
        ({"width": 4096}, r"not a voice of this kind: .* shape \[192, 32\], expected"),
    ],
)
def test_impossible_sizes(copied, natural_folder, changes, reason):
    sizes = json.loads((natural_folder / "config.json").read_text())["voice"]
    with pytest.raises(lv2.CheckpointError, match=reason):
        lv2.load(copied(voice=sizes | changes))


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "1" * 5000, "\ufeff{}"])
def test_a_config_that_is_no_json(copied, text):
    folder = copied()
    (folder / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(lv2.CheckpointError, match="not JSON"):
        lv2.load(folder)


def test_a_voice_without_choices_is_made_for_low_precision(copied, natural_folder):
    sizes = json.loads((natural_folder / "config.json").read_text())["voice"]
    del sizes["choices"]
    assert lv2.load(copied(voice=sizes)).config.choices == MADE


def test_missing_files(copied):
    folder = copied()
    (folder / "model.safetensors").unlink()
    with pytest.raises(lv2.CheckpointError, match=r"model\.safetensors is missing"):
        load_checkpoint(folder)
    (folder / "config.json").unlink()
    with pytest.raises(lv2.CheckpointError, match=r"config\.json is missing"):
        load_checkpoint(folder)


def flipped(data):
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


@pytest.mark.parametrize("damage", [flipped, lambda data: data[:-1000]])
def test_damaged_weights(copied, damage):
    path = copied() / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(lv2.CheckpointError, match="damaged"):
        lv2.load(path.parent)


def test_weights_that_are_no_safetensors(copied):
    path = copied() / "model.safetensors"
    path.write_bytes(b"hello")
    with pytest.raises(lv2.CheckpointError, match="not a safetensors file"):
        lv2.load(copied(sha256=file_digest(path)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.pop("text.norm.bias"), "1 tensors are missing, for example text.norm.bias"),
        (lambda t: t.update(extra=torch.zeros(1)), "unknown, for example extra"),
        (lambda t: t.update({"text.norm.bias": torch.zeros(3).half()}), r"shape \[3\]"),
        (
            lambda t: t.update({"text.norm.bias": t["text.norm.bias"].float()}),
            "dtype torch.float32, expected torch.float16",
        ),
        (lambda t: t["decoder.norm.weight"].fill_(float("nan")), "undefined values in decoder"),
    ],
)
def test_foreign_weights(copied, change, reason):
    path = copied() / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    with pytest.raises(lv2.CheckpointError, match=reason):
        lv2.load(copied(sha256=file_digest(path)))


def test_layers_share_their_weights_and_so_does_their_file(natural_folder):
    loaded, *_ = load_checkpoint(natural_folder)
    first, second = (layer.attention.output for layer in loaded.encoder.layers)
    assert first.weight is second.weight
    assert first is not second
    stored = load_file(natural_folder / "model.safetensors")
    assert "encoder.layers.0.up.weight" in stored
    assert "encoder.layers.1.up.weight" not in stored


def test_a_digest_follows_the_weights(natural_folder):
    voice = lv2.load(natural_folder)
    weight, before = voice.model.encoder.embedding.weight, voice.digest
    assert voice.digest == before
    first = weight[0, 0].item()
    weight.data[0, 0] = first + 1
    assert voice.digest != before
    weight.data[0, 0] = first
    assert voice.digest == before
    weight[[0, 1]] = weight[[1, 0]]
    assert voice.digest != before
