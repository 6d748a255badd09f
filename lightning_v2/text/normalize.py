"""Written English to spoken English: lower-case words and the punctuation that shapes phrases."""

import re
from dataclasses import dataclass

from .characters import to_plain
from .errors import TextError
from .numbers import letter_names, numbers_to_words

_ABBREVIATIONS = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "prof": "professor",
    "rev": "reverend", "hon": "honorable", "gen": "general", "col": "colonel", "capt": "captain",
    "lt": "lieutenant", "sgt": "sergeant", "gov": "governor", "sen": "senator", "rep":
    "representative", "pres": "president", "st": "saint", "mt": "mount", "jr": "junior",
    "sr": "senior", "esq": "esquire", "inc": "incorporated", "ltd": "limited", "corp":
    "corporation", "co": "company", "dept": "department", "univ": "university", "est":
    "established", "approx": "approximately", "vs": "versus", "etc": "et cetera", "vol": "volume",
    "fig": "figure", "ave": "avenue", "blvd": "boulevard", "rd": "road", "apt": "apartment",
    "jan": "january", "feb": "february", "mar": "march", "apr": "april", "jun": "june",
    "jul": "july", "aug": "august", "sep": "september", "sept": "september", "oct": "october",
    "nov": "november", "dec": "december", "mon": "monday", "tue": "tuesday", "wed": "wednesday",
    "thu": "thursday", "thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday",
    "bldg": "building",
}  # fmt: skip
_ENDS_SENTENCE = {"etc", "inc", "ltd", "corp", "co", "jr", "sr", "esq", "ave", "blvd", "rd"}
_ONLY_BEFORE_NUMBER = {"vol", "fig", "sat", "sun", "bldg"}
_ONLY_CAPITALISED = {"mar", "sen", "rep", "hon", "gen", "col", "mon", "fri", "wed", "sep", "dec",
                     "jan", "jun", "apt", "est"}  # fmt: skip
_SYMBOLS = {
    "&": " and ", "@": " at ", "#": " number ", "%": " percent ", "+": " plus ", "=": " equals ",
    "$": " dollars ", "£": " pounds ", "€": " euros ", "¥": " yen ", "\\": " backslash ",
    "<": " less than ", ">": " greater than ",
}  # fmt: skip
_ROMAN = {"II": "two", "III": "three", "IV": "four", "VI": "six", "VII": "seven", "VIII": "eight",
          "IX": "nine", "XI": "eleven", "XII": "twelve", "XIII": "thirteen", "XIV": "fourteen",
          "XV": "fifteen", "XVI": "sixteen", "XX": "twenty"}  # fmt: skip
_SHORT_WORDS = {"A", "I", "AM", "AN", "AND", "ARE", "AS", "AT", "BE", "BUT", "BY", "CAN", "DO",
                "FOR", "GET", "GO", "HAD", "HAS", "HE", "HER", "HIS", "HOW", "IF", "IN", "IS", "IT",
                "ITS", "ME", "MY", "NEW", "NO", "NOT", "NOW", "OF", "OFF", "ON", "ONE", "OR", "OUR",
                "OUT", "SHE", "SO", "THE", "TO", "TOO", "TWO", "UP", "WAS", "WE", "WHO", "WHY",
                "YES", "YOU"}  # fmt: skip
PHRASE_MARKS = ",.?!"


@dataclass(frozen=True)
class Normalized:
    """A text as it will be spoken.

    Attributes:
        text: lower-case words, single spaces, and the marks `, . ? !` each as its own token;
            a word that is spelled out is given letter by letter in capitals ("F B I").
        unspoken: characters that had no pronunciation and were left out.
    """

    text: str
    unspoken: tuple[str, ...]


