"""`lightning-v2 train --teacher` from end to end, very short."""

import json

import pytest
import torch

from lightning_v2.cli.main import main
from lightning_v2.cli.train import CHOICES
from lightning_v2.model import load
from lightning_v2.model.natural.choices import USUAL

STEPS = ["--parts-steps", "2", "--acoustic-steps", "2", "--prosody-steps", "2"]
STEPS += ["--blocks-steps", "3", "--vocoder-steps", "2", "--joint-steps", "1", "--jobs", "1"]


@pytest.fixture(autouse=True)
def _as_it_was():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.tsv"
    path.write_text("a\tThe birch canoe slid on the smooth planks, and was gone.\n")
    return path


def test_teacher_to_voice_and_resume(tmp_path, texts, capsys):
    folder = tmp_path / "run"
    arguments = ["train", str(folder), "--teacher", "hibari", "--texts", str(texts), *STEPS]
    assert main(arguments) == 0
    voice = load(folder / "voice")
    assert voice.synthesize("The birch canoe.").duration_s > 0
    about = json.loads((folder / "voice" / "config.json").read_text())["about"]
    assert about["teacher"].startswith("hibari, file ")
    assert about["licence"] == "as its teacher: Apache-2.0 (hibari-tts, with a NOTICE)"
    assert about["lessons"] == about["lessons_with_frames"] == 1
    steps = {"parts": 2, "acoustic": 2, "prosody": 2, "blocks": 3, "vocoder": 2, "joint": 1}
    assert about["steps"] == steps
    assert (folder / "voice" / "joint.jsonl").exists()

    before = (folder / "vocoder" / "state.pt").read_bytes()
    assert main(arguments) == 0  # all is there: nothing moves
    assert load(folder / "voice").digest == voice.digest
    assert len((folder / "vocoder" / "state.pt").read_bytes()) == len(before)


def test_from_a_voice_that_is_there_and_as_voices_usually_are(tmp_path, texts, capsys):
    folder = tmp_path / "run"
    arguments = ["train", str(folder), "--teacher", "hibari", "--texts", str(texts), *STEPS]
    assert main([*arguments, "--start", "lark", "--usual", *CHOICES]) == 0
    voice, lark = load(folder / "voice"), load("lark")
    assert (voice.config.choices, voice.symbols) == (USUAL, lark.symbols)
    assert torch.equal(voice.model.encoder.norm.weight, lark.model.encoder.norm.weight)
    about = json.loads((folder / "voice" / "config.json").read_text())["about"]
    assert about["started_from"].startswith("lark, remade") and about["steps"] == {"joint": 1}
    assert voice.synthesize("The birch canoe.").duration_s > 0
    assert main([*arguments, "--start", str(folder / "voice")]) == 2
    assert "does not know what is typical of a bin" in capsys.readouterr().err
    assert main([*arguments, "--start", "hibari"]) == 2
    assert "voice 'hibari' is no natural voice" in capsys.readouterr().err


def test_who_cannot_teach(tmp_path, texts, capsys):
    arguments = ["train", str(tmp_path), "--texts", str(texts), "--teacher"]
    assert main([*arguments, "lark"]) == 2
    assert "voice 'lark' cannot teach: a teacher is an .onnx file" in capsys.readouterr().err
    assert main([*arguments, "hibari", "--held-out", "1"]) == 2
    assert "--held-out means something only with --recordings" in capsys.readouterr().err
