"""Letters and figures in one word, and letters with a sign."""

import re

from lightning_v2.text.notation.numbers import in_pairs, spelled
from lightning_v2.text.notation.spelling import letter_names


def _based(match: re.Match) -> str:
    """A number to base 16, 2 or 8, sign by sign."""
    parts = [spelled(c) if c.isdigit() else letter_names(c.upper()) for c in match[2]]
    return f"zero {letter_names(match[1].upper())} {' '.join(parts)}"


_RULES = (
    (r"\b0([xX])([0-9A-Fa-f]+)\b", _based),
    (r"\b0([bB])([01]+)\b", _based),
    (r"\b0(o)([0-7]+)\b", _based),
    # B- of a grade or AB- of blood, but not B- and C-class
    (
        r"\b([A-F]|AB|O)-(?=[\s.,;:!?]|$)(?!,?\s(?:and|or|to)\s\w+-\w)",
        lambda m: f"{letter_names(*m[1])} minus",
    ),
    (r"\b([A-G])#(?!\w)", lambda m: f"{letter_names(m[1])} sharp"),
    (
        r"\b([A-Z]{1,3})&([A-Z]{1,3})\b(?!')",
        lambda m: f"{letter_names(*m[1])} and {letter_names(*m[2])}",
    ),
    (r"\bA(?=/[A-Z]\b|-?\d|-[a-z])", letter_names("A")),
    (r"\b(\d{3})([A-Z])\b", lambda m: f"{in_pairs(m[1])} {letter_names(m[2])}"),
    # 3.B, of a section
    (r"(?<=\d)\.([A-Z])\b(?!'|\.\w)", lambda m: " " + letter_names(m[1])),
    (r"(?<=\d)\s?x\s?(?=\d)", " by "),
    (r"(?<=\d)x\b", " times"),
    (r"(?<=\w)\^2(?!\d)", " squared"),
    (r"(?<=\w)\^3(?!\d)", " cubed"),
    (r"(?<=\w)\^-(?=\d)", " to the power of minus "),
    (r"(?<=\w)\^(?=[\w(])", " to the power of "),
)


def spoken(text: str) -> str:
    """`0x1F` -> "zero X one F", `C#` -> "C sharp", `101B` -> "one oh one B", `3x4` -> "3 by 4"."""
    for pattern, words in _RULES:
        text = re.sub(pattern, words, text)
    return text
