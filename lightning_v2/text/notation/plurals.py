"""Figures with an s: decades, and things that are called by a number."""

import re

from lightning_v2.text.notation.numbers import cardinal, in_pairs, looks_like_year, plural, year

_DETERMINERS = "the|early|late|mid|his|her|their|my|our|your|its|these|those"
_COUNTS = (
    "two|three|four|five|six|seven|eight|nine|ten|many|several|few|some|all|both|no|of|boeing"
    "|airbus|peugeot|porsche"
)

_RULES = (
    # 1990s-2000s
    (r"(?<=\d0s)\s?[-–]\s?(?=['\d])", " to "),
    # '80s, 1990s
    (r"'(\d0)'?s\b", lambda m: plural(cardinal(m[1]))),
    (r"\b([12]\d\d0)'?s\b", lambda m: _decade(m[1])),
    # the 830s, her 30s, mid-60s
    (rf"\b((?:{_DETERMINERS})[\s-])(\d{{1,2}}0)'?s\b", lambda m: m[1] + _decade(m[2])),
    # the 747s, two 747s, three 10s
    (rf"\b((?:{_DETERMINERS})\s)(\d{{3,4}})'?s\b", lambda m: m[1] + plural(in_pairs(m[2]))),
    (rf"\b((?:{_COUNTS}|\d+)\s)(\d{{1,4}})'?s\b", lambda m: m[1] + plural(in_pairs(m[2]))),
    # MP3s, F-16s
    (r"\b([A-Z][A-Za-z]*-?)(\d{1,4})'?s\b", lambda m: f"{m[1]} {plural(in_pairs(m[2]))}"),
)


def spoken(text: str) -> str:
    """`the '80s` -> "the eighties", `two 747s` -> "two seven forty-sevens".

    A figure with an s and without a word before it that asks for a plural is a time: "Wait 30s."
    """
    for pattern, words in _RULES:
        flags = 0 if "A-Z" in pattern else re.IGNORECASE
        text = re.sub(pattern, words, text, flags=flags)
    return text


def _decade(digits: str) -> str:
    if len(digits) == 4 and digits.endswith("00") and digits[1] != "0":
        return f"{cardinal(digits[:2])} hundreds"
    return plural(year(digits) if looks_like_year(digits) else in_pairs(digits))
