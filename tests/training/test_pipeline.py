"""`lightning-v2 train` from end to end, very short."""

import json

import pytest
import torch

from lightning_v2.cli.main import main
from lightning_v2.model import load

STEPS = ["--acoustic-steps", "3", "--vocoder-steps", "3", "--joint-steps", "2", "--held-out", "0"]


@pytest.fixture(autouse=True)
def _as_it_was():
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    yield
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(precision)


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.tsv"
    path.write_text(
        "a\tThe birch canoe slid on the planks.\nb\tGlue the sheet to the background.\n"
    )
    return path


def test_teacher_corpus_to_voice_and_resume(teacher, tmp_path, texts):
    folder = tmp_path / "run"
    arguments = ["train", str(folder), "--texts", str(texts), *STEPS]
    assert main(arguments) == 0
    voice = load(folder / "voice")
    assert voice.synthesize("Hello there.").duration_s > 0
    about = json.loads((folder / "voice" / "config.json").read_text())["about"]
    assert about["sentences"] == 2
    assert [stage["steps"] for stage in about["training"]] == [3, 3, 2]

    first = (folder / "corpus" / "examples" / "a_0.npz").stat().st_mtime_ns
    assert main(arguments) == 0  # nothing is left to do
    assert (folder / "corpus" / "examples" / "a_0.npz").stat().st_mtime_ns == first
    assert load(folder / "voice").digest == voice.digest


def test_recordings_to_voice(tmp_path):
    corpus = tmp_path / "lj"
    (corpus / "wavs").mkdir(parents=True)
    speaker = load()
    for key, text in (("a", "The birch canoe slid on the planks."), ("b", "Glue the sheet.")):
        speaker.synthesize(text).save(corpus / "wavs" / f"{key}.wav")
    (corpus / "metadata.csv").write_text(
        "a|The birch canoe slid on the planks.\nb|Glue the sheet.\n"
    )
    folder = tmp_path / "run"
    arguments = ["train", str(folder), "--recordings", str(corpus), "--jobs", "1", *STEPS]
    assert main(arguments) == 0
    assert load(folder / "voice").synthesize("Hello there.").duration_s > 0


def test_other_settings_do_not_overwrite_a_run(teacher, tmp_path, texts, capsys):
    folder = tmp_path / "run"
    arguments = ["train", str(folder), "--texts", str(texts), "--jobs", "1", *STEPS]
    assert main(arguments) == 0
    assert main([*arguments, "--seed", "2"]) == 2
    assert "made with other settings" in capsys.readouterr().err
