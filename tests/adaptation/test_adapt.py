import json

import pytest
import torch

import lightning_v2 as lv2
from lightning_v2.adaptation.adapt import adapt
from lightning_v2.adaptation.trainer import Schedule
from lightning_v2.cli.main import main
from lightning_v2.errors import ArgumentError
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.model.overlay import base_of
from tests.adaptation.conftest import HARD, SCHEDULE, TEXTS

FEW_STEPS = Schedule(steps=6, rate=5e-4, warm_up=2, every=2)


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS))
    return path


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "hard.yaml"
    path.write_text(HARD)
    return path


def test_a_voice_of_ours_becomes_another_one(natural_folder, plan, texts, tmp_path):
    folder = tmp_path / "new"
    found = adapt(natural_folder, plan, folder, schedule=SCHEDULE, texts=texts, progress=False)
    assert found.has_gained and found.values > 10_000
    before, now = lv2.load(natural_folder), lv2.load(folder)
    assert isinstance(now, NaturalVoice) and now.digest != before.digest
    about = json.loads((folder / "config.json").read_text())["about"]
    assert about["teacher"] == "none" and [*about["plans"]] == ["hard"]
    assert about["adapted_from"].startswith("small, weights ")
    # What was learned is what is loaded, in float16.
    state = torch.load(folder / "state.pt", weights_only=True)
    ours = dict(now.model.named_parameters())
    assert all(torch.equal(ours[name], x.half().float()) for name, x in state["best"].items())
    digest = now.digest
    again = adapt(natural_folder, plan, folder, schedule=SCHEDULE, texts=texts, progress=False)
    assert again == found and lv2.load(folder).digest == digest


def test_a_voice_of_others_gets_an_overlay(texts, tmp_path):
    folder = tmp_path / "new"
    adapt("hibari", "bfp4-lofi", folder, schedule=FEW_STEPS, texts=texts, progress=False)
    assert base_of(folder) == "hibari"
    before, now = lv2.load("hibari"), lv2.load("hibari", weights=folder)
    assert now.digest == lv2.load(folder).digest != before.digest
    assert now.file_digest == before.file_digest
    changed = [
        name
        for (name, a), b in zip(
            before.model.named_parameters(), now.model.parameters(), strict=True
        )
        if not torch.equal(a, b)
    ]
    assert "head.constant_1" in changed
    assert not [name for name in changed if name.startswith("waveform.")]


def test_a_voice_is_not_written_over(natural_folder, plan, texts):
    with pytest.raises(ArgumentError, match="holds a voice already: name another folder"):
        adapt(natural_folder, plan, natural_folder, texts=texts)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there(plan, texts, tmp_path):
    with pytest.raises(ArgumentError, match="device is 'cuda', and torch finds no such device"):
        adapt("lark", plan, tmp_path / "new", texts=texts, device="cuda")
    assert not (tmp_path / "new").exists()


def test_the_command(natural_folder, plan, texts, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given = ["adapt", str(natural_folder), "--plan", str(plan), "--texts", str(texts)]
    assert main([*given, "--steps", "2", "--held-out", "2"]) == 0
    shown = capsys.readouterr().out
    assert "weights have learned in 2 steps, best after 2; held-out loss 0." in shown
    rows = [line.split() for line in shown.splitlines()]
    (row,) = [x for x in rows if x[:4] == ["mel", "spectrum,", "RMS", "teacher-forced"]]
    before, now = map(float, row[7:9])  # behind "<= 0.5 dB"
    assert min(before, now) > 0.01
    assert "before: not equivalent; now: not equivalent" in shown
    assert (tmp_path / "small-hard" / "config.json").exists()
    assert main([*given, "--steps", "3", "--held-out", "0"]) == 2
    assert "was made with another steps" in capsys.readouterr().err


def test_one_sentence_is_refused_before_anything_is_learned(natural_folder, plan, tmp_path, capsys):
    folder = tmp_path / "new"
    given = ["adapt", str(natural_folder), "--plan", str(plan), "-o", str(folder)]
    assert main([*given, "--held-out", "1"]) == 2
    assert "1 sentences asked for" in capsys.readouterr().err
    assert not folder.exists()
