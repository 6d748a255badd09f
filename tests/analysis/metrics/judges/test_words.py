"""What counts as the same word."""

import numpy as np
import pytest

from lightning_v2.analysis.metrics.judges.words import (
    heard_right,
    spelled,
    word_errors,
    words_agree_percent,
)


@pytest.mark.parametrize(
    ("reference", "candidate", "percent"),
    [
        ("one two three four", "one two three four", 100),
        ("one two three four", "one ten three four", 75),
        ("one two three four", "one two four", 75),
        ("one ten three four", "one two three four", 100),
        ("one ten three four", "one hen three four", 100),  # it does not know that word
        ("one ten three four", "one two three more", 200 / 3),
        ("one two three four", "one one two three four four", 100),  # the error rate counts those
        ("one two three four", "", 0),
    ],
)
def test_agreement_is_of_the_words_that_were_heard_right(reference, candidate, percent):
    found = words_agree_percent("One, two, three, four!", reference, candidate)
    assert found == pytest.approx(percent)


@pytest.mark.parametrize("reference", ["", "ten hen"])
def test_where_nothing_is_heard_right_nothing_agrees_or_differs(reference):
    assert np.isnan(words_agree_percent("one two", reference, "one two"))


def test_word_error_rate_counts_words():
    figures = word_errors(["one two three four"], ["one ten three"])
    assert figures["wer_percent"] == 50
    assert figures["deleted_percent"] == 25
    assert figures["words"] == 4


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("It was in 1865.", "it was in eighteen sixty-five"),
        ("Dr. Smith paid $3, didn't he?", "doctor smith paid three dollars didn't he"),
        ("It fell by 20 per cent.", "It fell by 20%."),
        ("The colour of the harbour was grey.", "The color of the harbor was gray."),
        ("Cole's judgement", "coal's judgment"),
        ("We met to-day; no one else came.", "We met today. Noone else came."),
        ("a blacksmith of some one else", "a black smith of someone else"),
        ("The boys' boat", "The boy's boat"),
    ],
)
def test_what_sounds_alike_is_the_same(said, heard):
    for a, b in ((said, heard), (heard, said)):
        assert word_errors([a], [b])["wer_percent"] == 0
        assert heard_right(a, b).all()


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("fifteen men", "fifty men"),
        ("the bad boy", "the bed boy"),
        ("a march", "a marsh"),
        ("He can go.", "He can't go."),
        ("every day", "every every day"),
    ],
)
def test_what_sounds_otherwise_is_an_error(said, heard):
    assert word_errors([said], [heard])["wer_percent"] > 0


def test_spelling_is_that_of_speech():
    assert spelled("Dr. Smith paid $3, didn't he?") == "doctor smith paid three dollars didn't he"


@pytest.mark.parametrize("text", ["", " ", "...", "♪♪", "\x00", "[", "-"])
def test_what_holds_no_word_is_empty(text):
    assert spelled(text) == ""
    assert word_errors(["one two"], [text])["deleted_percent"] == 100
