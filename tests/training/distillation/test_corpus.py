import numpy as np
import pytest

from lightning_v2.text import TextError
from lightning_v2.training.distillation.corpus import build
from tests.training.distillation.conftest import TEXTS


def test_every_sentence_is_a_lesson(lessons):
    keys = lessons.keys()
    assert keys == ["A-1_0", "A-1_1", "A-2_0", "A-3_0"]
    assert [lessons.has_frames(key) for key in keys] == [True, True, True, False]
    frames = lessons.frames("A-2_0")
    assert len(frames.spectra) == len(frames.hidden) == len(lessons.lesson("A-2_0").f0)


def test_symbols_are_those_of_the_lessons(lessons):
    symbols = lessons.symbols()
    assert symbols["_"] == 0
    keys = lessons.keys()
    numbers = {number for key in keys for number in lessons.lesson(key).phones.tolist()}
    assert set(symbols.values()) == numbers


def test_what_is_there_is_kept_and_what_is_missing_made(hibari, lessons):
    place = lessons.folder / "lessons"
    before = (place / "A-2_0.npz").stat().st_mtime_ns
    (place / "A-1_0.npz").unlink()
    build(hibari, TEXTS, lessons.folder, whole=2)
    assert len(lessons.keys()) == 4
    assert (place / "A-2_0.npz").stat().st_mtime_ns == before


def test_typical_gains_are_loud_ones_and_kept(lessons):
    typical = lessons.typical()
    logs = lessons.frames("A-1_0").spectra[:, 0]
    assert typical.shape == (3, 601)
    assert 0.7 < (logs < typical[0]).mean() < 0.95
    assert np.array_equal(lessons.typical(), typical)


def test_a_text_that_cannot_be_said_is_named(hibari, tmp_path):
    with pytest.raises(TextError, match=r"B-7: .*nothing to say"):
        build(hibari, {"B-7": " "}, tmp_path, whole=0)
