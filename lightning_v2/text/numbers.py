"""Digits in, words out. The words come from num2words; here is how English writes numbers."""

import re

from num2words import num2words

_CURRENCY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
}
_SCALES = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "bn": "billion",
           "B": "billion", "b": "billion", "T": "trillion"}  # fmt: skip
_UNITS = {
    "km": "kilometers", "cm": "centimeters", "mm": "millimeters", "m": "meters", "kg": "kilograms",
    "mg": "milligrams", "g": "grams", "lb": "pounds", "lbs": "pounds", "oz": "ounces",
    "ft": "feet", "in": "inches", "mi": "miles", "mph": "miles per hour",
    "km/h": "kilometers per hour", "kHz": "kilohertz", "Hz": "hertz", "MHz": "megahertz",
    "GHz": "gigahertz", "dB": "decibels", "ms": "milliseconds", "s": "seconds", "sec": "seconds",
    "min": "minutes", "hrs": "hours", "hr": "hours", "h": "hours", "GB": "gigabytes",
    "MB": "megabytes", "KB": "kilobytes", "kB": "kilobytes", "TB": "terabytes", "W": "watts",
    "kW": "kilowatts", "V": "volts", "C": "celsius", "F": "fahrenheit",
}  # fmt: skip
_FRACTIONS = {"2": ("half", "halves"), "4": ("quarter", "quarters")}
_DENOMINATORS = {*range(2, 11), 12, 16, 20, 32, 64}
_LONGEST_CARDINAL = 15  # digits; longer ones are read digit by digit


def cardinal(digits: str) -> str:
    """`1,234` -> "one thousand, two hundred and thirty-four"; leading zeros are read one by one."""
    digits = digits.replace(",", "")
    if len(digits) > _LONGEST_CARDINAL or (len(digits) > 1 and digits[0] == "0"):
        return spelled(digits)
    return num2words(int(digits)).replace(",", "")


def spelled(digits: str) -> str:
    """`007` -> "zero zero seven"."""
    return " ".join(num2words(int(digit)) for digit in digits)


def ordinal(digits: str) -> str:
    """`21` -> "twenty-first"."""
    return num2words(int(digits.replace(",", "")), to="ordinal").replace(",", "")


def decimal(whole: str, fraction: str) -> str:
    """`3`, `14` -> "three point one four"."""
    return f"{cardinal(whole or '0')} point {spelled(fraction)}"


def year(digits: str) -> str:
    """`1984` -> "nineteen eighty-four"."""
    return num2words(int(digits), to="year")


def plural_decade(digits: str) -> str:
    """`1990` -> "nineteen nineties", `80` -> "eighties"."""
    words = year(digits) if len(digits) == 4 else cardinal(digits)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def _money(match: re.Match) -> str:
    sign, whole, fraction, scale = match["sign"], match["whole"], match["cents"], match["scale"]
    one, many, small_one, small_many = _CURRENCY[sign]
    if scale:
        amount = decimal(whole, fraction) if fraction else cardinal(whole)
        return f"{amount} {_SCALES.get(scale.strip(), scale.strip())} {many}"
    words = f"{cardinal(whole)} {one if whole == '1' else many}"
    if fraction and len(fraction) != 2:
        return f"{decimal(whole, fraction)} {many}"
    if fraction and int(fraction):
        cents = int(fraction)
        words += f" and {num2words(cents)} {small_one if cents == 1 else small_many}"
    return words


def letter_names(*letters: str) -> str:
    """Marks capitals as letters to be said by name, which a plain "A" or "I" would not be."""
    return " ".join(f"{letter}_" for letter in letters)


def _half_of_day(match: re.Match) -> str:
    words = letter_names(match["half"][0].upper(), "M")
    ends = match["half"].endswith(".") and re.match(r"\s*$|\s+[A-Z]", match.string[match.end() :])
    return words + ("." if ends else "")


def _time(match: re.Match) -> str:
    hour, minute, half = int(match["hour"]), match["minute"], match["half"]
    words = [num2words(12 if hour in (0, 24) else hour)]
    if minute is None or int(minute) == 0:
        if half is None:
            words.append("o'clock" if 0 < hour <= 12 else "hundred")
    else:
        words.append(("oh " if int(minute) < 10 else "") + num2words(int(minute)))
    if match["second"]:
        words.append(f"and {num2words(int(match['second']))} seconds")
    if half:
        words.append(_half_of_day(match))
    return " ".join(words)


def _fraction(match: re.Match) -> str:
    """`2/3` is two thirds, but `9/11` and `24/7` are two numbers."""
    whole, top, bottom = match["whole"], match["top"], match["bottom"]
    if int(top) >= int(bottom) or int(bottom) not in _DENOMINATORS:
        return f"{whole or ''} {cardinal(top)} {cardinal(bottom)}"
    one, many = _FRACTIONS.get(bottom, (ordinal(bottom), ordinal(bottom) + "s"))
    words = f"{cardinal(top)} {one if top == '1' else many}"
    return f"{cardinal(whole)} and {words}" if whole else words


