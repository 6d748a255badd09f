"""Sentences that are cut to fit."""

from hypothesis import given
from hypothesis import strategies as st

from lightning_v2.text import PAUSE, phonemize
from lightning_v2.text.sentence import Sentence, Syllable, Word

MARKS = ("", ",", ".", "?", "!")


def word(length, mark=""):
    return Word("a" * length, (Syllable(("ax",) * length, False),), mark)


def sentence(*words):
    return Sentence(tuple(word(*one) for one in words))


@st.composite
def sentences(draw):
    """Words of 1 to 9 phones; few marks, of which the last word has one."""
    lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=40))
    marks = [draw(st.sampled_from(("", "", "", *MARKS))) for _ in lengths[1:]]
    return sentence(*zip(lengths, [*marks, draw(st.sampled_from(MARKS[1:]))], strict=True))


@given(sentences(), st.integers(3, 60))
def test_parts_are_short_enough_and_hold_every_word(whole, most):
    parts = whole.split(most)
    for part in parts:
        assert len(part.phones) <= most or len(part.words) == 1
        assert part.phones[0] == part.phones[-1] == PAUSE
    words = [one for part in parts for one in part.words]
    assert [one.syllables for one in words] == [one.syllables for one in whole.words]
    # What was cut apart ends in a comma, other marks are as they were.
    ends = {id(part.words[-1]) for part in parts}
    for before, after in zip(whole.words, words, strict=True):
        assert after.mark == (before.mark or ("," if id(after) in ends else ""))


@given(sentences(), st.integers(3, 60))
def test_a_part_ends_with_a_phrase_where_one_fits(whole, most):
    position = 0
    for part in whole.split(most)[:-1]:
        words = whole.words[position : position + len(part.words)]
        if not words[-1].mark:
            assert not any(one.mark for one in words)
        position += len(words)


@given(sentences(), st.integers(3, 60))
def test_a_part_takes_all_it_can(whole, most):
    """Of phrases or, where there is none, of words; one phone is kept for a pause."""
    position = 0
    for part in whole.split(most)[:-1]:
        rest = whole.words[position:]
        by_phrase = rest[len(part.words) - 1].mark
        for count in range(len(part.words) + 1, len(rest)):
            if rest[count - 1].mark or not by_phrase:
                assert len(Sentence(rest[:count]).phones) >= most
        position += len(part.words)


@given(sentences())
def test_what_fits_is_left_alone(whole):
    assert whole.split(len(whole.phones)) == [whole]


def test_cut_after_the_last_phrase_that_fits():
    whole = sentence((2, ","), (2, ","), (2,), (2,), (2, "."))
    assert [part.text for part in whole.split(10)] == ["aa, aa,", "aa aa aa."]


def test_cut_after_a_word_where_there_is_no_phrase():
    whole = sentence((2,), (3,), (4,), (2, "?"))
    assert [part.text for part in whole.split(10)] == ["aa aaa,", "aaaa aa?"]


def test_a_word_that_is_too_long_stays_whole():
    whole = sentence((1,), (9,), (1, "."))
    assert [part.text for part in whole.split(5)] == ["a,", "aaaaaaaaa,", "a."]


def test_english():
    (whole,) = phonemize("When the sun rises over the hills, the birds in the old garden sing.")
    first, second = whole.split(40)
    assert first.text.endswith("hills,") and second.text.startswith("the birds")
    # The pause after the comma now ends one part and begins another.
    assert first.phones + second.phones[1:] == whole.phones
