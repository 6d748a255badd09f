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

_CODES = {
    "USD": f"{letter_names('U', 'S')} $", "US$": f"{letter_names('U', 'S')} $",
    "AUD": "Australian $", "A$": "Australian $", "CAD": "Canadian $", "C$": "Canadian $",
    "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CHF": "Swiss Fr",
}  # fmt: skip
"""Code: an adjective, if there is one, and the sign."""

_SCALES = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million",
           "bn": "billion", "B": "billion", "b": "billion", "T": "trillion", "tn": "trillion",
           }  # fmt: skip
_SIGN = "[" + "".join(sign for sign in _CURRENCIES if len(sign) == 1) + "]"
_CODE = "|".join(map(re.escape, sorted(_CODES, key=len, reverse=True)))
_SCALE = r"(?P<scale>\s(?:thousand|million|billion|trillion)\b|(?:bn|mn|tn|[kKmMbBT])\b)?"
_AMOUNT = rf"(?P<whole>{NUMBER})?(?:\.(?P<cents>\d+))?(?<=\d){_SCALE}"


def _money(match: re.Match) -> str:
    whole, cents, scale = match["whole"], match["cents"], match["scale"]
    adjective, _, sign = _CODES.get(match["sign"], match["sign"]).rpartition(" ")
    one, many, small_one, small_many = _CURRENCIES[sign]
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
    # $250-$300, €5–10, $5-10 million
    (rf"({_SIGN})({NUMBER})({_SCALE})\s?[-–]\s?\1?(?={NUMBER})(?!\d{{3}}-)", r"\2\3 to \1"),
    # $3.50, £2 million, $5k, EUR 30
    (rf"(?P<sign>(?<![A-Za-z])(?:{_CODE})|{_SIGN})\s?{_AMOUNT}(?!\d)", _money),
    # 20 USD, 5 €
    (
        rf"(?<![\w.,])(?P<whole>{NUMBER})(?:\.(?P<cents>\d+))?{_SCALE}\s?"
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
