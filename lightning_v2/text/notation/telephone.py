"""Telephone and other numbers in groups: digit by digit, a short break between groups."""

import re

from lightning_v2.text.notation.numbers import spelled

_NUMBER = re.compile(
    r"""
    (?<![\w.+-])
    (?P<number>
        \+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,5}(?:[ .-]\d{2,8}){1,4}  # +44 20 7946 0958
        | \+\d{8,15}                                                       # +14155550132
        | (?:\d[ .-])?\(\d{3}\)[ ]?\d{3}[ .-]\d{4}                         # (415) 555-0132
        | (?:1[ .-])?\d{3}(?P<mark>[ .-])\d{3}(?P=mark)\d{4}                # 415-555-0132
        | \d{3}-\d{4}                                                      # 555-0132
        | (?:0\d{2,4}|\(0\d{2,4}\))[ ]\d{3,4}[ ]\d{3,4}                      # 020 7946 0958
    )
    (?:,?[ ]?(?:ext\.?|x)[ ]?(?P<extension>\d{1,5}))?
    (?![\w-]|[.,]\d)
    """,
    re.VERBOSE,
)

_CALLED = re.compile(
    r"\b(?P<before>(?i:telephone|phone|mobile|fax|call|dial|ring):?\s)"
    r"(?P<number>\d{3,5}(?:[ ]\d{3,5}){1,3})(?![\w-]|[.,]\d)"
)
_SERVICE = re.compile(
    r"\b(?P<before>(?i:call|dial|phone|ring|text)(?:s|l?ed|l?ing)?\s)"
    r"(?P<number>[2-9]11|112|988|999)(?![\w-]|[.,]\d)"
)
"""Emergency calls and the like."""

_BOOK = re.compile(
    r"\b(?P<before>(?:ISBN(?:-1[03])?|ISSN|EAN|UPC):?\s)(?P<number>\d{7,13})(?P<check>[Xx]?)\b"
)
"""Of books, journals and goods; X is ten."""


def spoken(text: str) -> str:
    """`(415) 555-0132` -> "four one five, five five five, zero one three two", `call 911` -> "call
    nine one one"."""
    text = re.sub(r"\b[Tt]el\.:?\s?(?=[\d+(])", "telephone ", text)
    text = _NUMBER.sub(_spoken, text)
    text = _CALLED.sub(lambda m: m["before"] + _groups(m["number"]), text)
    text = _SERVICE.sub(lambda m: m["before"] + spelled(m["number"]), text)
    return _BOOK.sub(lambda m: f"{m['before']}{spelled(m['number'])} {m['check'].upper()}", text)


def _groups(number: str) -> str:
    return ", ".join(spelled(group) for group in re.findall(r"\d+", number))


def _spoken(match: re.Match) -> str:
    extension = f" extension {spelled(match['extension'])}" if match["extension"] else ""
    return ("plus " if match["number"][0] == "+" else "") + _groups(match["number"]) + extension