def normalize(text: str) -> Normalized:
    """Write a text out as it is spoken.

    Raises:
        TextError: if nothing speakable is left, or the text holds control characters.
    """
    plain, unspoken = to_plain(text)
    words = _spell_addresses(plain)
    words = _spell_notations(words)
    words = _separate_quotes_and_dashes(words)
    words = _expand_abbreviations(words)
    words = numbers_to_words(words)
    words = _expand_symbols(words)
    words = _split_words(words)
    if not re.search(r"[A-Za-z]", words):
        shown = text if len(text) <= 40 else text[:37] + "..."
        raise TextError(
            f"nothing to say in {shown!r}"
            + (f": no pronunciation for {' '.join(unspoken)}" if unspoken else ": no words")
        )
    return Normalized(words, unspoken)


def _spell_addresses(text: str) -> str:
    """`www.example.com`, `me@example.com` -> words with "dot" and "at"."""

    def spoken(match: re.Match) -> str:
        address = re.sub(r"^https?://", "", match[0]).rstrip("/")
        for mark, word in (("@", "at"), (".", "dot"), ("/", "slash"), ("-", "dash"), ("_", " ")):
            address = address.replace(mark, f" {word} ")
        return re.sub(r"\bwww\b", "W W W", address)

    return re.sub(
        r"(?:https?://|www\.)[\w./@-]*[\w/]|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"
        r"|\b[a-z0-9-]+\.(?:com|org|net|edu|gov|io|ai)\b",
        spoken,
        text,
    )


def _spell_notations(text: str) -> str:
    """Marks that mean a word only in their place: 6'2", degrees C, ~5, x^2, R&D, and/or, Ph.D."""
    text = re.sub(r"\b(\d+)'\s?(\d{1,2})(?:\"|'')", r"\1 feet \2 inches", text)
    text = re.sub(r"(?<=degrees )\s*C\b", "celsius", text)
    text = re.sub(r"(?<=degrees )\s*F\b", "fahrenheit", text)
    text = re.sub(r"~\s?(?=\d)", "about ", text)
    text = re.sub(r"(?<=\w)\^(?=[\w-])", " to the power of ", text)
    text = re.sub(r"\b(and)/(or)\b", r"\1 \2", text, flags=re.IGNORECASE)
    text = re.sub(r"\bPh\.\s?D\b\.?", letter_names("P", "H", "D"), text)
    return re.sub(
        r"\b([A-Z]{1,3})&([A-Z]{1,3})\b(?!')",
        lambda m: f"{letter_names(*m[1])} and {letter_names(*m[2])}",
        text,
    )


def _separate_quotes_and_dashes(text: str) -> str:
    text = re.sub(r"(?<![\w])'(?=(?:tis|twas|em|cause|til|n)\b)", "’", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![A-Za-z0-9])'(?!\d0s)|'(?![A-Za-z0-9])", " ", text)
    text = text.replace("’", "'").replace('"', " ")
    text = re.sub(r"[()\[\]{}|~*^]+", " , ", re.sub(r"(?<![A-Z])_|_(?=\w)", " ", text))
    text = re.sub(r"(?<=\w)\s*(?:--+|—)\s*(?=\S)|\s+[–—-]+\s+", " , ", text)
    return text.replace("—", " , ")


