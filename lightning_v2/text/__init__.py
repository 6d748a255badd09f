"""English text to phones: normalisation, pronunciation, syllables, phrase breaks."""

from lightning_v2.text.errors import TextError, UnspokenWarning
from lightning_v2.text.features import FEATURES, features, phone_indices
from lightning_v2.text.normalize import Normalized, normalize
from lightning_v2.text.phonemize import phonemize, to_sentences
from lightning_v2.text.phones import PAUSE, PHONE_INDEX, PHONES, VOWELS
from lightning_v2.text.sentence import Sentence, Syllable, Word

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
