"""A sentence as the voice gets it: words, syllables, phones, and the pauses between phrases."""

from dataclasses import dataclass, replace
from typing import Self

from lightning_v2.text.phones import PAUSE


@dataclass(frozen=True)
class Syllable:
    """Phones of one syllable and whether it is stressed."""

    phones: tuple[str, ...]
    stressed: bool


@dataclass(frozen=True)
class Word:
    """A spoken word.

    Attributes:
        text: lower-case spelling; a letter said by its name is a capital.
        syllables: in order.
        mark: the phrase mark that follows: "" (none), "," "." "?" or "!".
    """

    text: str
    syllables: tuple[Syllable, ...]
    mark: str = ""


@dataclass(frozen=True)
class Sentence:
    """Words of one sentence; the last one carries the mark that ends it."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return " ".join(word.text + word.mark for word in self.words)

    @property
    def phones(self) -> tuple[str, ...]:
        """All phones, with a pause at both ends and after every phrase mark."""
        phones = [PAUSE]
        for word in self.words:
            phones.extend(phone for syllable in word.syllables for phone in syllable.phones)
            if word.mark:
                phones.append(PAUSE)
        return tuple(phones)

    def split(self, most: int) -> list[Self]:
        """Sentences of at most `most` phones, pauses included; cut after a phrase where there is
        one, else after a word. A word that is longer by itself stays whole."""
        parts: list[Sentence] = []
        words = list(self.words)
        while len(Sentence(tuple(words)).phones) > most and len(words) > 1:
            # One phone for the pause that ends a part cut inside a phrase.
            fitting = [
                n for n in range(1, len(words)) if len(Sentence(tuple(words[:n])).phones) < most
            ] or [1]
            after_phrase = [n for n in fitting if words[n - 1].mark]
            count = (after_phrase or fitting)[-1]
            last = words[count - 1]
            parts.append(Sentence((*words[: count - 1], replace(last, mark=last.mark or ","))))
            words = words[count:]
        return [*parts, Sentence(tuple(words))]
