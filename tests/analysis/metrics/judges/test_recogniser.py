"""What Whisper hears of our voice, and that nobody else is asked."""

import subprocess
import sys

import numpy as np
import pytest

from lightning_v2.analysis.metrics.judges.recogniser import _heard, _model, hypothesis, recognise
from lightning_v2.analysis.metrics.judges.words import word_errors
from lightning_v2.model import load
from lightning_v2.model.natural.config import SAMPLE_RATE

TEXTS = ["The weather is very good today.", "There were two people in the old house."]


@pytest.fixture(scope="module")
def waves():
    return [(speech.waveform, SAMPLE_RATE) for speech in load().synthesize(TEXTS)]


def test_order_and_number_of_processes_do_not_matter(waves):
    forward = [hypothesis(*wave) for wave in waves]
    assert word_errors(TEXTS, forward)["wer_percent"] == 0
    assert recognise(waves[::-1], 2) == forward[::-1]


def test_what_it_heard_before_does_not_matter(waves):
    _model.cache_clear()
    _heard.cache_clear()
    assert hypothesis(*waves[1]) == "there were two people in the old house"


def test_figures_are_heard_as_words():
    speech = load().synthesize("In 1865 he paid $25 of it to Dr. Smith.")
    heard = hypothesis(speech.waveform, speech.sample_rate)
    assert heard == "in eighteen sixty five he paid twenty five dollars of it to doctor smith"


def test_a_spoken_quote_is_no_mark():
    """It wrote the mark in place of the last words."""
    speech = load().synthesize(
        "I went there to see the land, the people and how their system works, end quote."
    )
    assert hypothesis(speech.waveform, speech.sample_rate).endswith(" quote")


def test_a_clip_without_its_end_lacks_words(waves):
    wave, rate = waves[1]
    lost = word_errors(TEXTS[1:], [hypothesis(wave[: len(wave) // 2], rate)])
    assert lost["deleted_percent"] > 30


def test_long_silence_adds_no_words(waves):
    wave, rate = waves[0]
    silence = np.zeros(40 * rate, np.float32)
    assert hypothesis(np.concatenate([silence, wave, silence]), rate) == hypothesis(wave, rate)


def test_silence_is_nothing():
    assert hypothesis(np.zeros(SAMPLE_RATE), SAMPLE_RATE) == ""


ALONE = """
import socket
import numpy as np

def refused(*_, **__):
    raise SystemExit("the network was asked")

socket.socket.connect = socket.getaddrinfo = refused
from lightning_v2.analysis.metrics.judges.recogniser import hypothesis
hypothesis(np.sin(np.arange(16000)), 16000)
"""


def test_no_network_is_touched():
    subprocess.run([sys.executable, "-c", ALONE], check=True)
