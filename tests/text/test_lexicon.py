import os
import subprocess
import sys

import pytest

from lightning_v2.text import TextError
from lightning_v2.text.lexicon import pronounce

SCRIPT = "from lightning_v2.text import lexicon; lexicon._tagger(); lexicon._letter_to_sound()"


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("hello", "h ɛ l oʊ"),
        ("computer", "k ə m p j u t ɚ"),
        ("o'neill's", "oʊ n i l z"),
        ("blotch's", "b l ɑ t͡ʃ ə z"),
        ("birch's", "b ɚ t͡ʃ ɪ z"),
        ("canoe's", "k ə n u z"),
    ],
)
def test_words_of_the_lexicon_and_their_stems(word, sounds):
    assert " ".join(pronounce(word)) == sounds


@pytest.mark.parametrize(("word", "last"), [("zxcvbish", "ʃ"), ("zxcvbish's", "z")])
def test_words_that_it_does_not_list_are_guessed(word, last):
    assert pronounce(word)[-1] == last


@pytest.mark.parametrize(("one", "other"), [("colour", "color"), ("coal", "cole")])
def test_words_that_sound_alike(one, other):
    assert pronounce(one) == pronounce(other)


def test_no_sound_at_all():
    with pytest.raises(TextError, match="no pronunciation for the word"):
        pronounce("'")


def test_what_packages_say_of_their_own_sources_reaches_nobody(tmp_path):
    """The first import after an installation compiles them: as it is without any compiled file."""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", SCRIPT],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path)},
    )
    assert done.stderr == ""
