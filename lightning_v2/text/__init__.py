"""English text to phones: normalisation, pronunciation, syllables, phrase breaks."""

from .errors import TextError, UnspokenWarning
from .features import FEATURES, features, phone_indices
from .normalize import Normalized, normalize
from .phonemize import phonemize, to_sentences
from .phones import PAUSE, PHONE_INDEX, PHONES, VOWELS
from .sentence import Sentence, Syllable, Word

__all__ = [
    "FEATURES",
    "PAUSE",
    "PHONES",
    "PHONE_INDEX",
    "VOWELS",
    "Normalized",
    "Sentence",
    "Syllable",
    "TextError",
    "UnspokenWarning",
    "Word",
    "features",
    "normalize",
    "phone_indices",
    "phonemize",
    "to_sentences",
]
