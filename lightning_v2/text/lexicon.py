"""How English words sound: gruut's lexicon, part-of-speech tagger and letter-to-sound model."""

import functools
import sqlite3
import threading
import warnings
from importlib import resources

from lightning_v2.text.errors import TextError

_STRESS = "ˈˌ"
_lock = threading.Lock()


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


def pronounce(word: str) -> tuple[str, ...]:
    """The sounds of a lower-case word by itself: IPA symbols, without marks of stress.

    Homographs are told apart by the part of speech that the word alone is taken for. Words that
    the lexicon does not list, nor their stem before 's, go to the letter-to-sound model.

    Raises:
        TextError: the word has no sound at all (for example a lone apostrophe).
    """
    role = ""
    if len({name for name, _ in _listed(word)}) > 1:
        with _lock:
            role = f"gruut:{_tagger()([word])[0]}"
    return _pronounced(word, role)


def _listed(word: str) -> list[tuple[str, str]]:
    """(role, IPA) of every pronunciation in the lexicon, the usual one first."""
    query = "SELECT role, phonemes FROM word_phonemes WHERE word = ? ORDER BY pron_order"
    with _lock:
        return _lexicon().execute(query, (word,)).fetchall()


def _pronounced(word: str, role: str) -> tuple[str, ...]:
    if listed := _listed(word):
        # VBN and VBD share a pronunciation in the lexicon, as do NN and NNS
        wanted = (role, role.replace("VBN", "VBD"), role[:8])
        ipa = next((ipa for name in wanted for r, ipa in listed if r == name), listed[0][1])
        return _sounds(ipa.split())
    if word.endswith(("'s", "s'")):
        stem = _pronounced(word[:-2] if word.endswith("'s") else word[:-1], role)
        return (*stem, *_ending(stem[-1]))
    letters = word.replace("'", "")
    with _lock:
        guessed = _letter_to_sound()(letters) if letters else []
    if not (sounds := _sounds(guessed)):
        raise TextError(f"no pronunciation for the word {word!r}")
    return sounds


def _ending(last: str) -> tuple[str, ...]:
    """What 's sounds like after a sound."""
    if last in ("s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ"):
        return ("ə", "z")
    return ("s",) if last in ("p", "t", "k", "f", "θ") else ("z",)


def _sounds(symbols: list[str]) -> tuple[str, ...]:
    return tuple(sound for symbol in symbols if (sound := symbol.lstrip(_STRESS)))
