import numpy as np
import pytest

import lightning_v2 as lv2
from lightning_v2.errors import ArgumentError
from lightning_v2.training.distillation.lessons import INNER, Lesson, Teacher


def test_a_lesson_tells_what_was_said(hibari):
    (line,) = hibari.lines("We saw them at dawn.")
    lesson, states, taught = hibari.teach(line)
    frames = int(2 * lesson.durations.sum())
    assert taught.spectra.shape == (frames, 5, 601)
    assert taught.hidden.shape == (frames, 9, 256)
    assert len(lesson.f0) == len(lesson.energy) == frames
    assert len(lesson.phones) == len(lesson.durations) == len(lesson.text) == len(line.phonemes)
    assert states.text.shape == (len(line.phonemes), 4, 128)
    assert states.encoder.shape == (len(line.phonemes), 6, 192)
    assert states.prosody.shape == (lesson.durations.sum(), 7, 192)
    assert np.abs(lesson.text.mean(1)).max() < 1 < np.abs(states.text[:, -1]).max()
    rounded = np.round(np.expm1(lesson.log_durations)).clip(min=1)
    assert np.array_equal(rounded, lesson.durations)
    assert 150 < np.median(lesson.f0[lesson.f0 > 40]) < 300


def test_the_same_values_as_in_a_speech(hibari):
    speech = hibari.voice.synthesize("We saw them at dawn.")
    lesson, *_ = hibari.teach(hibari.lines("We saw them at dawn.")[0])
    assert np.array_equal(2 * lesson.durations, speech.durations)
    assert np.array_equal(lesson.f0, speech.decisions["f0"])


def test_a_lesson_on_disk(lessons, tmp_path):
    lesson = lessons.lesson("A-2_0")
    lesson.save(tmp_path / "copy.npz")
    again = Lesson.load(tmp_path / "copy.npz")
    assert all(np.array_equal(value, getattr(again, name)) for name, value in vars(lesson).items())
    (tmp_path / "copy.npz").write_bytes(b"nothing")
    with pytest.raises(ArgumentError, match="damaged or no lesson"):
        Lesson.load(tmp_path / "copy.npz")


def test_a_voice_that_does_not_name_its_inner_values_cannot_teach():
    voice = lv2.load("hibari")
    for name in INNER:
        voice.frontend.inner.pop(name)
    with pytest.raises(ArgumentError, match="cannot teach: it does not name inner value 'text'"):
        Teacher(voice)
