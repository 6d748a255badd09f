import pytest

from lightning_v2.resources import held_out_texts, read_texts


def test_bad_texts_name_the_line(tmp_path):
    path = tmp_path / "texts.tsv"
    for content, reason in (
        ("a\tFine.\nno tab\n", "texts.tsv:2: expected"),
        ("a\tFine.\na\tTwice.\n", "texts.tsv:2: a was there before"),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=reason):
            read_texts(path)


def test_held_out_texts_from_the_front():
    texts = held_out_texts()
    assert list(held_out_texts(3).items()) == list(texts.items())[:3]
    assert len(texts) >= 200
