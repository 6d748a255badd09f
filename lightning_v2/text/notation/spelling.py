"""Letters that are said by name, and where a sentence ends."""

import re

LETTER = "\u02d1"
"""Follows a capital that is a letter's name: a plain "A" or "I" would be a word.

A letter for `\\w` and `\\b`, so that no rule takes the capital before it for a whole word; no plain
text holds it.
"""

_OPENERS = re.compile(
    r"\s+[\"'(]?(?:The|A|An|This|That|These|Those|He|She|It|We|They|You|I|His|Her|Its|Our|Their|My"
    r"|Your|There|Here|But|And|So|Then|When|While|If|In|On|At|For|After|Before|However|What|Who|Why"
    r"|How|Where|Is|Are|Was|Were|Do|Does|Did|No|Yes|Not)\b"
)


def letter_names(*letters: str) -> str:
    """`F`, `B`, `I` -> capitals that are said by name."""
    return " ".join(letter + LETTER for letter in letters)


def at_end(rest: str) -> bool:
    """Whether a sentence ends before the rest of a text: nothing follows, or a word that opens one.

    A capital alone says little: names follow abbreviations.
    """
    return not re.search(r"\w", rest) or _OPENERS.match(rest) is not None


def is_spelled(letters: str) -> bool:
    """Whether a part of a name (`js`, `txt`) has to be said letter by letter."""
    return (
        len(letters) == 1
        or letters.lower() in _SPELLED
        or not re.search("[aeiouy]", letters, re.IGNORECASE)
    )


_SPELLED = frozenset(
    "ai api cpu eu exe gpu gui id ieee imap io ip isbn issn os py tv ui uk uri url us usb".split()
)