_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+"
_UNIT_NAMES = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))


def _slash_date(match: re.Match) -> str:
    month, day = int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0].replace("/", " slash ")
    name = _MONTHS.split("|")[month - 1]
    full = match["year"] if len(match["year"]) == 4 else "20" + match["year"]
    return f"{name} {ordinal(str(day))}, {year(full)}"


def _plain_number(match: re.Match) -> str:
    whole, fraction = match["whole"], match["fraction"]
    if fraction:
        return decimal(whole, fraction)
    if "," not in whole and len(whole) == 4 and "1001" <= whole <= "2099" and whole != "2000":
        return year(whole)
    return cardinal(whole)


_RULES: tuple[tuple[re.Pattern, object], ...] = tuple(
    (re.compile(pattern, flags), replacement)
    for pattern, flags, replacement in (
        # 2.0.1, 192.168.0.1
        (
            r"(?<![\d.])\d+(?:\.\d+){2,}",
            0,
            lambda m: f" {' dot '.join(map(cardinal, m[0].split('.')))} ",
        ),
        # 12/25/2020
        (r"\b(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d{2})\b", 0, _slash_date),
        # 10:45 p.m., 3pm, 7:00
        (
            r"\b(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
            r"(?:\s*(?P<half>[ap]\.?m\b\.?))?",
            re.IGNORECASE,
            _time,
        ),
        (
            r"\b(?P<hour>1[0-2]|[1-9])\s*(?P<half>[ap]\.?m\b\.?)",
            re.IGNORECASE,
            lambda m: f"{num2words(int(m['hour']))} {_half_of_day(m)}",
        ),
        # $3.50, £2 million, $5k
        (
            rf"(?P<sign>[$£€¥])\s?(?P<whole>{_NUMBER})(?:\.(?P<cents>\d+))?"
            r"(?P<scale>\s(?:thousand|million|billion|trillion)\b|(?:bn|[kKmMbBT])\b)?",
            0,
            _money,
        ),
        # July 4, 1776
        (
            rf"\b(?P<month>{_MONTHS})\s+(?P<day>[0-3]?\d)(?=\b(?!:)(?!\d)(?![.,]?\d))",
            re.IGNORECASE,
            lambda m: f"{m['month']} {ordinal(m['day'])}",
        ),
        # 1990s, '80s
        (r"'?\b(?P<decade>\d{3}0|[2-9]0)'?s\b", 0, lambda m: plural_decade(m["decade"])),
        (r"(?<=\d(?:st|nd|rd|th))[–-](?=\d)", re.IGNORECASE, " to "),
        (r"\b(?P<digits>\d[\d,]*)(?:st|nd|rd|th)\b", re.IGNORECASE, lambda m: ordinal(m["digits"])),
        # 1/2, 2 3/4
        (
            r"\b(?:(?P<whole>\d+)\s+)?(?P<top>\d{1,2})/(?P<bottom>[2-9]|[1-9]\d)\b(?!/)",
            0,
            _fraction,
        ),
        # 555-1234, 1-800-555-1234: phone numbers, digit by digit
        (
            r"\b(?:\d-)?(?:\d{3}-)?\d{3}-\d{4}\b",
            0,
            lambda m: ", ".join(spelled(part) for part in m[0].split("-")),
        ),
        # 10-20, 1914–1918, 10%–20%
        (r"\b(\d+)-\1\b", 0, r"\1 \1"),
        (r"(?<=[\d%])\s?[–-]\s?(?=\d)", 0, " to "),
        (r"(?:(?<=\s)|^|(?<=\())-(?=\.?\d)", 0, "minus "),
        (r"(?<=\d)\s?%", 0, " percent"),
        (rf"(?<=\d)\s?(?P<unit>{_UNIT_NAMES})\b(?!')", 0, lambda m: f" {_UNITS[m['unit']]}"),
        (
            r"(?<!\d)\.(?P<fraction>\d+)",
            0,
            lambda m: f" point {spelled(m['fraction'])} ",
        ),
        (
            rf"(?P<whole>{_NUMBER})(?:\.(?P<fraction>\d+))?(?!\d)",
            0,
            lambda m: f" {_plain_number(m)} ",
        ),
    )
)


def numbers_to_words(text: str) -> str:
    """Replace every number, date, time and amount of money in a plain text by words.

    Example:
        >>> numbers_to_words("On July 4 it cost $3.50.")
        'On July fourth it cost three dollars and fifty cents.'
    """
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
