"""Amounts of money, by sign or by code."""

import re

from lightning_v2.text.notation.numbers import NUMBER, amount, cardinal
from lightning_v2.text.notation.spelling import letter_names

_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₽": ("rouble", "roubles", "kopeck", "kopecks"),
    "₿": ("bitcoin", "bitcoins", "cent", "cents"),
    "Fr": ("franc", "francs", "centime", "centimes"),
}
"""Sign: one and many of the unit, one and many of its hundredth."""

UNIT_NAMES = sorted({name for names in _CURRENCIES.values() for name in names}, key=len)[::-1]
"""As they are said, the longest first."""

_CODES = {
    "USD": f"{letter_names('U', 'S')} $", "US$": f"{letter_names('U', 'S')} $",
    "AUD": "Australian $", "A$": "Australian $", "CAD": "Canadian $", "C$": "Canadian $",
    "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "Rs": "₹", "Rs.": "₹", "CHF": "Swiss Fr",
}  # fmt: skip
"""Code: an adjective, if there is one, and the sign."""

_SCALES = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million",
           "bn": "billion", "B": "billion", "b": "billion", "T": "trillion", "tn": "trillion",
           }  # fmt: skip
_SIGN = "[" + "".join(sign for sign in _CURRENCIES if len(sign) == 1) + "]"
_CODE = "|".join(map(re.escape, sorted(_CODES, key=len, reverse=True)))
_SCALE = r"\s(?:thousand|million|billion|trillion|lakh|crore)\b|(?:bn|mn|tn|[kKmMbBT])\b"
_AMOUNT = rf"(?P<whole>{NUMBER})?(?:\.(?P<cents>\d+))?(?<=\d)(?P<scale>{_SCALE})?"
_MARK = rf"(?:(?<![A-Za-z])(?:{_CODE})|{_SIGN})"
_FIGURE = rf"(?:(?:{NUMBER})(?:\.\d+)?|\.\d+)"
_FIRST = rf"(?P<first>{_FIGURE})(?P<scale>{_SCALE}|)\s?"
_LAST = rf"(?P<last>{_FIGURE})(?P<last_scale>{_SCALE}|)"
_ARTICLE = r"(?P<article>\b(?i:an?|another)\s)?"
_NOUN = re.compile(r"[\s-](?:bill|note|banknote|coin)s?\b")
"""What is called after the money it is worth: a "20 dollar bill"."""

_NO_NOUN = "or|and|to|for|in|on|of|is|was|at|from|by|per|more|less"


def _range(match: re.Match) -> str:
    """Both amounts with their own sign where they differ in more than the figure, else one sign."""
    first, last = match["first"], match["last"]
    scales = match.group("scale", "last_scale")
    scale, last_scale = (_SCALES.get(name.strip(), name.strip()) for name in scales)
    sign, again = match["sign"], match["again"]
    falls = float(first.replace(",", "")) > float(last.replace(",", ""))
    shared = last_scale == scale or (last_scale and not scale and not (again and falls))
    cents = "." in first + last and not last_scale
    written_last = match.string[match.start("last") : match.end("last_scale")]
    if match.start("sign") > match.start("last"):  # the last amount stays as it is
        if shared and not cents and again in (None, sign):
            return f"{amount(first)} to "
        return f"{first}{match['scale']}{again or sign} to "
    if shared and not cents:
        return f"{amount(first)} to {sign}{written_last}"
    return f"{sign}{first}{match['scale']} to {sign}{written_last}"


def _money(match: re.Match) -> str:
    whole, cents, scale = match["whole"], match["cents"], match["scale"]
    adjective, _, sign = _CODES.get(match["sign"], match["sign"]).rpartition(" ")
    one, many, small_one, small_many = _CURRENCIES[sign]
    article = match.groupdict().get("article") or ""
    rest = match.string[match.end() :]
    if _NOUN.match(rest) or (article and re.match(rf"[\s-](?!(?:{_NO_NOUN})\b)[a-z]", rest)):
        many, small_many = one, small_one
    return article + _words(whole, cents, scale, adjective, (one, many, small_one, small_many))


def _words(
    whole: str | None, cents: str | None, scale: str | None, adjective: str, names: tuple[str, ...]
) -> str:
    one, many, small_one, small_many = names
    adjective = adjective and adjective + " "
    if scale:
        number = amount(f"{whole or ''}.{cents}" if cents else whole)
        return f"{number} {_SCALES.get(scale.strip(), scale.strip())} {adjective}{many}"
    if cents and len(cents) != 2:
        return f"{amount(f'{whole or 0}.{cents}')} {adjective}{many}"
    parts = []
    if int((whole or "0").replace(",", "")) or not int(cents or "0"):
        parts.append(f"{cardinal(whole or '0')} {adjective}{one if whole == '1' else many}")
    if int(cents or "0"):
        parts.append(f"{cardinal(str(int(cents)))} {small_one if int(cents) == 1 else small_many}")
    return " and ".join(parts)


_RULES = (
    (rf"(?<![\w.])-(?={_SIGN}\s?\.?\d)", "minus "),
    (rf"(?<!\d)(?<!\d\s)({_MARK})\s?-(?=\.?\d)", r"minus \1"),
    # $250-$300, €5–10, $5-10 million, £5m-£10m, $1.50-$2.50
    (
        rf"(?P<sign>{_MARK})\s?{_FIRST}[-–]\s?(?P<again>(?P=sign)\s?)?{_LAST}(?![\d-])",
        _range,
    ),
    # 5€-6€, 5-10 EUR
    (
        rf"(?<![\w.,–-]){_FIRST}(?P<again>{_MARK})?\s?[-–]\s?"
        rf"(?={_LAST}\s?(?P<sign>{_MARK})(?![\w.]?\d))",
        _range,
    ),
    # $3.50, £2 million, $5k, EUR 30, a $20 bill
    (rf"{_ARTICLE}(?P<sign>{_MARK})\s?{_AMOUNT}(?!\d)", _money),
    # 20 USD, 5 €
    (
        rf"(?<![\w.,])(?P<whole>{NUMBER})(?:\.(?P<cents>\d+))?(?P<scale>{_SCALE})?\s?"
        rf"(?P<sign>\b(?:{_CODE})\b|{_SIGN})(?![\w.]?\d)",
        _money,
    ),
    (rf"(?<![\w.])({NUMBER})\s?¢", lambda m: f"{cardinal(m[1])} cent{'' if m[1] == '1' else 's'}"),
)


def spoken(text: str) -> str:
    """`$3.50` -> "three dollars and fifty cents", `$250-$300` -> "... to three hundred dollars"."""
    for pattern, words in _RULES:
        text = re.sub(pattern, words, text)
    return text
