"""Figures with an s: decades, and things that are called by a number."""

import re

from lightning_v2.text.notation.numbers import cardinal, in_pairs, looks_like_year, plural, year
from lightning_v2.text.notation.spelling import letter_names

_DETERMINERS = "the|early|late|mid|his|her|their|my|our|your|its|these|those"
_COUNTS = (
    "two|three|four|five|six|seven|eight|nine|ten|many|several|few|some|all|both|no|of|boeing"
    "|airbus|peugeot|porsche"
)

_OF_AN_ERA = (
    "music|songs?|hits?|pop|rock|disco|punk|metal|hip|rap|fashion|style|clothes|hair|hairstyles?|kids?"
    "|child|children|movies?|films?|shows?|sitcoms?|television|cartoons?|classics?|cars?|part(?:y|ies)"
    "|theme|themed|vibes?|nostalgia|culture|era|look|design|icons?|stars?|bands?|night|babies|baby"
    "|action|horror|retro|throwback|revival|sound|synth|synths|games?|toys|anime|jeans|playlist"
)
"""What is called after its decade: `80s music`."""
_LETTERED = "iphone|redmi|realme|xiaomi|moto"
"""Whose models end in a letter: `iPhone 5s` is no plural."""


def _models(match: re.Match) -> str:
    """`747-400s` -> "seven forty-seven four hundreds"; `100-400s` with no word before is a time."""
    before, first, last = match[1] or "", match[2], match[3]
    if not before and not re.fullmatch("7[0-8]7", first):
        return match[0]
    return f"{before}{in_pairs(first)} {plural(in_pairs(last))}"


def _named(match: re.Match) -> str:
    """`MP3s` -> "MP threes", `A320-200s` -> "A three twenty two hundreds"."""
    name, first, last = match[1].rstrip("-"), match[2], match[3]
    name = letter_names("A") if name == "A" else name
    return f"{name} {in_pairs(first) if first else ''} {plural(in_pairs(last))}"


_TENS = {"10": "tens", "100": "hundreds", "1000": "thousands", "10000": "tens of thousands",
         "100000": "hundreds of thousands", "1000000": "millions"}  # fmt: skip
_MANY = (
    r"(?:people|men|women|children|mice|feet"
    r"|(?!(?:was|has|does|his|its|this|thus|plus|always)\b)[a-z]+[^s\W]s)\b"
)

_RULES = (
    # 10s of miles, 100s of young people, but not 10s of silence
    (
        rf"(?<![\w.,-])(1(?:0+|0?0?(?:,000)+))'?s(?=\sof\s(?:[a-z]+\s)?{_MANY})",
        lambda m: _TENS.get(m[1].replace(",", ""), m[0]),
    ),
    # the 1960s-70s, 1960s and 70s, his 30s or 40s
    (
        rf"\b([12]\d\d0'?s|(?:{_DETERMINERS})[\s-]\d{{1,2}}0'?s)(\s?[-–/&]\s?|\s(?:and|or|to|into|through)\s)"
        r"'?(\d0)'?s\b",
        lambda m: f"{m[1]}{' to ' if m[2].strip() in '-–' else m[2]}{_decade(m[3])}",
    ),
    # 80s music
    (rf"(?<![\d.,/-])\b([2-9]0)'?s(?=[\s-](?:{_OF_AN_ERA})\b)", lambda m: _decade(m[1])),
    # iPhone 5s
    (rf"\b((?:{_LETTERED})\s\d{{1,2}})s\b", lambda m: f"{m[1]} {letter_names('S')}"),
    # 747-400s, two 777-300s
    (
        rf"\b((?:{_DETERMINERS}|{_COUNTS}|\d+)\s)?(?<![\d.,-])(\d{{3}})-(\d{{1,3}})'?s\b",
        _models,
    ),
    # Boeing 737-800, a 747-400
    (
        r"\b((?:boeing|an?|the)\s)(7[0-8]7)-(\d{1,3})\b(?!-|[.,]\d)",
        lambda m: f"{m[1]}{in_pairs(m[2])} {in_pairs(m[3])}",
    ),
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
    # PlayStation 5s: a word with a capital inside is a name
    (r"\b([A-Za-z]*[a-z][A-Z][A-Za-z]*\s)(\d{1,4})'?s\b", lambda m: m[1] + plural(in_pairs(m[2]))),
    # MP3s, F-16s, A320-200s
    (
        r"\b([A-Z][A-Za-z]*-?)(?:(\d{1,4})-)?(\d{1,4})'?s\b",
        _named,
    ),
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
