"""Hosts, mail addresses, paths, names of files: points and queries inside them end no sentence."""

import re

from lightning_v2.text.notation.spelling import is_spelled, letter_names

_MARKS = {
    ".": "dot", "/": "slash", "\\": "backslash", "-": "dash", "_": "underscore", "@": "at",
    ":": "colon", "?": "question mark", "=": "equals", "&": "and", "#": "hash", "%": "percent",
    "+": "plus", "~": "tilde", ",": "comma", ";": "semicolon", "!": "exclamation mark",
    "*": "asterisk", "$": "dollar", "'": "apostrophe", "(": "parenthesis", ")": "parenthesis",
    "[": "bracket", "]": "bracket", "{": "brace", "}": "brace", "|": "bar", "^": "caret",
}  # fmt: skip
_TOP_LEVEL = "com|org|net|edu|gov|info|io|ai|co|uk|us|de|fr|ca|au"
_FILES = (
    "avi|bak|bin|bmp|cfg|conf|ckpt|cpp|css|csv|docx?|exe|flac|gguf|gif|gz|html?|ini|ipynb|jpe?g|js|json|log|md|mkv|mp3|mp4|npy|npz|onnx|pdf"
    "|png|pptx?|py|rs|sh|sql|svg|tar|tex|toml|tsv|txt|wav|xlsx?|xml|ya?ml|zip"
)
"""Ends of names of files that may hold words of figures: `report.2024.pdf`."""

_TAIL = r"(?::\d+)?(?:[/?#][^\s<>\"]*[\w/])?"
"""Port, path, query and fragment; marks at the end belong to the sentence."""

_ADDRESS = re.compile(
    rf"""
      [A-Za-z][A-Za-z+.-]*://[^\s<>"]*[\w/]                           # https://example.com/a?b=1
    | (?<![\w.])[\w+-][\w.+-]*@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{{2,}}    # me@example.com
    | (?<![\w.@])(?:~|\.{{1,2}})?/[\w.-]*\w(?:/[\w.-]*\w)*/?(?=\W|$)  # /usr/local, ./a
    | (?<![\w.@/])(?:[\w-]+/)+[\w-]+\.[a-z][a-z0-9]{{0,4}}\b          # docs/text.md
    | (?<![\w.@'/-])[\w-]+(?:\.[\w-]+)*\.(?:{_FILES})\b(?![.-]\w){_TAIL}      # file1.5v2.txt
    | (?<![\w.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?=[:/]\d){_TAIL}(?!\w)           # 192.168.0.1:8080
    | (?<![\w.@'/-])localhost(?=[:/]){_TAIL}
    | (?<![\w.@'])(?:[A-Za-z][\w-]*\.)+(?:(?i:{_TOP_LEVEL})|[a-z][a-z0-9]+)\b(?!\.\w){_TAIL}
    """,
    re.VERBOSE,
)
_TOPIC = r"[A-Za-z]\w*|\d+[A-Za-z]{2}\w*"
_NO_NAME = re.compile(r"(?:e\.g|i\.e|[ap]\.m|etc|vs|cf|al)\.", re.IGNORECASE)


def spoken(text: str) -> str:
    """`node.js`, `me@example.com/?id=5`, `#topic` -> words with "dot", "at" and so on.

    A full stop, question or exclamation mark without a space after it, but a capital, ends a
    sentence.
    """
    text = _ADDRESS.sub(_spoken, text)
    text = re.sub(r"(?<=[a-z]{2}[.!?])(?=[A-Z][a-z])|(?<=\b[A-Z][a-z]\.)(?=[A-Z][a-z])", " ", text)
    return re.sub(rf"(?<![\w&#])#(?!\d+(?:st|nd|rd|th)\b)({_TOPIC})", _topic, text)


def _topic(match: re.Match) -> str:
    """`#100DaysOfCode` -> "hashtag 100 Days Of Code"."""
    words = re.sub(
        r"(?<=\d)(?=[A-Za-z])|(?<=[a-z])(?<!\b[a-z])(?<!Mc)(?=[A-Z][a-z])", " ", match[1]
    )
    return f"hashtag {words}"


def _spoken(match: re.Match) -> str:
    address = match[0]
    if _NO_NAME.match(address):
        return address
    parts = re.findall(r"[A-Za-z]+|\d+|[^\w\s]|_|\S", address)
    return " " + " ".join(_part(part) for part in parts) + " "


def _part(part: str) -> str:
    if part.isascii() and part.isalpha() and is_spelled(part):
        return letter_names(*part.upper())
    return _MARKS.get(part, part)
