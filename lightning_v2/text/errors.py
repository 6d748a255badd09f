"""What can be wrong with a text."""

from lightning_v2.errors import LightningError, LightningWarning


class TextError(LightningError, ValueError):
    """A text that cannot be spoken; the message says what is wrong and where."""


class UnspokenWarning(LightningWarning):
    """Some characters of the text have no pronunciation and were left out."""
