"""Chapter and verse of the Bible."""

import re

from lightning_v2.text.notation.numbers import cardinal

_BOOKS = {
    "genesis": "gen", "exodus": "exod ex", "leviticus": "lev", "numbers": "num", "deuteronomy":
    "deut", "joshua": "josh", "judges": "judg", "ruth": "", "samuel": "sam", "kings": "kgs",
    "chronicles": "chron chr", "ezra": "", "nehemiah": "neh", "esther": "esth", "job": "",
    "psalm": "ps psalms pss", "proverbs": "prov", "ecclesiastes": "eccl eccles", "isaiah": "isa",
    "jeremiah": "jer", "lamentations": "lam", "ezekiel": "ezek", "daniel": "dan", "hosea": "hos",
    "joel": "", "amos": "", "obadiah": "obad", "jonah": "jon", "micah": "mic", "nahum": "nah",
    "habakkuk": "hab", "zephaniah": "zeph", "haggai": "hag", "zechariah": "zech", "malachi": "mal",
    "matthew": "matt mt", "mark": "mk", "luke": "lk", "john": "jn", "acts": "", "romans": "rom",
    "corinthians": "cor", "galatians": "gal", "ephesians": "eph", "philippians": "phil",
    "colossians": "col", "thessalonians": "thess", "timothy": "tim", "titus": "", "philemon":
    "philem", "hebrews": "heb", "james": "jas", "peter": "pet", "jude": "", "revelation": "rev",
}  # fmt: skip
_FULL = {form: name for name, short in _BOOKS.items() for form in (name, *short.split())}
_BOOK = "|".join(sorted((form.capitalize() for form in _FULL), key=len, reverse=True))
_VERSE = r"[1-9]\d{0,2}"
_PLACE = re.compile(
    rf"(?:\b(?P<part>[123]|I{{1,3}})\s)?\b(?P<book>{_BOOK})\.?\s(?P<chapter>{_VERSE}):(?P<verse>{_VERSE})"
    rf"(?:\s?[-–]\s?(?:(?P<last_chapter>{_VERSE}):)?(?P<last>{_VERSE}))?"
    r"(?![\w:]|[.,]\d|\s?[ap]\.?m\b)"
)
_ORDINALS = {
    "1": "first",
    "2": "second",
    "3": "third",
    "I": "first",
    "II": "second",
    "III": "third",
}


def spoken(text: str) -> str:
    """`Ps. 23:1-6` -> "psalm twenty-three one to six"; a time of day is none: "Mark 5:30 pm"."""
    return _PLACE.sub(_spoken, text)


def _spoken(match: re.Match) -> str:
    part = f"{_ORDINALS[match['part']]} " if match["part"] else ""
    name = _FULL[match["book"].lower()].capitalize()
    words = f"{part}{name} {cardinal(match['chapter'])} {cardinal(match['verse'])}"
    if match["last"]:
        words += " to " + " ".join(
            cardinal(figure) for figure in (match["last_chapter"], match["last"]) if figure
        )
    return words
