"""Texts as phones in the alphabet of misaki and Kokoro, by the front end of `hibari-tts`.

Stress marks, punctuation and spaces between words are phones, too.
"""

from functools import cache
from typing import Any

from lightning_v2.text.errors import TextError


def misaki_sentences(text: str) -> list[str]:
    """The sentences of an English text, a character a phone.

    Raises:
        TextError: there is nothing to say.
    """
    sentences = _reader().phonemize(text)
    if not any(any(map(str.isalpha, sentence)) for sentence in sentences):
        raise TextError(f"there is nothing to say in {text!r}")
    return sentences


@cache
def _reader() -> Any:
    from hibari import Hibari

    return Hibari()
