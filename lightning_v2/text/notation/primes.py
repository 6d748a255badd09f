"""Figures with a prime: feet and inches, minutes and seconds of arc."""

import re

from lightning_v2.text.notation.numbers import NUMBER, looks_like_year
from lightning_v2.text.notation.units import DIRECTIONS

_FIGURE = rf"(?:(?:\d+\s)?\d{{1,2}}/\d{{1,2}}|(?:{NUMBER})(?:\.\d+)?|\.\d+)"
_DOUBLE = r"(?:″|′′|\"|'')"
_PLURAL_BEFORE = (
    "tall|long|wide|deep|high|thick|short|taller|longer|wider|deeper|higher|lower|shorter|more|less"
    "|too|across|apart|away|off|above|below|under|over|up|down|by|x|of|in"
    "|on|at|to|from|and|or|but|is|are|was|were|than|between|for|with|as|if|when|per|each|square"
)
"""Before these inches are counted: "12 inches long", but "a 12 inch pipe"."""

_YEAR_LIKE = re.compile(r"'\d\d(?:s\b|\b(?!'))|'(?:tis|twas|em|cause|til|n)\b", re.IGNORECASE)
_ARC = re.compile(
    rf"(?<=\d)\s?°\s?(?P<minutes>\d{{1,2}}(?:\.\d+)?)\s?['′]"
    rf"(?:\s?(?P<seconds>\d{{1,2}}(?:\.\d+)?)\s?{_DOUBLE})?(?:\s?(?P<direction>[NSEW])\b)?(?![\w'′])"
)
_HEIGHT = re.compile(
    rf"(?<![\w.,])(?P<feet>\d+)['′](?:\s?(?P<inches>\d{{1,2}}(?:\.\d+)?){_DOUBLE}"
    r"|(?P<few>\d|1[01])(?![\w'\"′″]))"
)
_LENGTH = re.compile(
    rf"(?:(?<![\w.,/])|(?<=['\"′″]x))(?P<figure>{_FIGURE})(?P<mark>{_DOUBLE}|['′])"
    r"(?P<joint>\s?x\s?(?=[\d.])|\s?[-–]\s?(?=[\d.])|(?!\w))"
)


def spoken(text: str) -> str:
    """`6'2"` -> "6 feet 2 inches", `a 12" pipe` -> "a 12 inch pipe", `30°15'N` -> "... north".

    A quote after a figure is a prime unless it closes a quotation; of ′ and ″ those that follow no
    figure are quotes.
    """
    text = _ARC.sub(_arc, text)
    text = _HEIGHT.sub(_height, text)
    primes = _primes(text)
    text = _LENGTH.sub(lambda m: _length(m) if m.start("mark") in primes else m[0], text)
    return text.replace("′", "'").replace("″", '"')


def _arc(match: re.Match) -> str:
    words = f"° {match['minutes']} {_unit(match['minutes'], 'minute', 'minutes')}"
    if match["seconds"]:
        words += f" {match['seconds']} {_unit(match['seconds'], 'second', 'seconds')}"
    return words + (f" {DIRECTIONS[match['direction']]}" if match["direction"] else "")


def _height(match: re.Match) -> str:
    feet, inches = match["feet"], match["inches"] or match["few"]
    return f"{feet} {_unit(feet, 'foot', 'feet')} {inches} {_unit(inches, 'inch', 'inches')}"


def _length(match: re.Match) -> str:
    one, many = ("foot", "feet") if match["mark"] in ("'", "′") else ("inch", "inches")
    rest = match.string[match.end() :]
    noun_follows = re.match(rf"\s(?!(?:{_PLURAL_BEFORE})\b)[a-z]|-[a-z]", rest)
    joint = match["joint"] and (" by " if "x" in match["joint"] else " to ")
    figure = match["figure"]
    unit = one if noun_follows and not joint else _unit(figure, one, many)
    return f"{f'{int(figure):,}' if looks_like_year(figure) else figure} {unit}{joint or ''}"


def _unit(figure: str, one: str, many: str) -> str:
    return one if figure == "1" or re.fullmatch(r"\d+/\d+", figure) else many


def _primes(text: str) -> set[int]:
    """Where a mark after a figure is a prime: ′ and ″ always, a quote where none is open to be
    closed, or where the quotation goes on to a later quote."""
    found = {match.start() for match in re.finditer("[′″]", text)}
    for quote in "'\"":
        places = [m.start() for m in re.finditer(quote, text) if not _is_apostrophe(text, m)]
        is_open = False
        for place, following in zip(places, [*places[1:], None], strict=False):
            if _opens(text, place):
                is_open = True
            elif text[place - 1].isdigit() and (
                not is_open
                or quote == '"'
                and following is not None
                and not _opens(text, following)
                and not text[following - 1].isdigit()
            ):
                found.add(place)
            else:
                is_open = False
    return found


def _is_apostrophe(text: str, match: re.Match) -> bool:
    """Whether a quote stands inside a word, or for what is left out before one: `'80s`, `'tis`."""
    place = match.start()
    rest = text[place + 1 :][:3]
    inside = place and text[place - 1].isalnum() and re.match(r"[A-Za-z](?<!x)|x(?!\s?\d)", rest)
    return bool(inside) or _YEAR_LIKE.match(text, place) is not None


def _opens(text: str, place: int) -> bool:
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if before.isalnum() or not after or after.isspace():
        return False
    return not before or before.isspace() or before in "([{—–-=/>" or after.isalnum()
