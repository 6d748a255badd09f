"""Units of measure: symbols with their prefixes, powers and quotients."""

import re
from collections.abc import Iterable

from lightning_v2.text.notation.numbers import FRACTION, NUMBER, amount, fraction

_PREFIXES = {"k": "kilo", "M": "mega", "G": "giga", "T": "tera", "h": "hecto", "d": "deci",
             "c": "centi", "m": "milli", "µ": "micro", "u": "micro", "n": "nano", "p": "pico",
             }  # fmt: skip
_PREFIXED = {
    "m": ("meter", "k d c m µ u n p"), "g": ("gram", "k c m µ u n"), "L": ("liter", "d c m µ u"),
    "l": ("liter", "d c m µ u"), "s": ("second", "m µ u n p"), "Hz": ("hertz", "k M G T"),
    "W": ("watt", "k M G T m µ"), "Wh": ("watt hour", "k M G T"), "V": ("volt", "k M m µ"),
    "A": ("ampere", "k m µ"), "Ah": ("ampere hour", "k m"), "Ω": ("ohm", "k M m"),
    "F": ("farad", "m µ u n p"), "J": ("joule", "k M G m"), "N": ("newton", "k M m"),
    "Pa": ("pascal", "h k M G"), "eV": ("electronvolt", "k M G T"), "B": ("byte", "k K M G T"),
    "b": ("bit", "k M G T"), "bit": ("bit", "k M G"), "cal": ("calorie", "k"),
    "mol": ("mole", "k m µ n"), "K": ("kelvin", "m"), "t": ("ton", "k M"), "lm": ("lumen", "k"),
}  # fmt: skip
"""Symbol: name, and the prefixes that it is met with."""

_OTHERS = {
    "lb": "pound", "lbs": "pound", "oz": "ounce", "ft": "foot", "in": "inch", "yd": "yard",
    "mi": "mile", "mph": "mile per hour", "kph": "kilometer per hour", "kmh": "kilometer per hour",
    "gal": "gallon", "qt": "quart", "pt": "pint", "ha": "hectare", "h": "hour", "hr": "hour",
    "hrs": "hour", "min": "minute", "mins": "minute", "sec": "second", "secs": "second",
    "yr": "year", "yrs": "year", "dB": "decibel", "rpm": "revolution per minute",
    "bpm": "beat per minute", "fps": "frame per second", "dpi": "dot per inch",
    "ppm": "part per million", "bps": "bit per second", "kbps": "kilobit per second",
    "Mbps": "megabit per second", "Gbps": "gigabit per second", "tsp": "teaspoon",
    "tbsp": "tablespoon", "px": "pixel", "kt": "knot",
    "psi": "pound per square inch", "hp": "horsepower", "MP": "megapixel",
    "°C": "degree celsius", "°F": "degree fahrenheit", "C": "celsius", "F": "fahrenheit",
}  # fmt: skip
_PLURALS = {"foot": "feet", "inch": "inches"}
_SAME = ("hertz", "kelvin", "horsepower", "celsius", "fahrenheit")
_DIRECTIONS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_NAMES = {
    prefix + symbol: _PREFIXES.get(prefix.replace("K", "k"), "") + name
    for symbol, (name, prefixes) in _PREFIXED.items()
    for prefix in ("", *prefixes.split())
} | _OTHERS

_LETTERS_AT_FIGURE = frozenset("mgshlVWLCF")
_LETTERS_APART = frozenset("mgshlVWLNJ")
"""Units of one letter that are read right after a figure ("5V"), and after a space ("5 V").

Others are seats, sizes and series more often: "room 101B", "4K".
"""
_DOTTED = frozenset(
    "lb lbs oz ft in yd mi gal qt pt hr hrs tsp tbsp min mins sec secs yr yrs".split()
)
"""Written with a full stop that is not the end of the sentence."""
_ALONE = (
    "kg km cm mL km/h kHz MHz GHz THz kWh MWh GWh mAh kW dB kPa hPa MPa kbps Mbps Gbps mph kph rpm"
    " bpm fps dpi lbs MB GB TB kB KB °C °F"
).split()
"""Read without a figure: they are nothing else."""


def _alternatives(symbols: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, symbols), key=len, reverse=True))


