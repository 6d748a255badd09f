"""Dates, days and months."""

import re
from calendar import monthrange

from lightning_v2.text.notation.numbers import ordinal, year
from lightning_v2.text.notation.spelling import at_end

_MONTHS = {
    "january": "jan", "february": "feb", "march": "mar", "april": "apr", "may": "may",
    "june": "jun", "july": "jul", "august": "aug", "september": "sep sept", "october": "oct",
    "november": "nov", "december": "dec",
}  # fmt: skip
_DAYS = {
    "monday": "mon", "tuesday": "tue tues", "wednesday": "wed", "thursday": "thu thur thurs",
    "friday": "fri", "saturday": "sat", "sunday": "sun",
}  # fmt: skip
_FULL = {short: name for names in (_MONTHS, _DAYS) for name, all_ in names.items()
         for short in (name, *all_.split())}  # fmt: skip
_ONLY_WITH_NUMBER = {"sat", "sun", "mar", "may"}
"""Short forms that are words of their own."""

_TIME_OF_DAY = "morning|noon|afternoon|evening|night"

FIRST_OF_CENTURY = 69
"""Years of two digits from this on are of the 1900s, as POSIX has it."""


def _alternatives(names: dict[str, str]) -> str:
    forms = [form for name, short in names.items() for form in (name, *short.split())]
    return "|".join(sorted(forms, key=len, reverse=True))


_MONTH, _DAY = _alternatives(_MONTHS), _alternatives(_DAYS)
_NUMBERED = r"(?:[12]\d|3[01]|0?[1-9])"
_ORDINAL = "(?:st|nd|rd|th)?"
_SUFFIX = rf"(?P<suffix>{_ORDINAL})"
_NO_MORE = r"(?![\d:%/-]|[.,]\d|\s?(?:million|billion|percent|[ap]\.?m\b))"
_NAME_END = r"(?:\.(?!\w)|\b)"

_WANTS_ARTICLE = re.compile(
    rf"(?:^|[^\w\s]|\b(?:on|of|by|from|until|till|since|before|after|to|and|or|between|was|is|dated"
    rf"|{_DAY}))\s*$",
    re.IGNORECASE,
)
"""What stands before "5 January" where it is said "the fifth of January"."""


def _full_year(digits: str) -> str:
    if len(digits) == 2:
        return ("19" if int(digits) >= FIRST_OF_CENTURY else "20") + digits
    return digits


def _date(month: str, day: str, written_year: str) -> str | None:
    """Words of a date in figures; None where there is no such month or day."""
    full_year = _full_year(written_year)
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= _days(int(month), int(full_year)):
        return None
    return f"{list(_MONTHS)[int(month) - 1]} {ordinal(day.lstrip('0'))}, {year(full_year)}"


def _days(month: int, in_year: int = 2000) -> int:
    """How many days a month has; where the year is not known, it may be a leap year."""
    return monthrange(max(in_year, 1), month)[1]


def _exist(name: str, days: list[str], rest: str) -> bool:
    """Whether a month has these days; the year may follow them."""
    month = list(_MONTHS).index(name) + 1
    written_year = re.match(r",?\s([12]\d{3})\b", rest)
    most = _days(month, int(written_year[1])) if written_year else _days(month)
    return all(int(day) <= most for day in days)


def _year_first(match: re.Match) -> str:
    return _date(match["month"], match["day"], match["year"]) or match[0]


def _month_of(match: re.Match) -> str:
    """`2024-05` is a month; 2005-06 and 2010-12 may be years, as in 1914-18."""
    if int(match["month"]) > int(match["year"]) % 100:
        return match[0]
    return f"{list(_MONTHS)[int(match['month']) - 1]} {year(match['year'])}"


def _month_first(match: re.Match) -> str:
    date = _date(match["month"], match["day"], match["year"])
    if date or match["mark"] == "-":
        return date or match[0]
    return match[0].replace("/", " slash ")