def _expand_abbreviations(text: str) -> str:
    text = re.sub(r"\b[Ee]\.\s?g\.,?", "for example,", text)
    text = re.sub(r"\b[Ii]\.\s?e\.,?", "that is,", text)
    text = re.sub(r"\b(?:[Nn]o|[Nn]os)\.\s*(?=\d)", "number ", text)
    text = re.sub(r"\bpp?\.\s*(?=\d)", "page ", text)

    def spoken(match: re.Match) -> str:
        word = match["word"]
        key = word.lower()
        rest = text[match.end() :]
        if key not in _ABBREVIATIONS:
            return match[0]
        if key in _ONLY_BEFORE_NUMBER and not re.match(r"\s*\d", rest):
            return match[0]
        if key in _ONLY_CAPITALISED and not word[0].isupper():
            return match[0]
        street = re.match(r"\s*(?:$|[a-z,.;!?])", rest) or re.search(
            r"(?<=\w )(?:[A-Z][a-z]+|\d+(?:st|nd|rd|th))\s$", text[: match.start()]
        )
        full = "street" if key == "st" and street else _ABBREVIATIONS[key]
        at_end = re.match(r"\s*$", rest) or (
            key in _ENDS_SENTENCE | {"st"} and re.match(r"\s+[A-Z]", rest) and full != "saint"
        )
        return full + ("." if at_end else "")

    text = re.sub(r"\b(?P<word>[A-Za-z]+)\.", spoken, text)
    text = re.sub(r"\b(Mr|Mrs|Ms|Dr)\b(?!\.)", lambda m: _ABBREVIATIONS[m[0].lower()], text)
    # A. B. Smith, U.S.A.: initials; the last full stop ends the sentence only before a capital word
    text = re.sub(
        r"\b(?:[A-Za-z]\.\s?){2,}(?=\s|$|\W)",
        lambda m: _initials(m, text),
        text,
    )
    return re.sub(r"\b(?<![.'])([A-Z])\.(?=\s+[A-Z][a-z])", lambda m: letter_names(m[1]), text)


def _initials(match: re.Match, text: str) -> str:
    letters = re.findall(r"[A-Za-z]", match[0].upper())
    if letters in (["A", "M"], ["P", "M"]):
        return match[0]  # a time of day: numbers.py reads it together with the hour
    rest = text[match.end() :].strip()
    return letter_names(*letters) + ("." if not rest else " ")


def _expand_symbols(text: str) -> str:
    text = re.sub(r"(?<=\w)\s?/\s?(?=\w)", " slash ", text).replace("/", " ")
    for symbol, words in _SYMBOLS.items():
        text = text.replace(symbol, words)
    return text


def _split_words(text: str) -> str:
    shouting = len(re.findall(r"[A-Z]{2,}", text)) > 1 and not re.search(r"[a-z]", text)
    tokens: list[str] = []
    for token in re.findall(r"[A-Z]_|[A-Za-z]+(?:'[A-Za-z]+)*|'[A-Za-z]+|\.{2,}|[.,;:!?]", text):
        if token[0] in ".,;:!?":
            mark = token[0] if token[0] in PHRASE_MARKS and len(token) == 1 else ","
            if tokens and tokens[-1] in PHRASE_MARKS:
                # of several marks in a row the strongest stays
                tokens[-1] = max(tokens[-1], mark, key=",.!?".index)
            elif tokens:
                tokens.append(mark)
        else:
            tokens.extend(_spoken_token(token, tokens, shouting))
    if tokens and tokens[-1] == ",":
        tokens[-1] = "."
    elif tokens and tokens[-1] not in PHRASE_MARKS:
        tokens.append(".")
    return " ".join(tokens)


def _spoken_token(token: str, before: list[str], shouting: bool) -> list[str]:
    """One written word as spoken words: initialisms are spelled, Roman numerals counted."""
    if token.endswith("_"):
        return [token[0]]
    stem, _, ending = token.partition("'")
    if ending.lower() not in ("", "s"):
        return [token.lower()]
    if shouting and not (len(stem) == 1 and stem not in "AI"):
        return [token.lower()]
    if stem in _ROMAN and before and before[-1] not in PHRASE_MARKS:
        return [_ROMAN[stem]]
    plural = re.fullmatch(r"([A-Z]{2,})s", stem)
    letters = plural[1] if plural else stem
    if letters.isupper() and (len(letters) > 1 or letters not in "AI"):
        if letters in _SHORT_WORDS or (len(letters) > 3 and re.search("[AEIOUY]", letters)):
            return [token.lower()]
        tail = "'s" if plural or ending.lower() == "s" else ""
        return [*letters[:-1], letters[-1] + tail]
    return [token.lower()]
