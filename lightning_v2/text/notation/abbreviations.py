"""Abbreviations and initials: what they stand for, and whether their full stop ends a sentence."""

import re

from lightning_v2.text.notation.roman import PARTS
from lightning_v2.text.notation.spelling import at_end, letter_names

_TITLES = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "drs": "doctors",
    "prof": "professor", "profs": "professors", "rev": "reverend", "hon": "honorable",
    "rt": "right", "messrs": "messieurs", "mme": "madame", "mmes": "mesdames",
    "mlle": "mademoiselle", "gen": "general", "col": "colonel",
    "capt": "captain", "cpt": "captain", "cmdr": "commander", "cdr": "commander", "lt":
    "lieutenant", "maj": "major", "sgt": "sergeant", "cpl": "corporal", "pvt": "private", "adm":
    "admiral", "brig": "brigadier", "gov": "governor", "sen": "senator", "rep": "representative",
    "pres": "president", "supt": "superintendent", "insp": "inspector", "mt": "mount", "ft":
    "fort", "st": "saint",
}  # fmt: skip
"""Before a name: never the end of a sentence."""

_AFTER_NAME = {
    "jr": "junior", "sr": "senior", "esq": "esquire", "inc": "incorporated", "ltd": "limited",
    "corp": "corporation", "co": "company", "bros": "brothers", "dept": "department",
    "univ": "university", "ave": "avenue", "blvd": "boulevard", "rd": "road", "bldg": "building",
    "etc": "et cetera", "apt": "apartment", "hwy": "highway",
}  # fmt: skip
"""May end a sentence, and does so before a word that opens one."""

_BEFORE_NUMBER = {
    "vol": "volume", "vols": "volumes", "fig": "figure", "figs": "figures", "bldg": "building",
    "no": "number", "nos": "numbers", "p": "page", "pp": "pages", "ch": "chapter", "chap":
    "chapter", "sec": "section", "sect": "section", "eq": "equation", "eqs": "equations",
    "art": "article", "tab": "table", "est": "established", "ext": "extension", "ver": "version",
    "c": "circa", "ca": "circa", "apt": "apartment", "op": "opus", "ed": "edition", "b": "born",
    "d": "died", "ps": "psalm", "min": "minimum", "max": "maximum", "avg": "average",
}  # fmt: skip
"""Only where a number follows, or what `_NUMBER_AFTER` says."""

_NUMBER_AFTER = {
    **dict.fromkeys(
        "vol vols fig ch chap sec sect art tab".split(), r"\s*(?:\d|[IVXLC]+\b|[ivxl]{2,}\b)"
    ),
    **dict.fromkeys("min max avg".split(), r"\s*[\da-z]"),
    **dict.fromkeys("c ca".split(), r"\s*\d{3,4}\b"),
    **dict.fromkeys("b d".split(), r"\s*(?:c\.\s?)?\d{4}\b"),
}
"""What the number looks like, where figures alone are too little or too much."""

_ANYWHERE = {"approx": "approximately", "vs": "versus", "cf": "compare", "viz": "namely",
             "ibid": "ibid"}  # fmt: skip
_LOWER = {"b", "d", "max"}
_UNITS = {"min", "sec"}
"""After a figure they are units."""

_CAPITALISED = {"hon", "gen", "col", "sen", "rep", "apt", "rev", "ft", "rt", "adm", "pres", "cos",
                "maj", "brig", "insp", "supt"}  # fmt: skip
"""Words of their own, or other abbreviations, unless they are written with a capital."""

_SAINTS = (
    "Albans Andrew Andrews Ann Anne Anthony Augustine Bartholomew Bernard Catherine Charles Clair"
    " Cloud Croix David Edmund Edmunds Francis George Giles Helena Helens Ives James John Joseph"
    " Kitts Lawrence Leonards Louis Lucia Luke Margaret Mark Martin Mary Matthew Michael Moritz"
    " Neots Nicholas Olaf Patrick Paul Peter Petersburg Pierre Thomas Vincent"
).split()

