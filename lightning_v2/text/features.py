"""What the encoder is told about each phone beside its identity."""

import numpy as np

from lightning_v2.text.phones import PAUSE, PHONE_INDEX
from lightning_v2.text.sentence import Sentence

WORD_CLASSES = {
    "preposition": "in of for on that with by at from as if against about before because under "
    "after over into while without through new between among until per up down",
    "to": "to",
    "determiner": "the a an no some this each another those every all any these both neither many",
    "modal": "will may would can could should must ought might",
    "conjunction": "and but or plus yet nor",
    "wh": "who what where how when",
    "possessive": "her his their its our mine",
    "auxiliary": "is am are was were has have had be",
}
"""Closed classes of English words; everything else counts as a content word."""

_CLASS_OF = {word: i for i, words in enumerate(WORD_CLASSES.values()) for word in words.split()}

FEATURES = (
    "pause", "stressed", "word_start", "word_end", "syllable_start", "syllable_end",
    *(f"class_{name}" for name in WORD_CLASSES),
    "question_follows", "comma_follows", "stop_follows", "phrase_last_word",
    "position", "length", "from_start", "to_end", "from_pause", "to_pause",
    "syllables_in_word", "syllables_before", "syllables_after",
    "words_from_phrase_start", "words_to_phrase_end", "syllables_in_phrase",
    "phrase_index", "phrases",
)  # fmt: skip
"""Names of the 32 columns of `features`, in order."""

_COLUMN = {name: i for i, name in enumerate(FEATURES)}


def phone_indices(sentence: Sentence) -> np.ndarray:
    """Row of each phone in the embedding, int64 (P,); P: phones, pauses included."""
    return np.array([PHONE_INDEX[phone] for phone in sentence.phones], np.int64)


def features(sentence: Sentence) -> np.ndarray:
    """Linguistic features of each phone, float32 (P, 32); every column lies in 0..2 or so.

    P: phones, pauses included. Columns: `FEATURES`.
    """
    rows: list[np.ndarray] = [_row(pause=1)]
    for phrase_index, (phrase, phrases) in enumerate(_phrases(sentence)):
        syllables = sum(len(word.syllables) for word in phrase)
        for word_index, word in enumerate(phrase):
            shared = {
                "question_follows": phrase[-1].mark == "?",
                "comma_follows": phrase[-1].mark == ",",
                "stop_follows": phrase[-1].mark in (".", "!"),
                "phrase_last_word": word_index == len(phrase) - 1,
                "syllables_in_word": len(word.syllables) / 5,
                "words_from_phrase_start": min(word_index, 20) / 10,
                "words_to_phrase_end": min(len(phrase) - 1 - word_index, 20) / 10,
                "syllables_in_phrase": min(syllables, 40) / 20,
                "phrase_index": min(phrase_index, 8) / 4,
                "phrases": min(phrases, 8) / 4,
            }
            rows.extend(_word_rows(word, shared))
        rows.append(_row(pause=1, **{k: shared[k] for k in list(shared)[:3]}))
    table = np.stack(rows)
    _add_positions(table, np.array([phone == PAUSE for phone in sentence.phones]))
    return table


def _row(**values: float) -> np.ndarray:
    row = np.zeros(len(FEATURES), np.float32)
    for name, value in values.items():
        row[_COLUMN[name]] = value
    return row


def _word_rows(word, shared: dict) -> list[np.ndarray]:
    rows = []
    for s, syllable in enumerate(word.syllables):
        for p in range(len(syllable.phones)):
            row = _row(
                stressed=syllable.stressed,
                syllable_start=p == 0,
                syllable_end=p == len(syllable.phones) - 1,
                syllables_before=s / 5,
                syllables_after=(len(word.syllables) - 1 - s) / 5,
                **shared,
            )
            if word.text in _CLASS_OF:
                row[_COLUMN["class_preposition"] + _CLASS_OF[word.text]] = 1
            rows.append(row)
    rows[0][_COLUMN["word_start"]] = 1
    rows[-1][_COLUMN["word_end"]] = 1
    return rows


def _phrases(sentence: Sentence):
    phrases, current = [], []
    for word in sentence.words:
        current.append(word)
        if word.mark:
            phrases.append(current)
            current = []
    return [(phrase, len(phrases)) for phrase in phrases]


def _add_positions(table: np.ndarray, pause: np.ndarray) -> None:
    count = len(table)
    index = np.arange(count)
    pauses = np.flatnonzero(pause)
    before = pauses[np.searchsorted(pauses, index, side="right") - 1]
    after = pauses[np.searchsorted(pauses, index)]
    table[:, _COLUMN["position"]] = index / max(1, count - 1)
    table[:, _COLUMN["length"]] = min(count, 200) / 100
    table[:, _COLUMN["from_start"]] = np.minimum(index, 20) / 20
    table[:, _COLUMN["to_end"]] = np.minimum(count - 1 - index, 20) / 20
    table[:, _COLUMN["from_pause"]] = np.minimum(index - before, 20) / 20
    table[:, _COLUMN["to_pause"]] = np.minimum(after - index, 20) / 20
