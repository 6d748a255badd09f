import numpy as np
import pytest

from lightning_v2.analysis.metrics.recogniser import (
    _decoder,
    hypothesis,
    recognise,
    spelled,
    word_error_rate,
    words_agree_percent,
)
from lightning_v2.model import SAMPLE_RATE, load

TEXTS = ["The weather is very good today.", "There were two people in the old house."]


@pytest.fixture(scope="module")
def waves():
    return [(speech.waveform, SAMPLE_RATE) for speech in load().synthesize(TEXTS)]


def test_hears_most_words_of_the_voice(waves):
    assert word_error_rate(TEXTS, recognise(waves, 2))["wer_percent"] < 50


def test_order_and_number_of_processes_do_not_matter(waves):
    forward = recognise(waves, 1)
    assert recognise(waves[::-1], 2) == forward[::-1]
    assert [hypothesis(*wave) for wave in waves] == forward


def test_what_it_heard_before_does_not_matter():
    """With these two the second was once heard as "call two" alone and as "twelve two" after."""
    before, after = load().synthesize(
        [
            "It may be added that of late years the clothes in which a convict has suffered are "
            "invariably burnt.",
            "Cole too was apprehended, and in due course tried at the Central Criminal Court.",
        ]
    )
    _decoder.cache_clear()
    alone = hypothesis(after.waveform, SAMPLE_RATE)
    _decoder.cache_clear()
    hypothesis(before.waveform, SAMPLE_RATE)
    assert hypothesis(after.waveform, SAMPLE_RATE) == alone


def test_silence_is_nothing():
    assert hypothesis(np.zeros(SAMPLE_RATE), SAMPLE_RATE) == ""


@pytest.mark.parametrize(
    ("other", "percent"),
    [
        ("one two three four", 100),
        ("one too three four", 75),
        ("one two four", 75),
        ("one two and three four", 80),
        ("", 0),
    ],
)
def test_agreement_counts_words_in_both_directions(other, percent):
    assert words_agree_percent("one two three four", other) == percent
    assert words_agree_percent(other, "one two three four") == percent


def test_two_that_hear_nothing_neither_agree_nor_differ():
    assert np.isnan(words_agree_percent("", ""))


def test_spelling_is_the_recognisers():
    assert spelled("Dr. Smith paid $3, didn't he?") == "doctor smith paid three dollars didn't he"


def test_word_error_rate_counts_words():
    figures = word_error_rate(["one two three four"], ["one too three"])
    assert figures["wer_percent"] == 50
    assert figures["deleted_percent"] == 25
    assert figures["words"] == 4
