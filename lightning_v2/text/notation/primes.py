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

_ELISION = re.compile(r"'\d0s\b|'(?:tis|twas|em|cause|til|n)\b", re.IGNORECASE)
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
    figure are quotes, and so is every `.
    """
    text = _ARC.sub(_arc, text)
    text = _HEIGHT.sub(_height, text)
    primes = _primes(text)
    text = _LENGTH.sub(lambda m: _length(m) if m.start("mark") in primes else m[0], text)
    return text.replace("′", "'").replace("`", "'").replace("″", '"')


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
    closed, or where the open one ends at a later quote."""
    found = {match.start() for match in re.finditer("[′″]", text)}
    for quote in "'\"":
        runs = [m for m in re.finditer(f"{quote}+", text) if not _is_apostrophe(text, m)]
        depth = 0
        for run, closed in zip(runs, _closed_later(text, runs), strict=True):
            if _opens(text, run):
                depth = min(depth + 1, 2)
            elif _after_figure(text, run) and (
                depth == 0 or (quote == '"' and depth == 1 and closed)
            ):
                found.add(run.start())
            else:
                depth = max(depth - 1, 0)
    return found


def _is_apostrophe(text: str, run: re.Match) -> bool:
    """Whether a quote stands inside a word, or for what is left out before one: `'80s`, `'tis`."""
    rest = text[run.end() : run.end() + 3]
    inside = text[max(run.start() - 1, 0) : run.start()].isalnum() and re.match(
        r"[A-Za-z](?<!x)|x(?!\s?\d)", rest
    )
    return run[0][0] == "'" and (bool(inside) or _ELISION.match(text, run.start()) is not None)


def _opens(text: str, run: re.Match) -> bool:
    before, after = text[max(run.start() - 1, 0) : run.start()], text[run.end() : run.end() + 1]
    if not after or after.isspace() or before.isdigit():
        return False
    if before.isalpha():
        return after.isalnum() or after in "{[($\\"
    return not before or before.isspace() or before in "([{—–-=/>" or after.isalnum()


def _after_figure(text: str, run: re.Match) -> bool:
    return text[max(run.start() - 1, 0) : run.start()].isdigit()


def _closed_later(text: str, runs: list[re.Match]) -> list[bool]:
    """For each quote, whether the next one that follows no figure ends a quotation."""
    closed, later = [], False
    for run in reversed(runs):
        closed.append(later)
        if not _after_figure(text, run):
            later = not _opens(text, run)
    return closed[::-1]
