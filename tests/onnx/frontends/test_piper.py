import json

import numpy as np
import pytest

from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.frontends.piper import joe_path, piper_frontend
from lightning_v2.text import TextError

SYMBOLS = "_^$ ,.?!;:abdefhijklmnoprstuvwzæðŋɐɑɔəɚɛɜɡɪɹɾʃʊʌʒˈˌːθɫ"


def document(**changes):
    found = {
        "audio": {"sample_rate": 16000},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.1, "length_scale": 1.5, "noise_w": 0.2},
        "phoneme_id_map": {symbol: [i] for i, symbol in enumerate(SYMBOLS)},
        "num_speakers": 1,
    }
    return found | changes


@pytest.fixture
def front(tmp_path):
    """front(speaker=None, **changes): of a JSON with these changes."""

    def made(speaker=None, **changes):
        (tmp_path / "v.onnx.json").write_text(json.dumps(document(**changes)))
        return piper_frontend(tmp_path / "v.onnx", "durations", speaker)

    return made


def test_what_the_json_says(front):
    found = front()
    assert found.sample_rate == 16000 and found.scales == (0.1, 1.5, 0.2)
    assert found.speaker is None and found.durations == "durations"


def test_phonemes_with_blanks_between(front):
    (line,) = front().lines("Hello, you.")
    assert line.phonemes[:2] == ("^", "_") and line.phonemes[-1] == "$"
    assert set(line.phonemes[1::2][:-1]) == {"_"}
    assert "".join(line.phonemes[2:-1:2]).startswith("həlˈ") and "," in line.phonemes
    assert line.phonemes[-3] == "."
    assert line.inputs["input"].shape == (1, len(line.phonemes))
    assert line.inputs["input_lengths"].tolist() == [len(line.phonemes)]
    assert line.inputs["scales"].dtype == np.float32 and "sid" not in line.inputs


def test_sentences_and_written_numbers(front):
    lines = front().lines("It is 3. Is it?")
    assert len(lines) == 2
    assert "".join(lines[0].phonemes[::2]).replace("_", "").count("θ") == 1  # three
    assert lines[1].phonemes[-3] == "?"


def test_speakers(front):
    several = {"num_speakers": 3}
    assert front(2, **several).lines("a")[0].inputs["sid"].tolist() == [2]
    assert front(**several).lines("a")[0].inputs["sid"].tolist() == [0]
    assert front(2, **several).key != front(1, **several).key


@pytest.mark.parametrize("text", ["", " ", "…"])
def test_nothing_to_say(front, text):
    with pytest.raises(TextError):
        front().lines(text)


@pytest.mark.parametrize("missing", ["audio", "espeak", "inference", "phoneme_id_map"])
def test_a_json_of_another_kind(front, tmp_path, missing):
    found = document()
    del found[missing]
    (tmp_path / "v.onnx.json").write_text(json.dumps(found))
    with pytest.raises(OnnxError, match=rf"not the JSON of a Piper voice.*{missing}"):
        piper_frontend(tmp_path / "v.onnx", "durations")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("audio", {"sample_rate": "22050"}, "its sample rate is '22050'"),
        ("audio", {"sample_rate": 0}, "its sample rate is 0"),
        ("phoneme_id_map", {"^": [1], "_": [0]}, "it has no number for '\\$'"),
        ("phoneme_id_map", {"^": [1], "_": [], "$": [2]}, "the number of '_' is \\[\\]"),
        ("inference", {"noise_scale": "x", "length_scale": 1, "noise_w": 1}, "could not convert"),
    ],
)
def test_a_json_with_values_that_cannot_be(tmp_path, key, value, words):
    (tmp_path / "v.onnx.json").write_text(json.dumps(document() | {key: value}))
    with pytest.raises(OnnxError, match=words):
        piper_frontend(tmp_path / "v.onnx", "durations")


@pytest.mark.parametrize(("speaker", "count"), [(3, 3), (-1, 3), (1, 1)])
def test_speakers_that_are_not_there(front, speaker, count):
    with pytest.raises(ArgumentError, match=f"speaker is {speaker}; v.onnx has {count}"):
        front(speaker, num_speakers=count)


def test_no_json(tmp_path):
    with pytest.raises(MissingFileError, match="lacks its JSON"):
        piper_frontend(tmp_path / "v.onnx", "durations")


def test_the_voice_of_the_package_knows_all_that_is_said():
    found = piper_frontend(joe_path(), "durations")
    line = found.lines("The quick brown fox jumps over the lazy dog.")[0]
    assert len(line.phonemes) > 60 and found.sample_rate == 22050
    assert "CC0" in found.licence or "public" in found.licence.lower() or found.licence
