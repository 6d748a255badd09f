"""Roman numerals: ordinals after the name of a ruler, cardinals after other names."""

import re

from lightning_v2.text.notation.numbers import cardinal, ordinal, year
from lightning_v2.text.notation.spelling import LETTER, letter_names

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_NUMERAL = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_ENDED = rf"(?![A-Za-z{LETTER}]|\.\w|-)"

_RULERS = (
    "Adrian Albert Alexander Alfonso Andrew Baldwin Basil Baudouin Benedict Boniface Carl Catherine"
    " Celestine Charles Christian Clement Conrad Constantine Darius David Edward Elizabeth Eric"
    " Eugene Ferdinand Francis Frederick George Gregory Gustav Haakon Harald Henry Honorius"
    " Innocent Ivan James Jean John Joseph Julius Karl Leo Leopold Louis Manuel Margrethe"
    " Martin Mary Maximilian Mehmed Michael Murad Napoleon Nicholas Olaf Osman Otto Paul Pedro"
    " Peter Philip Pius Ptolemy Rama Ramesses Ramses Richard Robert Rudolf Selim Sixtus Stephen"
    " Suleiman Theodosius Umberto Urban Valdemar Victor Wilhelm William Xerxes"
).split()
_OFFICES = "King Queen Pope Emperor Empress Tsar Czar Sultan Kaiser Prince Duke".split()
PARTS = (
    "act apollo appendix article book bowl canto chapter class figure grade level mark part phase"
    " psalm scene section stage table title type unit volume war"
).split()
"""What is numbered: every numeral counts after these, even I, V and X."""
_LETTERED = "appendix class figure grade level part phase section stage table type unit".split()
"""What is also told apart by letters: `Section A` is no article, `Figure C` no hundred."""
_HUNDRED = "canto psalm".split()
"""What there are a hundred of: `Psalm C`."""
_LETTERS = ("C", "D", "L", "M", "CD", "DC", "MC", "CC")
"""Numerals that are letters or initials more often."""

_PART = re.compile(
    rf"\b(?P<before>(?i:{'|'.join(PARTS)})\s)(?P<numeral>{_NUMERAL})"
    rf"(?:(?P<rest>\.[A-Z]\b)|{_ENDED}|(?=\.\d))"
)
_LOWER_PART = re.compile(
    rf"\b(?P<before>(?i:{'|'.join(PARTS)})\s)(?P<numeral>(?=[ivxl]{{2}}){_NUMERAL.lower()})(?P<rest>){_ENDED}"
)
_LETTER_A = re.compile(
    rf"\b((?:{'|'.join(map(str.capitalize, _LETTERED))})\s)A(?=[\s/,.;:!?)]|$)(?!\s[A-Z][a-z])"
)
_RULER = re.compile(
    rf"\b(?P<before>(?:(?P<office>(?:{'|'.join(_OFFICES)}))\s)?(?:[A-Z][a-z]+\s)*"
    rf"(?:{'|'.join(_RULERS)})\s(?:[A-Z][a-z]+\s)?)(?P<numeral>{_NUMERAL}){_ENDED}"
    r"(?:\.(?=\s[a-z]))?"
)
_ORDINAL = re.compile(rf"\b(?P<numeral>{_NUMERAL})th\b")
_CENTURY = re.compile(
    rf"\b(?P<before>)(?P<numeral>{_NUMERAL}){_ENDED}(?=\s(?:century|dynasty|centuries)\b)"
)
_NAME = re.compile(rf"\b(?P<before>[A-Z][A-Za-z]*[a-z]\s)(?P<numeral>{_NUMERAL}){_ENDED}")
_ALONE = re.compile(rf"\b(?!XXX\b)(?=II\b|[IVX]{{3,}}\b)(?P<numeral>{_NUMERAL}){_ENDED}")
"""What is nothing but a numeral; IV, VI and XX are other things too."""

_YEAR = re.compile(rf"\b(?=M[CDLXVI]{{3,}}\b)(?P<numeral>{_NUMERAL}){_ENDED}")


def spoken(text: str) -> str:
    """`Henry V` -> "Henry the fifth", `chapter XVIII` -> "chapter eighteen", `MCMLXXXIV` -> a year.

    A single letter counts after what is numbered and after a ruler; "I" only where it cannot be the
    pronoun, or what is numbered has a capital, or an office stands before the name.
    """
    text = _YEAR.sub(lambda m: year(str(value(m["numeral"]))), text)
    text = _ORDINAL.sub(lambda m: ordinal(str(value(m["numeral"]))), text)
    text = _CENTURY.sub(lambda m: ordinal(str(value(m["numeral"]))), text)
    text = re.sub(rf"\bWW\s?(?=(?:I{{1,3}}){_ENDED})", "World War ", text)
    text = _PART.sub(_part, text)
    text = _LOWER_PART.sub(_part, text)
    text = _LETTER_A.sub(lambda m: m[1] + letter_names("A"), text)
    text = _RULER.sub(_ruler, text)
    text = _NAME.sub(_named, text)
    return _ALONE.sub(lambda m: cardinal(str(value(m["numeral"]))), text)


def value(numeral: str) -> int:
    """`XIV` -> 14."""
    values = [_VALUES[letter] for letter in numeral]
    return sum(v if v >= after else -v for v, after in zip(values, [*values[1:], 0], strict=True))


def _is_pronoun(match: re.Match) -> bool:
    """Whether the numeral can be the word "I": a word other than "of" follows."""
    return match["numeral"] == "I" and bool(re.match(r"\s(?!of\b)", match.string[match.end() :]))


def _part(match: re.Match) -> str:
    if _is_pronoun(match) and match["before"][0].islower():
        return match[0]
    before, numeral = match["before"], match["numeral"].upper()
    if numeral in _LETTERS and before.strip().lower() not in _HUNDRED:
        return before + letter_names(*numeral)
    rest = f" {letter_names(match['rest'][1])}" if match["rest"] else ""
    return f"{before}{cardinal(str(value(numeral)))}{rest}"


def _ruler(match: re.Match) -> str:
    pronoun = _is_pronoun(match) and not match["office"]
    if pronoun or match["numeral"] in _LETTERS:
        return match[0]
    return f"{match['before']}the {ordinal(str(value(match['numeral'])))}"


def _named(match: re.Match) -> str:
    """`Rocky IV`: two letters or more, and no great number, which is an initialism more often."""
    number = value(match["numeral"])
    if len(match["numeral"]) < 2 or number > 39:
        return match[0]
    return match["before"] + cardinal(str(number))
