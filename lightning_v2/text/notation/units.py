"""Units of measure: symbols with their prefixes, powers and quotients."""

import re
from collections.abc import Iterable

from lightning_v2.text.notation.money import UNIT_NAMES
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
    "tbsp": "tablespoon", "px": "pixel", "Nm": "newton meter", "kNm": "kilonewton meter",
    "mmHg": "millimeter of mercury", "kt": "knot",
    "psi": "pound per square inch", "hp": "horsepower", "MP": "megapixel",
    "°C": "degree celsius", "°F": "degree fahrenheit", "C": "celsius", "F": "fahrenheit",
}  # fmt: skip
_TIMES = {"wk": "week", "mo": "month"}
_PLURALS = {"foot": "feet", "inch": "inches"}
_SAME = ("hertz", "kelvin", "horsepower", "celsius", "fahrenheit")
DIRECTIONS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_NAMES = {
    prefix + symbol: _PREFIXES.get(prefix.replace("K", "k"), "") + name
    for symbol, (name, prefixes) in _PREFIXED.items()
    for prefix in ("", *prefixes.split())
} | _OTHERS

_LETTERS_AT_FIGURE = frozenset("mgshlVWLCFΩ")
_LETTERS_APART = frozenset("mgshlVWLNJΩ")
"""Units of one letter that are read right after a figure ("5V"), and after a space ("5 V").

Others are seats, sizes and series more often: "room 101B", "4K".
"""
_DOTTED = frozenset(
    "lb lbs oz ft in yd mi gal qt pt hr hrs tsp tbsp min mins sec secs yr yrs".split()
)
"""Written with a full stop that is not the end of the sentence."""
_ALONE = (
    "kg km cm mL km/h kHz MHz GHz THz kWh MWh GWh mAh kW dB kPa hPa MPa kbps Mbps Gbps mph kph rpm"
    " bpm fps dpi lbs MB GB TB kB KB °C °F mmHg"
).split()
"""Read without a figure: they are nothing else."""
_AFTER_ARTICLE = (*_ALONE, *"lb oz ft yd qt gal tsp tbsp mm mg ml".split())
"""Read after "a" or "per", in the singular."""


def _alternatives(symbols: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, symbols), key=len, reverse=True))


_AREA = r"(?:km|cm|mm|m)\^?[23]"
_LENGTHS = "km|cm|mm|dm|m|ft|in|yd|mi"
_ONE = rf"(?:(?:sq|cu)\.?\s)?(?:(?:{_LENGTHS}|s)\^?[23]|(?:{_alternatives(_NAMES)})(?:\^[23])?)"
_AFTER = r"(?![\w^'$+]|[·/]\w)"
_QUANTITY = re.compile(
    rf"(?P<minus>(?<![\w)])-)?(?<![\w.,/])"
    rf"(?:{FRACTION}|(?P<number>(?:{NUMBER})?(?:\.\d+)?)(?<=\d))"
    rf"(?P<gap>\s|-)?(?P<unit>{_ONE}(?:[·/]{_ONE})*){_AFTER}(?P<dot>\.(?!\w))?"
)
_BARE = re.compile(
    rf"(?<![\w.,/'@-])(?P<unit>(?:{_AREA}|{_alternatives(_ALONE)})(?:[·/]{_ONE})*)"
    rf"{_AFTER}"
)
_SINGLE = re.compile(
    rf"\b(?P<before>(?i:an?|per|each|every|another)\s)(?P<unit>(?:{_AREA}|{_alternatives(_AFTER_ARTICLE)})"
    rf"(?:[·/]{_ONE})*){_AFTER}(?:\.(?=\s[a-z]))?"
)
_PER_FIGURE = re.compile(
    rf"(?P<figure>\d\s?)?(?<![A-Za-z_.,/'@-])(?P<unit>{_ONE})/(?=\d+\s?{_ONE}{_AFTER})"
)
_PRICE = re.compile(
    rf"\b(?P<money>{'|'.join(UNIT_NAMES)})/(?:(?P<unit>{_ONE})|(?P<time>wk|mo)){_AFTER}"
)
_DURATION = re.compile(
    r"(?<![\w.,])(?:(?P<days>\d+)\s?d,?\s?)?(?P<hours>\d+)\s?h(?:rs?)?,?\s?"
    r"(?P<minutes>\d{1,2})\s?m(?:ins?)?(?![A-Za-z])(?:,?\s?(?P<seconds>\d{1,2})\s?s(?:ec)?\b)?(?![\w^/·])"
    r"|(?<![\w.,])(?P<only>\d+)\s?m(?:in)?,?\s?(?P<then>[0-5]?\d)\s?s(?:ec)?\b(?![\w^/·])"
    r"|(?<![\w.,])(?P<some>\d+)\s?d,?\s?(?P<rest>\d{1,2})\s?h\b(?![\w^/·])"
)
_SIZE = re.compile(r"\s*(?:$|[,;)]|(?:long|wide|tall|deep|high|thick|by|x)\b)")


