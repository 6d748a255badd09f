import pytest

from lightning_v2.text import phonemize
from lightning_v2.training import teacher as module
from lightning_v2.training.corpus import to_example
from lightning_v2.training.teacher import TeacherMissing, label_phones, render, write_labels

TEXTS = {
    "twice": "The end of the apple is the end.",
    "phrases": "Well, is it true? I doubt it!",
    "odd": "Dr. O'Neill's FBI record, zxqvian, cost $3.50.",
}


def test_teacher_speaks_our_words_our_phones_and_our_breaks(teacher, tmp_path):
    sentences = {
        f"{key}_{i}": sentence
        for key, text in TEXTS.items()
        for i, sentence in enumerate(phonemize(text))
    }
    write_labels(sentences, tmp_path)
    for key, sentence in sentences.items():
        assert label_phones(tmp_path / f"{key}.lab") == sentence.phones


def test_example_has_the_frames_of_its_wave(teacher, tmp_path):
    sentence = phonemize(TEXTS["twice"])[0]
    write_labels({"a": sentence}, tmp_path)
    rendering = render(tmp_path / "a.lab")
    example = to_example(sentence, rendering)
    assert len(example.wave) == len(example.f0) * 256 == len(example.envelope) * 256
    assert example.ends[-1] == pytest.approx(len(example.f0), abs=1)
    assert len(example.ends) == len(sentence.phones)
    voiced = example.f0[example.f0 > 0]
    assert 100 < voiced.min() < voiced.max() < 350
    with pytest.raises(ValueError, match="the teacher said"):
        to_example(phonemize("Another one.")[0], rendering)


def test_missing_program_names_its_package(monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda program: None)
    with pytest.raises(TeacherMissing, match="apt-get install htsengine"):
        module.require_teacher("hts_engine")
