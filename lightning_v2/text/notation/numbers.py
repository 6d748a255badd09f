"""Digits in, words out. The words come from num2words; here is how English writes numbers."""

import re

from num2words import num2words

NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)|\d+"
"""Whole numbers, with commas or without."""

FRACTION = r"(?:(?P<whole>\d+)\s+)?(?<!/)(?P<top>\d{1,2})/(?P<bottom>[2-9]|[1-9]\d)\b(?!/)"
"""`1/2`, `2 3/4`, alone in its place."""

_HALVES = {"2": ("half", "halves"), "4": ("quarter", "quarters")}
_DENOMINATORS = {*range(2, 11), 12, 16, 20, 32, 64}
_LAST_MONTH = 12  # up to here an improper fraction may be a date
_HOURS_A_DAY = 24  # of `24/7`
_LONGEST_CARDINAL = 15  # digits; longer ones are read digit by digit


def cardinal(digits: str) -> str:
    """`1,234` -> "one thousand two hundred and thirty-four"; zeros in front are read one by one."""
    digits = digits.replace(",", "")
    if len(digits) > _LONGEST_CARDINAL or (len(digits) > 1 and digits[0] == "0"):
        return spelled(digits)
    return num2words(int(digits)).replace(",", "")


def spelled(digits: str) -> str:
    """`007` -> "zero zero seven"."""
    return " ".join(num2words(int(digit)) for digit in digits)


def ordinal(digits: str) -> str:
    """`21` -> "twenty-first"; a number too long to be counted is read digit by digit."""
    digits = digits.replace(",", "")
    if len(digits) > _LONGEST_CARDINAL:
        return spelled(digits)
    return num2words(int(digits), to="ordinal").replace(",", "")


def decimal(whole: str, fraction: str) -> str:
    """`3`, `14` -> "three point one four"."""
    return f"{cardinal(whole or '0')} point {spelled(fraction)}"


def amount(number: str) -> str:
    """`1,234` or `3.14` as a cardinal or a decimal, never as a year; ".5" is "point five"."""
    whole, _, fraction = number.partition(".")
    if not whole:
        return f"point {spelled(fraction)}"
    return decimal(whole, fraction) if fraction else cardinal(whole)


def year(digits: str) -> str:
    """`1984` -> "nineteen eighty-four"."""
    return num2words(int(digits), to="year")


def looks_like_year(digits: str) -> bool:
    """Four digits that are said in two halves; 2000 is a cardinal."""
    return bool(re.fullmatch(r"\d{4}", digits)) and "1001" <= digits <= "2099" and digits != "2000"


def in_pairs(digits: str) -> str:
    """`747` -> "seven forty-seven", `101` -> "one oh one", `16` -> "sixteen"."""
    if len(digits) == 4:
        return year(digits) if looks_like_year(digits) else cardinal(digits)
    if len(digits) != 3 or digits[0] == "0" or digits.endswith("00"):
        return cardinal(digits)
    rest = f"oh {cardinal(digits[2])}" if digits[1] == "0" else cardinal(digits[1:])
    return f"{cardinal(digits[0])} {rest}"


def plural(words: str) -> str:
    """`ninety` -> "nineties", `six` -> "sixes", `seven` -> "sevens"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def proper(top: str, bottom: str) -> bool:
    """Whether two figures are said as parts of a whole."""
    return int(top) < int(bottom) and int(bottom) in _DENOMINATORS


def fraction(whole: str | None, top: str, bottom: str) -> str:
    """`2/3` is two thirds, `22/7` twenty-two over seven, but `9/11` and `24/7` are two numbers."""
    if not proper(top, bottom):
        over = not whole and _LAST_MONTH < int(top) != _HOURS_A_DAY and len(bottom) == 1
        return f"{whole or ''} {cardinal(top)} {'over ' if over else ''}{cardinal(bottom)}"
    one, many = _HALVES.get(bottom, (ordinal(bottom), ordinal(bottom) + "s"))
    words = f"{cardinal(top)} {one if int(top) == 1 else many}"
    return f"{cardinal(whole)} and {words}" if whole else words


_GROUPS = re.compile(
    r"(?<![\w.,+-])(?<!\d\s)[1-9]\d{0,2}(?:(?:[ ]\d{3}){2,}|[ ]000)(?![\w-]|[ ]\d|[.,]\d)"
)
_SCIENTIFIC = re.compile(
    r"(?<![\w.,#])(?P<factor>(?:0|[1-9]\d*)(?:\.\d+)?)[eE](?P<sign>[+-]?)(?P<power>\d{1,3})\b(?!\.\d)"
    r"(?P<joint>\s?[-–]\s?(?=\d))?"
)


def whole(text: str) -> str:
    """Numbers that are written in parts: `100 000` and `100'000` -> "100,000", `1e-5` -> "1 times
    ten to the minus 5". Two groups can be two numbers, unless the second is "000"."""
    text = re.sub(r"(?<![\w'])\d{1,3}(?:'\d{3})+(?![\w'])", lambda m: m[0].replace("'", ","), text)
    text = _GROUPS.sub(lambda m: m[0].replace(" ", ","), text)
    return _SCIENTIFIC.sub(_scientific, text)


def _scientific(match: re.Match) -> str:
    """The power stays in figures: a unit may follow it."""
    minus = "minus " if match["sign"] == "-" else ""
    joint = " to " if match["joint"] else ""
    return f"{match['factor']} times ten to the {minus}{int(match['power'])}{joint}"


def _plain(match: re.Match) -> str:
    whole, _, digits = match[0].partition(".")
    if digits:
        return f" {amount(match[0])} "
    return f" {year(whole) if looks_like_year(whole) else cardinal(whole)} "


_RULES = (
    # 2.0.1, 192.168.0.1
    (r"(?<![\d.])\d+(?:\.\d+){2,}", lambda m: f" {' dot '.join(map(cardinal, m[0].split('.')))} "),
    (r"\b(\d[\d,]*)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
    # 1/2, 2 3/4
    (
        rf"\b{FRACTION}",
        lambda m: fraction(m["whole"], m["top"], m["bottom"]),
    ),
    (r"/", " slash "),
    (r"(?:(?<=\s)|^|(?<=[(,]))-(?=\.?\d)", "minus "),
    (r"(?<!\d)\.\d+", lambda m: f" {amount(m[0])} "),
    (rf"(?:{NUMBER})(?:\.\d+)?", _plain),
)


def spoken(text: str) -> str:
    """Replace whatever digits are left in a text by words.

    Example:
        >>> spoken("the 2nd of 3.5")
        'the second of  three point five '
    """
    for pattern, words in _RULES:
        text = re.sub(pattern, words, text, flags=re.IGNORECASE)
    return text
