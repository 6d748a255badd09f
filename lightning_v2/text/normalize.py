"""Written English to spoken English: lower-case words and the punctuation that shapes phrases."""

import re
from dataclasses import dataclass

from lightning_v2.text.characters import to_plain
from lightning_v2.text.errors import TextError
from lightning_v2.text.notation import (
    abbreviations,
    addresses,
    codes,
    dates,
    equations,
    money,
    numbers,
    plurals,
    primes,
    ranges,
    roman,
    symbols,
    telephone,
    times,
    units,
    verses,
)
from lightning_v2.text.notation.spelling import LETTER, is_spelled

_READINGS = (
    primes.spoken,
    addresses.spoken,
    symbols.joined,
    telephone.spoken,
    numbers.whole,
    dates.spoken,
    verses.spoken,
    plurals.spoken,
    equations.spoken,
    symbols.phrased,
    abbreviations.spoken,
    roman.spoken,
    times.spoken,
    money.spoken,
    ranges.spoken,
    units.spoken,
    codes.spoken,
    symbols.spoken,
    numbers.spoken,
)
"""Each reads one kind of notation and leaves the rest; the order matters where kinds overlap."""

_SHORT_WORDS = {"A", "I", "AM", "AN", "AND", "ARE", "AS", "AT", "BE", "BUT", "BY", "CAN", "DO",
                "FOR", "GET", "GO", "HAD", "HAS", "HE", "HER", "HIS", "HOW", "IF", "IN", "IS", "IT",
                "ITS", "ME", "MY", "NEW", "NO", "NOT", "NOW", "OF", "OFF", "ON", "ONE", "OR", "OUR",
                "OUT", "SHE", "SO", "THE", "TO", "TOO", "TWO", "UP", "WAS", "WE", "WHO", "WHY",
                "YES", "YOU"}  # fmt: skip
_PHRASE_MARKS = ",.?!"


@dataclass(frozen=True)
class Normalized:
    """A text as it will be spoken.

    Attributes:
        text: lower-case words, single spaces, and the marks `, . ? !` each as its own token;
            a word that is spelled out is given letter by letter in capitals ("F B I").
        unspoken: characters that had no pronunciation and were left out.
    """

    text: str
    unspoken: tuple[str, ...]


def normalize(text: str) -> Normalized:
    """Write a text out as it is spoken.

    Raises:
        TextError: if nothing speakable is left, or the text holds control characters.
    """
    words, unspoken = to_plain(text)
    for read in _READINGS:
        words = read(words)
    words, left_over = _split_words(words)
    unspoken = tuple(dict.fromkeys(unspoken + left_over))
    if not re.search(r"[A-Za-z]", words):
        shown = text if len(text) <= 40 else text[:37] + "..."
        raise TextError(
            f"nothing to say in {shown!r}"
            + (f": no pronunciation for {' '.join(unspoken)}" if unspoken else ": no words")
        )
    return Normalized(words, unspoken)


_TOKEN = re.compile(
    rf"(?P<word>[A-Z]{LETTER}(?:'s\b)?|(?:[A-Za-z]+(?:'[A-Za-z]+)*|'[A-Za-z]+)(?!{LETTER}))"
    r"|(?P<mark>\.{2,}|[.,;:!?])|[\s'–-]|(?P<unspoken>.)"
)
"""A word, a mark, what stands between words, and what nobody can say."""


def _split_words(text: str) -> tuple[str, tuple[str, ...]]:
    """Words and marks, single spaces between them; and the characters that are neither."""
    shouting = len(re.findall(r"[A-Z]{2,}", text)) > 1 and not re.search(r"[a-z]", text)
    tokens: list[str] = []
    unspoken: list[str] = []
    for match in _TOKEN.finditer(text):
        if match["word"]:
            tokens.extend(_spoken_token(match["word"], shouting))
        elif match["mark"]:
            mark = match["mark"] if match["mark"] in _PHRASE_MARKS else ","
            if tokens and tokens[-1] in _PHRASE_MARKS:
                # of several marks in a row the strongest stays
                tokens[-1] = max(tokens[-1], mark, key=",.!?".index)
            elif tokens:
                tokens.append(mark)
        elif match["unspoken"]:
            unspoken.append(match["unspoken"])
    if tokens and tokens[-1] == ",":
        tokens[-1] = "."
    elif tokens and tokens[-1] not in _PHRASE_MARKS:
        tokens.append(".")
    return " ".join(tokens), tuple(unspoken)


def _spoken_token(token: str, shouting: bool) -> list[str]:
    """One written word as spoken words: initialisms are spelled."""
    if LETTER in token:
        return [token.replace(LETTER, "")]
    stem, _, ending = token.partition("'")
    if ending.lower() not in ("", "s"):
        return [token.lower()]
    if shouting and not (len(stem) == 1 and stem not in "AI"):
        return [token.lower()]
    plural = re.fullmatch(r"([A-Z]{2,})s", stem)
    letters = plural[1] if plural else stem
    if letters.isupper() and (len(letters) > 1 or letters not in "AI"):
        if letters in _SHORT_WORDS or (len(letters) > 3 and not is_spelled(letters)):
            return [token.lower()]
        tail = "'s" if plural or ending.lower() == "s" else ""
        return [*letters[:-1], letters[-1] + tail]
    return [token.lower()]
