"""Times of day and ratios: figures with a colon, "a.m." and "p.m."."""

import re

from lightning_v2.text.notation.numbers import cardinal
from lightning_v2.text.notation.spelling import letter_names

_HALF = r"(?P<half>[ap]\.?m\b\.?)"
_STAYS = r"\s+(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|[A-Z]{2,4}\b)"
"""A day or a time zone after "p.m.": the sentence goes on."""


def _half_of_day(match: re.Match) -> str:
    rest = match.string[match.end() :]
    ends = match["half"].endswith(".") and re.match(rf"\s*$|(?!{_STAYS})\s+[A-Z]", rest)
    return letter_names(match["half"][0].upper(), "M") + ("." if ends else "")


def _time(match: re.Match) -> str:
    hour, minute, half = int(match["hour"]), int(match["minute"]), match["half"]
    words = [cardinal(str(hour))]
    if minute:
        words.append(("oh " if minute < 10 else "") + cardinal(str(minute)))
    elif half is None:
        words.append("o'clock" if 0 < hour <= 12 else "hundred")
    if match["second"]:
        words.append(f"and {cardinal(str(int(match['second'])))} seconds")
    if half:
        words.append(_half_of_day(match))
    return " ".join(words)


_RULES = (
    # 5pm-7pm, 3 a.m.-5 a.m., 9-5 p.m., 10:00-11:30
    (rf"(\d\s?{_HALF}|\d:\d\d)\s?[-–]\s?(?=\d)", r"\1 to "),
    (rf"(?<=\b\d)\s?[-–]\s?(?=\d{{1,2}}(?::\d\d)?\s?{_HALF})", " to "),
    # 10:45 p.m., 7:00
    (
        r"\b(?P<hour>[01]?\d|2[0-3]|24(?=:00)):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])"
        rf"(?:\s*{_HALF})?",
        _time,
    ),
    # 3pm
    (rf"\b(?P<hour>1[0-2]|[1-9])\s*{_HALF}", lambda m: f"{cardinal(m['hour'])} {_half_of_day(m)}"),
    # nine p.m.
    (r"\b(?P<half>[ap]\.\s?m\.)", _half_of_day),
    # 25:00
    (r"(?<![\d:])(\d+):(0\d)(?![\d:])", r"\1 \2"),
    # 16:9
    (r"(?<![\d:])(\d+):(\d+)(?![\d:])", r"\1 to \2"),
)


def spoken(text: str) -> str:
    """`10:45 p.m.` -> "ten forty-five P M", `16:9` -> "16 to 9"."""
    for pattern, words in _RULES:
        text = re.sub(pattern, words, text, flags=re.IGNORECASE)
    return text
