import numpy as np

from lightning_v2.text import FEATURES, PHONES, features, phone_indices, phonemize


def column(table, name):
    return table[:, FEATURES.index(name)]


def test_shape_and_range():
    for sentence in phonemize("Well, is the old computer working again? It is."):
        table = features(sentence)
        assert table.shape == (len(sentence.phones), len(FEATURES)) == (len(table), 32)
        assert table.dtype == np.float32
        assert table.min() >= 0
        assert table.max() <= 2


def test_columns_say_what_they_are_called():
    (sentence,) = phonemize("Is it, the end?")
    table = features(sentence)
    words = "pau ih z ih t pau dh iy eh n d pau".split()
    assert [PHONES[i] for i in phone_indices(sentence)] == words
    assert column(table, "pause").nonzero()[0].tolist() == [0, 5, 11]
    assert column(table, "word_start").nonzero()[0].tolist() == [1, 3, 6, 8]
    assert column(table, "class_auxiliary").nonzero()[0].tolist() == [1, 2]
    assert column(table, "class_determiner").nonzero()[0].tolist() == [6, 7]
    assert column(table, "question_follows").nonzero()[0].tolist() == [6, 7, 8, 9, 10, 11]
    assert column(table, "comma_follows").nonzero()[0].tolist() == [1, 2, 3, 4, 5]
    assert column(table, "to_pause")[:6].tolist() == [0, *np.float32([4, 3, 2, 1]) / 20, 0]
