"""`lightning-v2 train --recordings` from end to end, very short."""

import json

import pytest
import torch

from lightning_v2.cli.main import main
from lightning_v2.model import load
from lightning_v2.training.recordings.pipeline import parted

STEPS = ["--prosody-steps", "2", "--vocoder-steps", "2", "--jobs", "1"]


@pytest.fixture(autouse=True)
def _as_it_was():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_recordings_to_voice_and_resume(tmp_path, spoken, capsys):
    folder = tmp_path / "run"
    arguments = ["train", str(folder), "--recordings", str(spoken), "--held-out", "1", *STEPS]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "1 held-out sentences:\n  log-spectral distance, dB: " in said
    voice = load(folder / "voice")
    assert voice.digest != load("lark").digest
    assert voice.synthesize("Hello there.").duration_s > 0
    about = json.loads((folder / "voice" / "config.json").read_text())["about"]
    assert about["started_from"] == f"lark, weights {load('lark').digest[:12]}"
    assert about["licence"].endswith(
        "of lark: as its teacher: Apache-2.0 (hibari-tts, with a NOTICE)"
    )
    assert [stage["takes"] for stage in about["training"]] == [4, 4]
    assert about["held_out"]["after"]["lsd_db"] > 0
    assert (folder / "voice" / "vocoder.jsonl").exists()

    assert main(arguments) == 0  # all is there: nothing moves
    assert load(folder / "voice").digest == voice.digest
    assert main([*arguments, "--seed", "2"]) == 2
    assert "made with other settings" in capsys.readouterr().err

    further = ["train", str(tmp_path / "more"), "--recordings", str(spoken), "--limit", "1", *STEPS]
    assert main([*further, "--start", str(folder / "voice")]) == 0
    about = json.loads((tmp_path / "more" / "voice" / "config.json").read_text())["about"]
    assert about["started_from"].startswith("voice, weights ")
    assert about["held_out"] == {}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--start", "hibari"], "voice 'hibari' cannot be trained on"),
        (["--start", "nobody"], "no voice 'nobody'"),
        (["--texts", "a.tsv"], "--texts means something only with a teacher"),
        (["--joint-steps", "3"], "--joint-steps means something only with a teacher"),
        (["--teacher", "hibari"], "--teacher and --recordings exclude each other"),
    ],
)
def test_what_cannot_be_meant(tmp_path, spoken, options, reason, capsys):
    arguments = ["train", str(tmp_path / "run"), "--recordings", str(spoken)]
    assert main([*arguments, *options]) == 2
    said = capsys.readouterr().err
    assert reason in said and said.count("\n") == 1


def test_recordings_that_are_not_there(tmp_path, capsys):
    assert main(["train", str(tmp_path / "run"), "--recordings", str(tmp_path)]) == 2
    assert "metadata.csv is missing" in capsys.readouterr().err


def test_held_out_recordings_are_spread_and_whole():
    keys = [f"{key}_{number}" for key in "abcdefghijkl" for number in range(2)]
    trained, held_out = parted(keys, None)
    assert held_out == ["g_0", "g_1"] and len(trained) == 22
    assert parted(keys, 3)[1] == ["c_0", "c_1", "g_0", "g_1", "k_0", "k_1"]
    assert parted(keys[:4], None)[1] == []
    with pytest.raises(ValueError, match="12 of 12 recordings held out: none is left"):
        parted(keys, 12)