_ONE = rf"(?:(?:sq|cu)\.?\s)?(?:{_alternatives(_NAMES)})(?:\^[23])?"
_AFTER = r"(?![\w^'$+]|[·/]\w)"
_QUANTITY = re.compile(
    rf"(?P<minus>(?<![\w)])-)?(?<![\w.,/])"
    rf"(?:{FRACTION}|(?P<number>(?:{NUMBER})?(?:\.\d+)?)(?<=\d))"
    rf"(?P<gap>\s|-)?(?P<unit>{_ONE}(?:[·/]{_ONE})*){_AFTER}(?P<dot>\.(?!\w))?"
)
_BARE = re.compile(rf"(?<![\w.,/'@-])(?P<unit>(?:{_alternatives(_ALONE)})(?:[·/]{_ONE})*){_AFTER}")
_SIZE = re.compile(r"\s*(?:$|[,;)]|(?:long|wide|tall|deep|high|thick|by|x)\b)")


def spoken(text: str) -> str:
    """`9.8 m/s^2` -> "nine point eight meters per second squared", `1 kg` -> "one kilogram".

    A unit alone is read where its symbol can be nothing else: "in kg".
    """
    text = re.sub(r"°\s(?=[CF]\b)", "°", text)
    text = re.sub(r"(?<=\d)\s?°\s?([NSEW])\b", lambda m: f" degrees {_DIRECTIONS[m[1]]}", text)
    text = _QUANTITY.sub(_quantity, text)
    text = _BARE.sub(lambda m: named(m["unit"], many=True), text)
    text = re.sub(r"°", " degrees ", text)
    return text.replace("µ", " micro ").replace("Ω", " ohms ")


def heights(text: str) -> str:
    """`6'2"` -> "6 feet 2 inches", before quotes are taken away."""
    return re.sub(r"\b(\d+)'\s?(\d{1,2})(?:\"|'')", r"\1 feet \2 inches", text)


def named(unit: str, many: bool) -> str:
    """`m/s^2` -> "meters per second squared"; what is divided by stays in the singular."""
    over, *under = (part.split("·") for part in unit.split("/"))
    words = [_power(symbol, many=False) for symbol in over[:-1]] + [_power(over[-1], many)]
    for factors in under:
        words += ["per", *(_power(symbol, many=False) for symbol in factors)]
    return " ".join(words)


def _power(symbol: str, many: bool) -> str:
    """`m^2` -> "square meters", `sq ft` -> "square feet", `s^2` -> "second squared"."""
    match = re.fullmatch(r"(?:(?P<word>sq|cu)\.?\s)?(?P<base>.*?)(?:\^(?P<power>[23]))?", symbol)
    name = _many(_NAMES[match["base"]]) if many else _NAMES[match["base"]]
    power = {"sq": "2", "cu": "3"}.get(match["word"], match["power"])
    if not power:
        return name
    if match["base"] == "s":
        return f"{name} {'squared' if power == '2' else 'cubed'}"
    return f"{'square' if power == '2' else 'cubic'} {name}"


def _many(name: str) -> str:
    """`watt hour` -> "watt hours", `mile per hour` -> "miles per hour"."""
    if name.endswith(_SAME) and not name.startswith("degree "):
        return name
    first, mark, rest = name.partition(" per " if " per " in name else "degree")
    if mark == "degree":
        return f"degrees{rest}"
    return _PLURALS.get(first, first + "s") + mark + rest


def _quantity(match: re.Match) -> str:
    number, unit, gap = match["number"], match["unit"], match["gap"] or ""
    rest = match.string[match.end() :]
    if len(unit) == 1 and unit not in (_LETTERS_APART if gap else _LETTERS_AT_FIGURE | {"Ω"}):
        return match[0]
    if unit == "in" and gap == " " and not match["dot"] and not _SIZE.match(rest):
        return match[0]
    words = amount(number) if number else fraction(match["whole"], match["top"], match["bottom"])
    many = gap != "-" and bool(match["whole"] or number not in ("", None, "1"))
    inside = match["dot"] and unit in _DOTTED and re.match(r"\s*[a-z\d,;)]", rest)
    minus = "minus " if match["minus"] else ""
    dot = match["dot"] if match["dot"] and not inside else ""
    return f"{minus}{words} {named(unit, many)}{dot}"
