"""Figures joined by dashes: ranges, scores, and chains that are neither."""

import re

from lightning_v2.text.notation.numbers import amount, cardinal, looks_like_year, spelled, year

_LONGEST_WORD = 2  # digits; a chain with longer groups is read digit by digit
SCORE = (
    "won|win|wins|winning|lost|lose|loses|losing|beat|beats|beaten|led|lead|leads|leading|trailed"
    "|trailing|drew|draw|score|scores|victory|defeat|final|game|up|down|tied|tie"
)
"""Before two figures that are a score."""


def _chain(match: re.Match) -> str:
    groups = re.split("[-–]", match[0])
    if max(map(len, groups)) <= _LONGEST_WORD:
        return " ".join(map(cardinal, groups))
    return ", ".join(map(spelled, groups))


def _pair(match: re.Match) -> str:
    """`10-20` is a range, `6-4` and `won 2-3` are scores, `50-50` is neither."""
    first, last = match["first"], match["last"]
    if first == last:
        return f"{first} {last}"
    shorter_year = looks_like_year(first) and len(last) == 2
    if not match["cue"] and (shorter_year or _number(first) < _number(last)):
        if shorter_year and last[0] == "0":
            last = f"oh {last[1]}"
        return f"{year(first) if looks_like_year(first) else amount(first)} to {last}"
    return f"{match['cue'] or ''}{first} {last}"


def _number(figures: str) -> float:
    return float(figures.replace(",", ""))


_FIGURE = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_FRACTION = r"(?:\d+\s)?\d{1,2}/\d{1,2}(?![\d/])"
_RULES = (
    # 978-3-16-148410-0, 1-2-3
    (r"(?<![\w.,$-])\d+(?:[-–]\d+){2,}(?![\w-]|[.,]\d)", _chain),
    # 1/2-1 cup, 1 1/2-2
    (
        rf"(?<![\d/.,–-])(?:{_FRACTION}\s?[-–]\s?(?=\d)|(?:{_FIGURE})\s?[-–]\s?(?={_FRACTION}))",
        lambda m: re.sub(r"\s?[-–]\s?$", " to ", m[0]),
    ),
    # 10km-20km: the unit is said once
    (
        rf"(?<![\w.,-])({_FIGURE})\s?([A-Za-z°µΩ]+)\s?[-–]\s?(?=(?:{_FIGURE})\s?\2(?![\w]))",
        r"\1 to ",
    ),
    (
        r"(?<=%)\s?[-–]\s?(?=\d)|(?<=\d(?:st|nd|rd|th))\s?[-–]\s?(?=\d)|(?<=\d)\s?~\s?(?=\d)",
        " to ",
    ),
    # 10-20, 1914–1918, 6-4
    (
        rf"(?P<cue>\b(?:{SCORE})\s(?:by\s|of\s)?)?(?<![\w.,-])(?P<first>{_FIGURE})\s?[-–]\s?"
        rf"(?P<last>{_FIGURE})(?![\d-]|[.,]\d)",
        _pair,
    ),
)


def spoken(text: str) -> str:
    """`10-20 kg` -> "ten to 20 kg", `won 3-2` -> "won 3 2"; what follows reads the figures left."""
    for pattern, words in _RULES:
        text = re.sub(pattern, words, text, flags=re.IGNORECASE)
    return text
