"""A sentence as the voice gets it: words, syllables, phones, and the pauses between phrases."""

from dataclasses import dataclass

from .phones import PAUSE


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
