"""What a corpus says of texts and files that it cannot use."""

import numpy as np
import pytest

from lightning_v2.errors import ArgumentError
from lightning_v2.text import TextError
from lightning_v2.training.corpus import Corpus, Example, split_sentences


def test_a_text_that_cannot_be_spoken_is_named_by_its_place():
    texts = {"a": "This one is fine.", "b": "..."}
    with pytest.raises(TextError, match=r"^texts\.tsv:7: "):
        split_sentences(texts, {"a": "texts.tsv:3", "b": "texts.tsv:7"})
    with pytest.raises(TextError, match=r"^b: "):
        split_sentences(texts, {})


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "examples").mkdir()
    example = Example(
        phones=np.zeros(2, np.int64),
        features=np.zeros((2, 32), np.float32),
        ends=np.ones(2, np.float32),
        f0=np.zeros(4, np.float32),
        envelope=np.zeros((4, 64), np.float32),
        wave=np.zeros(1024, np.int16),
        teacher_f0=np.empty(0, np.float32),
    )
    example.save(tmp_path / "examples" / "a.npz")
    return Corpus(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no archive",
        lambda data: data[: len(data) // 2],
        lambda data: data[:60] + b"\xff" * 20 + data[80:],
    ],
    ids=["empty", "foreign", "cut", "overwritten"],
)
def test_damaged_arrays_are_named(corpus, damage):
    corpus.statistics()
    for path, read in (
        (corpus.folder / "examples" / "a.npz", lambda: corpus.example("a")),
        (corpus.folder / "statistics.npz", corpus.statistics),
    ):
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(ArgumentError, match=f"{path.name} is damaged or not of a corpus"):
            read()
