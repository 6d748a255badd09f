import json
import shutil

import pytest
import torch
from safetensors.torch import save_file

import lightning_v2 as lv2
from lightning_v2.cli.main import main
from lightning_v2.model.checkpoint import CONFIG, WEIGHTS, CheckpointError, file_digest
from lightning_v2.model.overlay import base_of, lay_over, origin_digest, save_overlay
from lightning_v2.voices import licence_of
from tests.model.natural.conftest import natural_folder  # noqa: F401

NAME = "head.constant_1"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """An overlay of hibari that halves one weight."""
    voice, folder = lv2.load("hibari"), tmp_path_factory.mktemp("overlays") / "half"
    half = dict(voice.model.named_parameters())[NAME] / 2
    save_overlay(folder, "hibari", origin_digest(voice), {NAME: half}, {"why": "a test"})
    return folder


@pytest.fixture
def overlay(written, tmp_path):
    """A copy that may be damaged."""
    return shutil.copytree(written, tmp_path / "copy")


def rewritten(folder, tensors):
    save_file(tensors, folder / WEIGHTS)
    document = json.loads((folder / CONFIG).read_text())
    document["sha256"] = file_digest(folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(document))


def test_it_changes_what_it_holds_and_nothing_else(written):
    before, now = lv2.load("hibari"), lv2.load("hibari", weights=written)
    ours = dict(now.model.named_parameters())
    for name, x in before.model.named_parameters():
        assert torch.equal(ours[name], x / 2 if name == NAME else x)
    assert now.digest != before.digest
    with torch.no_grad():
        waves = [v.synthesize("Now.").waveform for v in (before, now)]
    assert waves[0].shape != waves[1].shape or (waves[0] != waves[1]).any()


def test_its_folder_is_a_name_of_the_voice(written, capsys):
    assert base_of(written) == "hibari"
    assert lv2.load(written).digest == lv2.load("hibari", weights=written).digest
    assert licence_of(written) == licence_of("hibari")


def test_another_file_is_refused(written):
    with pytest.raises(CheckpointError, match=r"weights for another file than 'lark'.*'hibari'"):
        lv2.load("lark", weights=written)


def test_what_is_no_overlay(tmp_path):
    with pytest.raises(CheckpointError, match="missing: not the folder of a voice"):
        lv2.load("hibari", weights=tmp_path)
    (tmp_path / CONFIG).write_text('{"format": "lightning-v2-natural-voice/1"}')
    assert base_of(tmp_path) is None
    with pytest.raises(CheckpointError, match="is no overlay of weights"):
        lv2.load("hibari", weights=tmp_path)


def test_a_damaged_one(overlay):
    data = bytearray((overlay / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (overlay / WEIGHTS).write_bytes(data)
    with pytest.raises(CheckpointError, match="is damaged"):
        lv2.load(overlay)


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({"nowhere": torch.ones(2)}, r"has a tensor nowhere \[2\]: no weight here"),
        ({NAME: torch.ones(2)}, r"has a tensor head.constant_1 \[2\]: no weight here"),
    ],
)
def test_weights_of_another_shape_or_name(overlay, tensors, reason):
    rewritten(overlay, tensors)
    with pytest.raises(CheckpointError, match=reason):
        lv2.load(overlay)


def test_undefined_values(overlay):
    voice = lv2.load("hibari")
    weight = dict(voice.model.named_parameters())[NAME]
    rewritten(overlay, {NAME: torch.full_like(weight, torch.nan)})
    before = voice.digest
    with pytest.raises(CheckpointError, match=r"undefined values in head\.constant_1"):
        lay_over(voice, overlay)
    assert voice.digest == before


def test_one_of_our_own(natural_folder, tmp_path):  # noqa: F811
    voice = lv2.load(natural_folder)
    bias = voice.model.decoder.input.bias + 1
    given = {"decoder.input.bias": bias}
    save_overlay(tmp_path / "o", str(natural_folder), origin_digest(voice), given, {})
    now = lv2.load(tmp_path / "o")
    assert torch.equal(now.model.decoder.input.bias, bias) and now.digest != voice.digest


def test_the_command_speaks_with_it(written, tmp_path, capsys):
    wav = tmp_path / "said.wav"
    assert main(["say", "Now.", "--voice", str(written), "-o", str(wav)]) == 0
    assert wav.stat().st_size > 1000
