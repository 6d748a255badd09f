import importlib.util
from dataclasses import dataclass

import numpy as np
import pytest

from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.onnx import voices
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.frontend import Frontend, Line
from lightning_v2.onnx.frontends import package
from lightning_v2.onnx.voices import PACKAGED, load_onnx
from tests.onnx.files import node, saved
from tests.onnx.operations.cases import floats

X = {"x": floats(4)}


@dataclass(frozen=True, eq=False)
class Plain(Frontend):
    def lines(self, text):
        return [Line(X, tuple(text))]

    def waveform(self, outputs, noise):
        return outputs["y"]


@pytest.fixture
def path(tmp_path):
    return saved(tmp_path / "mine.onnx", [node("Neg", "x", "y")], X, ["y"])


def test_a_file_with_a_front_end(path):
    voice = load_onnx(path, frontend=Plain(8000))
    assert voice.name == "mine" and voice.sample_rate == 8000
    assert np.array_equal(voice.synthesize("a").waveform, -X["x"])


def test_a_file_that_nobody_knows_how_to_speak_with(path):
    with pytest.raises(
        ArgumentError,
        match=r"no JSON of Piper's beside it \(mine\.onnx\.json\): give style= .* frontend=",
    ):
        load_onnx(path)


def test_a_file_that_is_not_there(path):
    with pytest.raises(MissingFileError, match=r"no file .*other\.onnx"):
        load_onnx(path.with_name("other.onnx"))


def test_a_piper_file_that_decides_no_durations(path):
    path.with_name("mine.onnx.json").write_text("{}")
    with pytest.raises(OnnxError, match="rounds 0 values to whole numbers"):
        load_onnx(path)


def test_names_that_are_not_known(tmp_path):
    with pytest.raises(
        MissingFileError, match=r"known are hibari, piper:joe, kokoro, or an \.onnx"
    ):
        load_onnx("nobody")
    with pytest.raises(MissingFileError, match=r"no file .*none\.onnx"):
        load_onnx(tmp_path / "none.onnx", frontend=Plain(8000))


def test_a_style_that_is_not_there(path, tmp_path):
    with pytest.raises(MissingFileError, match="no file of styles"):
        load_onnx(path, style=tmp_path / "none.npz")


@pytest.mark.parametrize("name", PACKAGED)
def test_a_package_that_is_not_installed_says_how_to_install_it(name, monkeypatch):
    monkeypatch.setattr(package, "find_spec", lambda module: None)
    words = f"{PACKAGED[name].package} is not installed.*pip install"
    with pytest.raises(MissingFileError, match=words):
        load_onnx(name)


def test_versions_of_what_is_not_installed():
    assert voices.Packaged("no-such-package", "none", "none").version is None
    found = importlib.util.find_spec("hibari")
    assert (PACKAGED["hibari"].version is None) == (found is None)
