"""Signs of arithmetic that mean more: a hyphen that takes away, a slash that divides."""

import re

from lightning_v2.text.notation.numbers import FRACTION, looks_like_year, proper
from lightning_v2.text.notation.ranges import SCORE
from lightning_v2.text.notation.roman import PARTS

_FIGURE = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_APART = r"(?<![\w.,:/$£€-])"
_SIGN = r"\s?[-/]\s?"
_RESULT = r"\s?=\s?(?:[-.(]?\d|\?|[A-Za-z]\b)"
_EQUATION = re.compile(rf"{_APART}{_FIGURE}(?:{_SIGN}{_FIGURE})+(?={_RESULT})")
_DIFFERENCE = re.compile(
    rf"{_APART}(?<!\d\s[-–]\s)(?P<first>{_FIGURE})\s-\s(?P<last>{_FIGURE})"
    r"(?![\w:/%-]|[.,]\d|\s[-–]\s?\d|\s?[ap]\.?m\b|\s[A-Z])"
)
_NO_TERM = re.compile(
    rf"\b(?:(?:{SCORE})\s(?:by\s|of\s)?|(?:{'|'.join(PARTS)}|pages?|room)\s)$", re.IGNORECASE
)


def spoken(text: str) -> str:
    """`5-3=2` -> "5 minus 3=2", `6/2=3` -> "6 divided by 2=3", `5 - 3` -> "5 minus 3".

    A hyphen with spaces takes away where the figures fall; else they are a range. After "won"
    and before a name they are a score, and what follows "chapter" is not reckoned with.
    """
    text = _EQUATION.sub(_equation, text)
    return _DIFFERENCE.sub(_difference, text)


def _equation(match: re.Match) -> str:
    """A proper fraction stays one: `1/2=0.5`."""
    fraction = re.fullmatch(FRACTION, match[0])
    if fraction and proper(fraction["top"], fraction["bottom"]):
        return match[0]
    return re.sub(r"\s?/\s?", " divided by ", re.sub(r"\s?-\s?", " minus ", match[0]))


def _difference(match: re.Match) -> str:
    first, last = match["first"], match["last"]
    falls = float(first.replace(",", "")) > float(last.replace(",", ""))
    shorter_year = looks_like_year(first) and len(last) == 2
    if not falls or shorter_year or _NO_TERM.search(match.string[: match.start()]):
        return match[0]
    return f"{first} minus {last}"
