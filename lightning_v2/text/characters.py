"""Unicode in, few characters out: quotes, dashes, accents and symbols brought to known forms."""

import re
import unicodedata

from lightning_v2.text.errors import TextError

_PLAIN = {
    "‘": "'", "’": "'", "ʼ": "'", "‛": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "‹": '"', "›": '"',
    "‐": "-", "‑": "-", "‒": "–", "—": " — ", "―": " — ", "…": "... ",
    "¡": " ", "¿": " ", "•": ", ", "⁄": "/", "∕": "/", "∙": "·", "⋅": "·", "∶": ":", "〜": "~",
    "¶": " paragraph ",
    "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3", "⅛": " 1/8", "⅜": " 3/8",
    "⅝": " 5/8", "⅞": " 7/8", "⅕": " 1/5", "⅖": " 2/5", "⅗": " 3/5", "⅘": " 4/5", "⅙": " 1/6",
    "⅚": " 5/6",
    "×": " times ", "÷": " divided by ", "±": " plus or minus ", "≈": " about ",
    "≠": " not equal to ", "≤": " at most ", "≥": " at least ", "∞": " infinity ",
    "√": " square root of ", "→": " to ", "⇒": " to ", "←": " from ", "μ": "µ", "π": " pi ",
    "™": " trademark ", "®": " registered trademark ", "©": " copyright ", "§": " section ",
    "№": " number ",
    "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ß": "ss", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "th", "þ": "th", "Þ": "Th", "ı": "i",
    **{chr(0x2070 + digit): f"^{digit}" for digit in (0, 4, 5, 6, 7, 8, 9)},
    "¹": "^1", "²": "^2", "³": "^3", "⁻": "^-",
}  # fmt: skip
_INVISIBLE = {"\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff"}
_SPEAKABLE = re.compile(r"""[A-Za-z0-9\s.,;:!?'"`()\[\]{}<>/\\&%@#$£€¥₹₩₽₿¢+=*_~^|°µΩ·′″–—−-]""")
"""The characters of a plain text, where − is still to become - or "minus"; the rules of this room
know them all."""

_MINUS = re.compile(r"(?<=\d)−(?=[\w(.])|(?<=\b[A-Za-z])−(?=[\w(])|(?<=[\w)])\s−\s(?=[\w(.])")
"""The minus between two terms; before one it is a hyphen, which is what keyboards have."""


def to_plain(text: str) -> tuple[str, tuple[str, ...]]:
    """Bring a text to ASCII letters, digits and a small set of marks.

    Accents are dropped from letters, typographic quotes and dashes become plain ones, raised digits
    follow "^", common symbols become words, invisible format characters and emoji selectors
    disappear.

    Returns:
        The plain text, and the characters that nobody can say, each once, in order of appearance.

    Raises:
        TextError: if the text holds a control character other than white space.
    """
    plain: list[str] = []
    unspoken: dict[str, None] = {}
    for position, character in enumerate(text):
        if unicodedata.category(character) == "Cc" and not character.isspace():
            raise TextError(
                f"control character U+{ord(character):04X} at position {position}: "
                "remove it, or replace it by a space"
            )
        if character in _INVISIBLE or "\ufe00" <= character <= "\ufe0f":
            continue
        if character in _PLAIN:
            piece = _PLAIN[character]
            if re.match(r" \d", piece) and not (plain and plain[-1][-1:].isalnum()):
                piece = piece[1:]  # a quote before a fraction keeps its place at it
            plain.append(piece)
            continue
        decomposed = unicodedata.normalize("NFKD", character)
        kept = "".join(_PLAIN.get(c, c) for c in decomposed if not unicodedata.combining(c))
        if kept == "" and decomposed != "":
            continue  # a combining accent on its own: it belongs to the letter before it
        if all(_SPEAKABLE.match(c) for c in kept):
            plain.append(kept)
        else:
            unspoken[character] = None
            plain.append(" ")
    words = _MINUS.sub(" minus ", "".join(plain)).replace("−", "-")
    # 10⁻⁶ has one exponent, of two characters
    return re.sub(r"(?<=\^)(-?)\^(?=\d)|(?<=\^\d)\^(?=\d)", r"\1", words), tuple(unspoken)
