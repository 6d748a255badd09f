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
        | 0\d{2,4}[ ]\d{3,4}[ ]\d{3,4}                                      # 020 7946 0958
    )
    (?:,?[ ]?(?:ext\.?|x)[ ]?(?P<extension>\d{1,5}))?
    (?![\w-]|[.,]\d)
    """,
    re.VERBOSE,
)


def spoken(text: str) -> str:
    """`(415) 555-0132` -> "four one five, five five five, zero one three two"."""
    return _NUMBER.sub(_spoken, text)


def _spoken(match: re.Match) -> str:
    groups = ", ".join(spelled(group) for group in re.findall(r"\d+", match["number"]))
    extension = f" extension {spelled(match['extension'])}" if match["extension"] else ""
    return ("plus " if match["number"][0] == "+" else "") + groups + extension
