"""English text to phones: notations as words, words as they sound, front ends of packages."""

from lightning_v2.text.errors import TextError, UnspokenWarning
from lightning_v2.text.normalize import Normalized, normalize

__all__ = ["Normalized", "TextError", "UnspokenWarning", "normalize"]
