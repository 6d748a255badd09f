"""Pronunciations: gruut's English lexicon, part-of-speech tagger and letter-to-sound model."""

import functools
import sqlite3
import threading
import warnings
from importlib import resources

from lightning_v2.text.errors import TextError
from lightning_v2.text.phones import IPA_TO_PHONE, VOWELS

_PRIMARY, _SECONDARY = "ˈ", "ˌ"
_lock = threading.Lock()


class Pronunciation(tuple):
    """Phones of a word, each a pair (phone, stressed: bool)."""

    __slots__ = ()


@functools.cache
def _lexicon() -> sqlite3.Connection:
    """The lexicon in memory with an index: in gruut's file every look-up reads the whole table."""
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    path = resources.files("gruut_lang_en") / "lexicon.db"
    stored = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    stored.backup(memory)
    stored.close()
    memory.execute("CREATE INDEX by_word ON word_phonemes (word)")
    return memory


def _gruut():
    """Packages that it imports warn of their own sources, which nobody who speaks can mend."""
    with warnings.catch_warnings(action="ignore"):
        import gruut.g2p
        import gruut.pos
    return gruut


@functools.cache
def _tagger():
    return _gruut().pos.PartOfSpeechTagger(
        str(resources.files("gruut_lang_en") / "pos" / "model.crf")
    )


@functools.cache
def _letter_to_sound():
    return _gruut().g2p.GraphemesToPhonemes(
        str(resources.files("gruut_lang_en") / "g2p" / "model.crf")
    )


@functools.lru_cache(maxsize=65536)
def _roles(word: str) -> tuple[tuple[str, str], ...]:
    """(role, IPA) of every listed pronunciation of a lower-case word, the usual one first."""
    with _lock:
        rows = _lexicon().execute(
            "SELECT role, phonemes FROM word_phonemes WHERE word = ? ORDER BY pron_order", (word,)
        )
        return tuple(rows.fetchall())


def pronounce(words: list[str]) -> list[Pronunciation]:
    """Pronounce the words of one sentence.

    Homographs are told apart by part of speech; a capital letter is said by its name; words that
    the lexicon does not list, nor their stem before 's, go to the letter-to-sound model; "the"
    has its strong vowel before a vowel.

    Raises:
        TextError: if a word has no sound at all (for example a lone apostrophe).
    """
    tags = None
    spoken: list[Pronunciation] = []
    for position, word in enumerate(words):
        letter = len(word.partition("'")[0]) == 1 and word[0].isupper()
        roles = _roles(word.lower())
        role = "gruut:letter" if letter else ""
        if not letter and len({name for name, _ in roles}) > 1:
            with _lock:
                tags = tags or _tagger()([w.lower() for w in words])
            role = f"gruut:{tags[position]}"
        spoken.append(_pronounce_word(word.lower(), role))
    for position, word in enumerate(words[:-1]):
        if word == "the":
            vowel_next = spoken[position + 1][0][0] in VOWELS
            spoken[position] = _unstressed("dh", "iy" if vowel_next else "ax")
    return spoken


def _unstressed(*phones: str) -> Pronunciation:
    return Pronunciation((phone, False) for phone in phones)


@functools.lru_cache(maxsize=65536)
def _pronounce_word(word: str, role: str) -> Pronunciation:
    roles = _roles(word)
    if roles:
        # VBN and VBD share a pronunciation in the lexicon, as do NN and NNS
        wanted = (role, role.replace("VBN", "VBD"), role[:8])
        ipa = next((ipa for name in wanted for r, ipa in roles if r == name), roles[0][1])
        return _from_ipa(ipa.split())
    if word.endswith(("'s", "s'")):
        return _with_s(_pronounce_word(word[:-2] if word.endswith("'s") else word[:-1], role))
    letters = word.replace("'", "")
    with _lock:
        guessed = _letter_to_sound()(letters) if letters else []
    pronunciation = _from_ipa(guessed)
    if not pronunciation:
        raise TextError(f"no pronunciation for the word {word!r}")
    return pronunciation


def _with_s(stem: Pronunciation) -> Pronunciation:
    last = stem[-1][0]
    if last in ("s", "z", "sh", "zh", "ch", "jh"):
        return Pronunciation((*stem, ("ax", False), ("z", False)))
    return Pronunciation((*stem, ("s" if last in ("p", "t", "k", "f", "th") else "z", False)))


def _from_ipa(symbols: list[str]) -> Pronunciation:
    pairs = []
    for symbol in symbols:
        stressed = symbol[0] in (_PRIMARY, _SECONDARY)
        phone = IPA_TO_PHONE.get(symbol.lstrip(_PRIMARY + _SECONDARY))
        if phone is not None:
            pairs.append((phone, stressed and phone in VOWELS))
    return Pronunciation(pairs)
