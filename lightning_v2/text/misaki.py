"""Texts as phones in the alphabet of misaki and Kokoro, by the front end of `hibari-tts`.

Stress marks, punctuation and spaces between words are phones, too.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from lightning_v2.text.errors import TextError

_PHRASE_ENDS = tuple(",;:—…")


def misaki_sentences(text: str) -> list[str]:
    """The sentences of an English text, a character a phone.

    Raises:
        TextError: there is nothing to say.
    """
    sentences = _reader().phonemize(text)
    if not any(any(map(str.isalpha, sentence)) for sentence in sentences):
        raise TextError(f"there is nothing to say in {text!r}")
    return sentences


def parts(sentence: Iterable[str], longest: int) -> Iterator[tuple[str, ...]]:
    """The phones of a sentence in parts of so many at most, cut after a phrase or else a word.

    A single word with more phones stays whole.
    """
    words = "".join(sentence).split(" ")
    while words:
        fitting = [n for n in range(1, len(words) + 1) if len(" ".join(words[:n])) <= longest] or [
            1
        ]
        phrases = [n for n in fitting if words[n - 1].endswith(_PHRASE_ENDS)]
        whole = fitting[-1] == len(words)
        count = fitting[-1] if whole or not phrases else phrases[-1]
        yield tuple(" ".join(words[:count]))
        words = words[count:]


@cache
def _reader() -> Any:
    from hibari import Hibari
    from hibari.g2p import G2P

    class Reader(Hibari):
        """Without the model, which only a voice that speaks needs."""

        def __init__(self):
            self._g2p = G2P()

    return Reader()
