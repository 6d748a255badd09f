"""Signs between words: quotes, dashes and brackets that shape phrases, and signs that are said."""

import re

_SPOKEN = {
    "&": " and ", "@": " at ", "#": " number ", "%": " percent ", "+": " plus ", "=": " equals ",
    "$": " dollars ", "£": " pounds ", "€": " euros ", "¥": " yen ", "₹": " rupees ", "₩": " won ",
    "₽": " roubles ", "₿": " bitcoins ", "¢": " cents ", "\\": " backslash ",
    "<": " less than ", ">": " greater than ",
}  # fmt: skip
_JOINED = {
    "!=": " not equal to ", ">=": " at least ", "<=": " at most ", "==": " equals ",
    "<->": " to and from ", "->": " to ", "=>": " to ", "<-": " from ",
}  # fmt: skip
"""Signs that are one in all but the keyboard."""

_PER = "second|minute|hour|day|night|week|month|quarter|year|person|head|piece|unit"
_HALF = r"[AaPp]\.?[Mm]\b\.?"
_CLITICS = "tis|twas|em|cause|til|n"


def joined(text: str) -> str:
    """`a != b` -> "a not equal to b", `a -> b` -> "a to b"; "x <-5" is less than a figure."""
    text = re.sub(r"(?<![-<=>])(?:[-=]+>|<-+>)(?![-<=>])", lambda m: _JOINED[_short(m[0])], text)
    text = re.sub(r"(?<=\s)<-+(?=\s)", _JOINED["<-"], text)
    return re.sub(r"(?<![<>=!])(?:[!<>]=|={2,3})(?![<>=])", lambda m: _JOINED[m[0][:2]], text)


def _short(arrow: str) -> str:
    """`--->` -> `->`."""
    return re.sub(r"([-=])\1+", r"\1", arrow)


def phrased(text: str) -> str:
    """Quotes away, but for apostrophes; brackets and dashes between words become commas."""
    text = re.sub(rf"(?<![\w])'(?=(?:{_CLITICS})\b)", "’", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![A-Za-z0-9])'|'(?![A-Za-z0-9])", " ", text)
    text = text.replace("’", "'").replace('"', " ")
    text = re.sub(r"(?<=\d)\s[-–]\s(?=\d)", "–", text)
    text = re.sub(rf"(\d\s?{_HALF})\s[-–]\s(?=\d{{1,2}}(?::\d\d)?\s?{_HALF})", r"\1–", text)
    # what an equation is called by
    text = re.sub(r"\b((?i:eqs?\.|equations?)\s?)\((\d[\w.]*)\)", r"\1\2", text)
    text = re.sub(r"[()\[\]{}|]+", " , ", text)
    text = re.sub(r"(?<=\w)\s*(?:--+|—)\s*(?=\S)|\s+[–—-]+\s+", " , ", text)
    return text.replace("—", " , ")


def spoken(text: str) -> str:
    """`a = b` -> "a equals b", `~5` -> "about 5", `2 * 3` -> "2 times 3".

    A slash between figures is left: it may make a fraction.
    """
    text = re.sub(r"~\s?(?=\d)", "about ", text.replace("·", " , "))
    text = re.sub(r"(?<=\d)\s?\*\s?(?=\d)", " times ", text)
    text = re.sub(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])", " underscore ", text)
    text = re.sub(r"\b(and)/(or)\b", r"\1 \2", text, flags=re.IGNORECASE)
    text = re.sub(rf"(?<=\w)/(?=(?:{_PER})\b)", " per ", text)
    for symbol, words in _SPOKEN.items():
        text = text.replace(symbol, words)
    return text
