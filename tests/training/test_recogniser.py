import pytest

from lightning_v2.model import SAMPLE_RATE, load
from lightning_v2.training.recogniser import recognise, spelled, word_error_rate

TEXTS = ["The weather is very good today.", "There were two people in the old house."]


@pytest.fixture(scope="module")
def waves():
    return [(speech.waveform, SAMPLE_RATE) for speech in load().synthesize(TEXTS)]


def test_hears_most_words_of_the_voice(waves):
    assert word_error_rate(TEXTS, recognise(waves, 2))["wer_percent"] < 50


def test_order_and_number_of_processes_do_not_matter(waves):
    forward = recognise(waves, 1)
    assert recognise(waves[::-1], 2) == forward[::-1]


def test_spelling_is_the_recognisers():
    assert spelled("Dr. Smith paid $3, didn't he?") == "doctor smith paid three dollars didn't he"


def test_word_error_rate_counts_words():
    figures = word_error_rate(["one two three four"], ["one too three"])
    assert figures["wer_percent"] == 50
    assert figures["deleted_percent"] == 25
    assert figures["words"] == 4
