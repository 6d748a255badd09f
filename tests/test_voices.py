"""`lightning_v2.load`: which name means which voice."""

import os

import pytest

import lightning_v2 as lv2
from lightning_v2.cli.main import main
from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.search.sweep.voices import digest_of, voice
from lightning_v2.voices import from_anywhere, licence_of, load, stamp
from tests.onnx.files import node, saved
from tests.onnx.operations.cases import floats


def test_our_own_by_default():
    assert lv2.load().name == load("lark").name == "lark"


def test_voices_of_packages(tmp_path):
    assert isinstance(load("hibari"), OnnxVoice)
    with pytest.raises(MissingFileError, match=r"no file none\.onnx"):
        load("none.onnx", style="none.npz")
    (tmp_path / "a.onnx").touch()
    with pytest.raises(MissingFileError, match=r"no file of styles none\.npz"):
        load(tmp_path / "a.onnx", style="none.npz")


def test_names_that_nobody_knows():
    with pytest.raises(
        lv2.CheckpointError, match="no voice 'nobody': known are lark, hibari, piper"
    ):
        load("nobody")


@pytest.mark.parametrize("option", ["style", "speaker", "frontend"])
def test_options_of_onnx_files_say_nothing_to_our_own(option):
    with pytest.raises(ArgumentError, match=f"{option} is of .onnx files, and 'lark' is none"):
        load("lark", **{option: 1})


def test_settings_in_a_name(tmp_path):
    x = {"x": floats(2)}
    path = saved(tmp_path / "v.onnx", [node("Neg", "x", "y")], x, ["y"])
    with pytest.raises(MissingFileError, match=r"no file of styles .*s\.npz"):
        load(f"{path}?style={tmp_path}/s.npz:one")
    with pytest.raises(ArgumentError, match="no JSON of Piper's"):
        load(f"{path}?speaker=3")
    with pytest.raises(ArgumentError, match=r"style=FILE:NAME or speaker=NUMBER, not 'pace=2'"):
        load(f"{path}?pace=2")


def test_a_file_that_was_written_again_is_loaded_again(tmp_path):
    path, style = tmp_path / "v.onnx", tmp_path / "s.npz"
    path.write_bytes(b"x")
    style.write_bytes(b"x")
    os.utime(path, ns=(5, 5))
    os.utime(style, ns=(9, 9))
    assert stamp(path) == 5 and stamp(f"{path}?speaker=1") == 5
    before = stamp(f"{path}?style={style}:one")
    os.utime(style, ns=(11, 11))
    assert stamp(f"{path}?style={style}:one") != before
    assert stamp("hibari") == stamp("nobody") == 0 and stamp("lark") > 0


def test_names_that_mean_the_same_in_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    here = os.getcwd()
    assert from_anywhere("v.onnx?speaker=3") == f"{here}/v.onnx?speaker=3"
    assert from_anywhere("v.onnx?style=s.npz:a") == f"{here}/v.onnx?style={here}/s.npz:a"
    assert from_anywhere("./mine") == f"{here}/mine"
    assert [from_anywhere(name) for name in ("lark", "hibari", "mine")] == [
        "lark", "hibari", "mine",
    ]  # fmt: skip


def test_licences_are_told_without_loading(tmp_path):
    assert licence_of("lark").package == "part of lightning-v2"
    assert licence_of("hibari?speaker=1").package == "hibari-tts 0.2.1"
    assert licence_of(tmp_path / "v.onnx").words == "not told: no MODEL_CARD beside the file"
    (tmp_path / "MODEL_CARD").write_text("# x\n* License: CC0\n")
    assert licence_of(tmp_path / "v.onnx").words == "CC0"


def test_workers_of_a_sweep_find_them_by_name():
    assert voice("hibari") is voice("hibari")
    assert digest_of({"voice": "hibari"}) == voice("hibari").digest


def test_the_command_lists_them(capsys):
    assert main(["voices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = ["lark", "hibari", "piper:joe", "kokoro"]
    assert [line.split()[0] for line in lines[1:5]] == names
    assert "as its teacher: Apache-2.0" in lines[1]
    assert "hibari-tts 0.2.1" in lines[2] and "Apache-2.0" in lines[2]


def test_the_command_speaks_with_them(tmp_path, capsys):
    wav = tmp_path / "said.wav"
    assert main(["say", "Hello.", "--voice", "hibari", "-o", str(wav)]) == 0
    said = capsys.readouterr().out
    assert wav.stat().st_size > 10_000 and "activations are not quantised" in said
    assert "licence: Apache-2.0" in said