def spoken(text: str) -> str:
    """`9.8 m/s^2` -> "nine point eight meters per second squared", `1 kg` -> "one kilogram".

    A unit alone is read where its symbol can be nothing else: "in kg".
    """
    text = re.sub(r"°\s(?=[CF]\b)", "°", text)
    text = re.sub(r"(?<=\d)\s?°\s?([NSEW])\b", lambda m: f" degrees {DIRECTIONS[m[1]]}", text)
    text = _DURATION.sub(_duration, text)
    text = _PER_FIGURE.sub(_per_figure, text)
    text = _QUANTITY.sub(_quantity, text)
    text = _PRICE.sub(_price, text)
    text = _SINGLE.sub(lambda m: m["before"] + named(m["unit"], many=False), text)
    text = _BARE.sub(lambda m: named(m["unit"], many=True), text)
    text = re.sub(r"°", " degrees ", text)
    return text.replace("µ", " micro ").replace("Ω", " ohms ")


def _duration(match: re.Match) -> str:
    """`1h 30m` -> "1 h 30 min": a minute has the sign of a meter only between hours and seconds."""
    days = match["days"] or match["some"]
    hours, minutes = match["hours"] or match["rest"], match["minutes"] or match["only"]
    seconds = match["seconds"] or match["then"]
    parts = [f"{days} day{'' if days == '1' else 's'}"] if days else []
    for figure, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")):
        if figure:
            parts.append(f"{figure} {unit}")
    return " ".join(parts)


def _per_figure(match: re.Match) -> str:
    """`6 L/100 km` -> "6 L per 100 km", `L/100 km` -> "liters per 100 km"."""
    if match["figure"]:
        return f"{match['figure']}{match['unit']} per "
    return f"{named(match['unit'], many=True)} per "


def _price(match: re.Match) -> str:
    unit = named(match["unit"], many=False) if match["unit"] else _TIMES[match["time"]]
    return f"{match['money']} per {unit}"


def named(unit: str, many: bool) -> str:
    """`m/s^2` -> "meters per second squared"; what is divided by stays in the singular."""
    over, *under = (part.split("·") for part in unit.split("/"))
    words = [_power(symbol, many=False) for symbol in over[:-1]] + [_power(over[-1], many)]
    for factors in under:
        words += ["per", *(_power(symbol, many=False) for symbol in factors)]
    return " ".join(words)


def _power(symbol: str, many: bool) -> str:
    """`m^2` -> "square meters", `sq ft` -> "square feet", `s^2` -> "second squared"."""
    match = re.fullmatch(r"(?:(?P<word>sq|cu)\.?\s)?(?P<base>.*?)(?:\^?(?P<power>[23]))?", symbol)
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
    joint = next((word for word in (" per ", " of ") if word in name), "degree")
    first, mark, rest = name.partition(joint)
    if mark == "degree":
        return f"degrees{rest}"
    return _PLURALS.get(first, first + "s") + mark + rest


def _quantity(match: re.Match) -> str:
    number, unit, gap = match["number"], match["unit"], match["gap"] or ""
    rest = match.string[match.end() :]
    if len(unit) == 1 and unit not in (_LETTERS_APART if gap else _LETTERS_AT_FIGURE):
        return match[0]
    if unit == "in" and gap == " " and not match["dot"] and not _SIZE.match(rest):
        return match[0]
    words = amount(number) if number else fraction(match["whole"], match["top"], match["bottom"])
    many = gap != "-" and bool(match["whole"] or number not in ("", None, "1"))
    inside = match["dot"] and unit in _DOTTED and re.match(r"\s*[a-z\d,;)]", rest)
    minus = "minus " if match["minus"] else ""
    dot = match["dot"] if match["dot"] and not inside else ""
    return f"{minus}{words} {named(unit, many)}{dot}"
