import pytest

import lightning_v2 as lv2
from lightning_v2.adaptation.lessons import HELD_OUT, LONGEST, Texts
from lightning_v2.errors import ArgumentError
from lightning_v2.resources import held_out_texts


def test_ours_are_none_that_a_verdict_is_made_with(small):
    texts = Texts.of(small, None, 0)
    everything = {*texts.training, *texts.held_out}
    assert len(texts.held_out) == HELD_OUT and len(texts.training) > 5000
    assert everything.isdisjoint(held_out_texts().values())
    assert set(texts.training).isdisjoint(texts.held_out)
    assert max(map(len, everything)) <= LONGEST


def test_the_seed_decides_the_order(small):
    first, again, other = (Texts.of(small, None, seed) for seed in (0, 0, 1))
    assert first == again and first.digest == again.digest
    assert first.digest != other.digest


def test_those_of_a_file(small, tmp_path):
    path, tested = tmp_path / "mine.txt", next(iter(held_out_texts().values()))
    path.write_text(f"One.\nTwo.\n{tested}\nThree.\nOne.\n")
    texts = Texts.of(small, path, 0)
    assert sorted((*texts.training, *texts.held_out)) == ["One.", "Three.", "Two."]
    assert len(texts.held_out) == 1
    path.write_text("One.\nOne.\n")
    with pytest.raises(ArgumentError, match="1 texts to learn from; needed are at least 2"):
        Texts.of(small, path, 0)


def test_a_voice_of_another_language_needs_texts_of_its_own(small, tmp_path):
    class Foreign:
        name = "foreign"
        language_of = staticmethod(lambda text: "ja")

    with pytest.raises(ArgumentError, match="'foreign' speaks 'ja', our sentences are English"):
        Texts.of(Foreign(), None, 0)
    path = tmp_path / "mine.txt"
    path.write_text("a\nb\n")
    assert Texts.of(Foreign(), path, 0).held_out


def test_texts_that_cannot_be_said_are_left_out(teacher):
    said = [lesson.text for lesson in teacher.lessons(["Seven ships.", " ", "Two came."])]
    assert said == ["Seven ships.", "Two came."]


def test_values_of_watched_sites(teacher, small):
    teacher.watched = frozenset({"decoder.input", "duration.output"})
    lesson = teacher.lesson("Seven ships. Two came.")
    assert {*lesson.inner} == teacher.watched
    assert [len(values) for values in lesson.inner.values()] == [2, 2]  # of two sentences each
    frames = lesson.inner["decoder.input"][0].shape[1]
    assert frames * lv2.model.natural.config.HOP == len(lesson.sounds[0][1])
