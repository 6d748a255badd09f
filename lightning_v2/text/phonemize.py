"""English text to sentences of phones."""

import warnings

from lightning_v2.text.errors import UnspokenWarning
from lightning_v2.text.lexicon import Pronunciation, pronounce
from lightning_v2.text.normalize import PHRASE_MARKS, Normalized, normalize
from lightning_v2.text.phones import VOWELS
from lightning_v2.text.sentence import Sentence, Syllable, Word
from lightning_v2.text.syllables import syllabify

LONGEST_SENTENCE = 60
"""Words; a longer run without a full stop is cut, at a comma if there is one."""


def phonemize(text: str) -> list[Sentence]:
    """Turn English text of any length into sentences of words, syllables and phones.

    Characters without a pronunciation are left out with an `UnspokenWarning` that lists them.

    Raises:
        TextError: if there is nothing to say, or the text holds control characters.
    """
    return to_sentences(normalize(text))


def to_sentences(normalized: Normalized) -> list[Sentence]:
    """Sentences of a text that is already normalized; warns as `phonemize` does.

    Raises:
        TextError: if a word has no sound.
    """
    if normalized.unspoken:
        shown = " ".join(normalized.unspoken)
        warnings.warn(f"no pronunciation for {shown}", UnspokenWarning, stacklevel=3)
    return [_to_sentence(tokens) for tokens in _split(normalized.text.split())]


def _to_sentence(tokens: list[str]) -> Sentence:
    words = [token for token in tokens if token not in PHRASE_MARKS]
    triples = zip(words, pronounce(words), _marks_after_words(tokens), strict=True)
    return Sentence(
        tuple(Word(word, _syllables(pronunciation), mark) for word, pronunciation, mark in triples)
    )


def _split(tokens: list[str]) -> list[list[str]]:
    sentences: list[list[str]] = [[]]
    for token in tokens:
        sentences[-1].append(token)
        if token in ".?!":
            sentences.append([])
    pieces = []
    for sentence in filter(None, sentences):
        while len(sentence) > LONGEST_SENTENCE:
            head = sentence[:LONGEST_SENTENCE]
            commas = [i for i, token in enumerate(head) if token == "," and i >= 8]
            cut = commas[-1] + 1 if commas else LONGEST_SENTENCE
            piece, sentence = sentence[:cut], sentence[cut:]
            pieces.append(piece if piece[-1] == "," else [*piece, ","])
        pieces.append(sentence)
    return [piece for piece in pieces if any(token not in PHRASE_MARKS for token in piece)]


def _marks_after_words(tokens: list[str]) -> list[str]:
    marks: list[str] = []
    for token in tokens:
        if token not in PHRASE_MARKS:
            marks.append("")
        elif marks:
            marks[-1] = token
    return marks


def _syllables(pronunciation: Pronunciation) -> tuple[Syllable, ...]:
    stress = iter([stressed for phone, stressed in pronunciation if phone in VOWELS])
    return tuple(
        Syllable(tuple(group), any(phone in VOWELS for phone in group) and next(stress))
        for group in syllabify([phone for phone, _ in pronunciation])
    )
