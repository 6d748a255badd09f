import pytest

from lightning_v2.errors import ArgumentError
from lightning_v2.resources import held_out_texts, sentence_lines, text_lines


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a\tFine.\nno tab\n", r"texts\.tsv:2: expected 'key<TAB>text', found 'no tab'"),
        ("a\tFine.\n\nb\t \n", r"texts\.tsv:3: expected"),
        ("a\tFine.\nb\tFine.\na\tTwice.\n", r"texts\.tsv:3: a was there before, in line 1"),
        ("a/b\tFine.\n", r"texts\.tsv:1: the key 'a/b' cannot be the name of a file: no folders"),
        ("../a\tFine.\n", "cannot be the name of a file"),
        ('a"b\tFine.\n', "cannot be the name of a file"),
        ("a\x1cb\tFine.\n", "cannot be the name of a file"),
        ("é" * 101 + "\tFine.\n", "at most 200 bytes"),
    ],
)
def test_bad_texts_name_the_line(tmp_path, content, reason):
    path = tmp_path / "texts.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ArgumentError, match=reason):
        list(text_lines(path))


def test_separators_within_a_text_stay_in_it(tmp_path):
    path = tmp_path / "texts.tsv"
    path.write_text("\ufeffa\tOne\u2028two.\r\n\r\nb\tOne\x1d\x85\ttwo.\r\n", newline="")
    assert list(text_lines(path)) == [
        (f"{path}:1", "a", "One\u2028two."),
        (f"{path}:3", "b", "One\x1d\x85\ttwo."),
    ]


def test_held_out_texts_from_the_front():
    texts = held_out_texts()
    assert list(held_out_texts(3).items()) == list(texts.items())[:3]
    assert len(texts) >= 200


def test_sentences_of_a_file(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("今日は。\n\n  A second one. \n", encoding="utf-8")
    assert sentence_lines(path) == {"001": "今日は。", "003": "A second one."}
    path.write_text("a\tOne.\nb\tTwo.\n", encoding="utf-8")
    assert sentence_lines(path) == {"a": "One.", "b": "Two."}
    path.write_text("a\tOne.\nTwo.\n", encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"mine\.txt:2: expected 'key<TAB>text'"):
        sentence_lines(path)
    path.write_text("\n \n", encoding="utf-8")
    with pytest.raises(ArgumentError, match="holds no sentence"):
        sentence_lines(path)
