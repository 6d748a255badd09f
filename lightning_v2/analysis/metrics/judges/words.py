"""Words that were heard, counted against words that were said.

Two words are the same if they sound alike (`text.lexicon`): what a recogniser chooses between
"colour" and "color", "Cole" and "coal" is nothing that a voice can help. Figures, units and titles
are written out first, on both sides ("1865" is "eighteen sixty five"), and compounds are taken as
they were said, in one word or in several ("to-day" and "today").
"""

import re
from functools import lru_cache

import jiwer
import numpy as np

from lightning_v2.text import TextError, normalize
from lightning_v2.text.lexicon import pronounce

LONGEST_COMPOUND = 3
"""Words that may be one."""


@lru_cache(maxsize=1024)
def spelled(text: str) -> str:
    """A text as it is spoken: lower-case words without punctuation; "" for one without words."""
    try:
        words = normalize(text).text.lower()
    except TextError:
        return ""
    return " ".join(re.sub(r"[.,?!]", " ", words).split())


def word_errors(said: list[str], heard: list[str]) -> dict[str, float]:
    """Word error rate of what was heard (S texts) of what was said (S texts).

    Returns:
        `wer_percent`; its parts `deleted_percent` and `inserted_percent`; `words`, of what was
        said, that all three are shares of.
    """
    out = _aligned(said, heard)
    words = out.hits + out.substitutions + out.deletions
    return {
        "wer_percent": 100 * out.wer,
        "deleted_percent": 100 * out.deletions / words,
        "inserted_percent": 100 * out.insertions / words,
        "words": words,
    }


def heard_right(said: str, heard: str) -> np.ndarray:
    """Which of the W words of a text were heard, (W,) bool."""
    found = np.zeros(len(spelled(said).split()), dtype=bool)
    for part in _aligned([said], [heard]).alignments[0]:
        if part.type == "equal":
            found[part.ref_start_idx : part.ref_end_idx] = True
    return found


def words_agree_percent(said: str, reference: str, candidate: str) -> float:
    """Of the words of a text that were heard right in the reference, how many are heard right in
    the candidate, in percent; NaN if none was.

    What a recogniser gets wrong it mostly guesses, and then a rounding of the waveform changes it:
    such words say nothing of the candidate.
    """
    before, after = (heard_right(said, heard) for heard in (reference, candidate))
    return 100 * float(after[before].mean()) if before.any() else float("nan")


def _aligned(said: list[str], heard: list[str]) -> jiwer.WordOutput:
    written = [spelled(text).split() for text in said]
    others = [spelled(text).split() for text in heard]
    return jiwer.process_words(
        [_sounds(words) for words in written],
        [_sounds(_as_in(*pair)) for pair in zip(written, others, strict=True)],
    )


def _sounds(words: list[str]) -> str:
    """Each word as its sounds, joined by dashes."""
    return " ".join(map(_sound, words))


def _as_in(said: list[str], heard: list[str]) -> list[str]:
    """What was heard, with compounds written as in what was said."""
    known = set(said)
    runs = {
        "".join(run): run
        for size in range(2, LONGEST_COMPOUND + 1)
        for run in zip(*(said[at:] for at in range(size)), strict=False)
    }
    found, start = [], 0
    while start < len(heard):
        sizes = range(min(LONGEST_COMPOUND, len(heard) - start), 1, -1)
        size = next((n for n in sizes if "".join(heard[start : start + n]) in known), 1)
        word = "".join(heard[start : start + size])
        found += [word] if word in known else runs.get(word, (word,))
        start += size
    return found


@lru_cache(maxsize=65536)
def _sound(word: str) -> str:
    try:
        return "-".join(pronounce(word))
    except TextError:
        return word
