import pytest

from lightning_v2.text import TextError
from lightning_v2.text.misaki import misaki_sentences, parts


def cut(sentence, longest):
    return ["".join(part) for part in parts(sentence, longest)]


def test_a_sentence_that_fits_stays_whole():
    assert cut("wˈʌn, tˈu.", 10) == ["wˈʌn, tˈu."]


def test_a_long_one_is_cut_after_a_phrase_or_else_after_a_word():
    assert cut("wˈʌn, tˈu θɹˈi fˈɔɹ", 12) == ["wˈʌn,", "tˈu θɹˈi", "fˈɔɹ"]
    assert cut("wˈʌn tˈu θɹˈi", 9) == ["wˈʌn tˈu", "θɹˈi"]


def test_a_long_word_stays_whole():
    assert cut("ə kəntˈɪnjuəs wˈʌn", 6) == ["ə", "kəntˈɪnjuəs", "wˈʌn"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"It is {10**36} now.", f"{10**36}"),
        (f"It is {10**36:,}, it says.", f"{10**36:,},"),
        ("~\u278c", "~\u278c"),
    ],
)
def test_what_the_front_end_fails_on_is_named(text, named):
    with pytest.raises(TextError, match=f"hibari-tts cannot read '{named}': "):
        misaki_sentences(text)