def _month_day(match: re.Match) -> str:
    """`June 3-5`, `Dec. 7`; a capital tells the month from the verb."""
    if match["month"] == "may":
        return match[0]
    name, days = _FULL[match["month"].lower()], re.findall(r"\d+", match["days"])
    if not _exist(name, days, match.string[match.end() :]):
        return f"{name} {match['days']}{match['suffix']}"
    return f"{name} {' to '.join(ordinal(day.lstrip('0')) for day in days)}"


def _day_month(match: re.Match) -> str:
    if match["name"] == "may":
        return match[0]
    name, days = _FULL[match["name"].lower()], re.findall(r"\d+", match["days"])
    if not _exist(name, days, match.string[match.end() :]):
        return (
            f"{match['the'] or ''}{match['days']}{match['suffix']}{match['of']}{name}{_dot(match)}"
        )
    before = match.string[: match.start()]
    the = "the " if match["the"] or _WANTS_ARTICLE.search(before) else ""
    return f"{the}{' to '.join(ordinal(day.lstrip('0')) for day in days)} of {name}{_dot(match)}"


def _dot(match: re.Match) -> str:
    """The full stop after a name, if it ends the sentence: after a full name it always does."""
    ends = match["dot"] and (_FULL[match["name"].lower()] == match["name"].lower())
    return "." if ends or (match["dot"] and at_end(match.string[match.end() :])) else ""


def _name(match: re.Match) -> str:
    """`Jan.`, `Fri.`; `Sat.` and the like only before a number, a date or a time of day."""
    key = match["name"].lower()
    rest = match.string[match.end() :]
    if match["name"][0].islower() or (
        key in _ONLY_WITH_NUMBER
        and not re.match(rf"\s*(?:\d|the\s\w+\sof|(?i:{_MONTH}|{_TIME_OF_DAY})\b)", rest)
    ):
        return match[0]
    return _FULL[key] + _dot(match)


_RULES = (
    # Mon-Fri, Jan–Mar
    (
        rf"\b(?P<first>(?:{_DAY}|{_MONTH}))\.?\s?[-–]\s?(?P<last>{_DAY}|{_MONTH}){_NAME_END}",
        lambda m: (
            f"{_FULL[m['first'].lower()]} to {_FULL[m['last'].lower()]}"
            if m["first"][0].isupper() and m["last"][0].isupper()
            else m[0]
        ),
    ),
    # 2024-05-01, 2024/05/01
    (r"(?<![\w.-])(?P<year>[12]\d{3})([-/])(?P<month>\d\d)\2(?P<day>\d\d)(?![\w-])", _year_first),
    # 2024-05, but not 2005-06
    (r"(?<![\w.,-])(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])(?![\w–-]|[.,]\d)", _month_of),
    # 12/25/2020, 12/25/99, 05-17-2023
    (
        r"(?<![\w./-])(?P<month>\d{1,2})(?P<mark>[-/])(?P<day>\d{1,2})(?P=mark)"
        r"(?P<year>\d{4}|(?<=/)\d\d)(?![\w/-])",
        _month_first,
    ),
    # May 30 – June 2
    (rf"(?<=\d)\s?[-–]\s?(?=(?:{_MONTH})\.?\s\d)", " to "),
    # June 3-5, June 3rd–5th
    (
        rf"\b(?P<month>{_MONTH})\.?\s+(?P<days>{_NUMBERED}(?:{_ORDINAL}\s?[-–]\s?{_NUMBERED})?){_SUFFIX}\b"
        rf"{_NO_MORE}",
        _month_day,
    ),
    # 4 July, the 5th of May, 3-5 June
    (
        rf"(?P<the>\bthe\s)?(?<![\d.,/:$£€–-])\b(?P<days>{_NUMBERED}(?:{_ORDINAL}[-–]{_NUMBERED})?){_SUFFIX}"
        rf"(?P<of>\s(?:of\s)?)(?P<name>{_MONTH})\b(?P<dot>\.?)(?!\w)",
        _day_month,
    ),
    (rf"\b(?P<name>{_DAY}|{_MONTH})(?P<dot>\.)(?!\w)", _name),
)


def spoken(text: str) -> str:
    """`2024-05-01` -> "may first, twenty twenty-four"; dates are read month first."""
    for pattern, words in _RULES:
        text = re.sub(pattern, words, text, flags=re.IGNORECASE)
    return text
