"""Texts as phones in the alphabet of misaki and Kokoro, by the front end of `hibari-tts`.

Stress marks, punctuation and spaces between words are phones, too.
"""

import warnings
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any

from lightning_v2.text.characters import to_plain
from lightning_v2.text.errors import TextError, UnspokenWarning

_PHRASE_ENDS = tuple(",;:—…")


def misaki_sentences(text: str) -> list[str]:
    """The sentences of an English text, a character a phone.

    Characters without a pronunciation are left out with an `UnspokenWarning` that lists them.

    Raises:
        TextError: there is nothing to say, the text holds control characters, or the front end
            fails on it, as on numbers of 37 digits.
    """
    left_out = unspoken(text)
    sentences = _phonemized(text)
    if not any(any(map(str.isalpha, sentence)) for sentence in sentences):
        raise TextError(f"there is nothing to say in {text!r}")
    if left_out:
        warnings.warn(f"no pronunciation for {' '.join(left_out)}", UnspokenWarning, stacklevel=3)
    return sentences


@lru_cache(maxsize=16)
def unspoken(text: str) -> tuple[str, ...]:
    """The characters of a text that nobody can say: with or without them its phones are the same.

    Only those are looked at that are neither Latin letters nor digits nor marks of English.

    Raises:
        TextError: the text holds control characters, or the front end fails on it.
    """
    _, odd = to_plain(text)
    return tuple(character for character in odd if _said(text) == _said(text, but=character))


def _said(text: str, but: str = "") -> str:
    """The sounds and stresses of a text, without the marks and spaces between them."""
    phones = _phonemized(text.replace(but, " ") if but else text)
    return "".join(filter(str.isalpha, "".join(phones)))


def _phonemized(text: str) -> list[str]:
    try:
        return _reader().phonemize(text)
    except Exception as error:  # whatever a package raises
        words = text.split()
        word = next((word for word in words if len(words) > 1 and _fails(word)), text)
        raise TextError(f"hibari-tts cannot read {word[:60]!r}: {error}") from error


def _fails(word: str) -> bool:
    try:
        _reader().phonemize(word)
    except Exception:
        return True
    return False


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
