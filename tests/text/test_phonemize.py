import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_v2.text import PAUSE, PHONES, VOWELS, TextError, UnspokenWarning, phonemize
from lightning_v2.text.phonemize import LONGEST_SENTENCE


def phones(text: str) -> str:
    return " ".join(phone for sentence in phonemize(text) for phone in sentence.phones)


def test_words_phones_and_pauses():
    assert phones("Hello, world.") == "pau hh eh l ow pau w er l d pau"


def test_stress_lies_on_one_syllable():
    (sentence,) = phonemize("Computer.")
    (word,) = sentence.words
    assert [s.phones for s in word.syllables] == [("k", "ax", "m"), ("p", "y", "uw"), ("t", "er")]
    assert [s.stressed for s in word.syllables] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("The apple", 0, "dh iy"),
        ("The pear", 0, "dh ax"),
        ("A pear", 0, "ax"),
        ("U.S.A.", 2, "ey"),
        ("They record it.", 1, "r ih k ao r d"),
        ("The record broke.", 1, "r eh k er d"),
        ("O'Neill's", 0, "ow n iy l z"),
        ("zxcvbish's", 0, "z"),  # not in the lexicon: letter-to-sound, then 's
    ],
)
def test_pronunciation_in_context(text, word, expected):
    sentence = phonemize(text)[0]
    said = " ".join(p for s in sentence.words[word].syllables for p in s.phones)
    assert said.endswith(expected)


def test_phrase_marks_follow_their_words():
    (first, second) = phonemize("Well, is it? It is!")
    assert [word.mark for word in first.words] == [",", "", "?"]
    assert [word.mark for word in second.words] == ["", "!"]


def test_warns_about_unspoken_characters():
    with pytest.warns(UnspokenWarning, match="你"):
        assert phones("Hi 你") == "pau hh ay pau"


def test_long_text_is_cut_into_sentences():
    text = "This sentence is here to be long, and it is repeated often. " * 170
    assert len(text) > 10_000
    start = time.process_time()
    sentences = phonemize(text)
    assert len(sentences) == 170
    assert time.process_time() - start < 60


def test_endless_sentence_is_cut_at_a_comma_or_anywhere():
    for text in ("one two three four five six seven eight nine, " * 40, "word " * 500):
        sentences = phonemize(text)
        assert all(len(sentence.words) <= LONGEST_SENTENCE for sentence in sentences)
        assert all(sentence.words[-1].mark for sentence in sentences)


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40))
def test_any_ascii_text_has_phones_or_an_error(text):
    try:
        sentences = phonemize(text)
    except TextError:
        return
    for sentence in sentences:
        assert sentence.phones[0] == sentence.phones[-1] == PAUSE
        assert set(sentence.phones) <= set(PHONES)
        for word in sentence.words:
            assert word.syllables
            for syllable in word.syllables:
                assert sum(phone in VOWELS for phone in syllable.phones) <= 1