_PHRASES = (
    (r"\b[Ee]\.\s?g\.,?", "for example,"),
    (r"\b[Ii]\.\s?e\.,?", "that is,"),
    (r"\b[Ee]t al\b\.?", "et al"),
    (r"\ba\.k\.a\.", letter_names("A", "K", "A")),
    (r"\b[Ww]/o\b", "without"),
    (r"\b[Ww]/(?=\s)", "with"),
    (r"\b([Oo]p|[Ll]oc)\. cit\b\.?", r"\1 cit"),
    (r"\bPh\.\s?D\b\.?", letter_names("P", "H", "D")),
)
"""What holds more than one full stop."""


def spoken(text: str) -> str:
    """Write out titles, abbreviations and initials; a full stop stays where a sentence ends."""
    for pattern, words in _PHRASES:
        text = re.sub(pattern, lambda m, words=words: _ended(m.expand(words), m), text)
    text = re.sub(r"\b([A-Za-z]+)\.", _abbreviation, text)
    text = re.sub(
        r"\b(Mr|Mrs|Ms|Dr|Messrs|Mme|Mlle)\b(?!\.)", lambda m: _TITLES[m[0].lower()], text
    )
    # A. B. Smith, U.S.A.
    text = re.sub(r"\b(?:[A-Za-z]\.\s?){2,}(?=\s|$|\W)", _initials, text)
    # U.S.A, but not the B of Part V.B
    text = re.sub(
        rf"(\b(?i:{'|'.join(PARTS)})\s)?\b((?:[A-Z]\.)+[A-Z])\b(?![.\w'])",
        lambda m: m[0] if m[1] else letter_names(*m[2].split(".")),
        text,
    )
    return re.sub(r"\b(?<![.'])([A-Z])\.(?=\s+[A-Z][a-z])", _initial, text)


def _initial(match: re.Match) -> str:
    """`J. Kennedy`, but the sentence ends in "than I. He" and "plan A. The"."""
    if not at_end(match.string[match.end() :]):
        return letter_names(match[1])
    return letter_names("A") + "." if match[1] == "A" else match[0]


def _ended(words: str, match: re.Match) -> str:
    """The words, with a full stop if the sentence ends with them; "for example," never does."""
    ends = (
        match[0].endswith(".") and not words.endswith(",") and at_end(match.string[match.end() :])
    )
    return words + ("." if ends else "")


def _abbreviation(match: re.Match) -> str:
    word, key = match[1], match[1].lower()
    before, rest = match.string[: match.start()], match.string[match.end() :]
    if key in (_CAPITALISED if word[0].islower() else _LOWER):
        return match[0]
    if key in _UNITS and re.search(r"\d[\s-]?$", before):
        return match[0]
    numbered = _NUMBER_AFTER.get(key, r"\s*\d")
    if key in _BEFORE_NUMBER and not before.endswith(".") and re.match(numbered, rest):
        return _BEFORE_NUMBER[key] + ("" if rest[0].isspace() else " ")
    if key == "st" and _is_street(before, rest):
        return "street" + ("." if at_end(rest) else "")
    if key in _TITLES:
        return _TITLES[key] + ("" if re.search(r"\w", rest) else ".")
    if key in _AFTER_NAME:
        return _ended(_AFTER_NAME[key], match)
    if key in _ANYWHERE:
        return _ended(_ANYWHERE[key], match)
    return match[0]


def _is_street(before: str, rest: str) -> bool:
    """`Main St.`, `42nd St.`, `Wall St. Journal` but not `St. John`, `Bury St. Edmunds`."""
    if re.match(rf"\s(?:{'|'.join(_SAINTS)})\b", rest):
        return False
    named = re.search(r"(?<=\w )(?:[A-Z][a-z]+|\d+(?:st|nd|rd|th))\s$", before)
    return bool(re.match(r"\s*(?:$|[a-z,.;!?])", rest) or named)


def _initials(match: re.Match) -> str:
    letters = re.findall(r"[A-Za-z]", match[0].upper())
    if letters in (["A", "M"], ["P", "M"]):
        return match[0]  # a time of day is read with its hour
    rest = match.string[match.end() :]
    spaced = " " + rest if match[0][-1].isspace() else rest
    return letter_names(*letters) + (". " if at_end(spaced) else " ")
