"""The errors of this library: whatever it raises on purpose is a `LightningError`.

Every other exception that comes out of it is a bug, of this library or of one below it; but for
TypeError where a value is of a kind that no call takes, and TimeoutError where somebody asked not
to wait longer.
"""


class LightningError(Exception):
    """Root of all errors that this library raises on purpose.

    A subclass for bad input is a ValueError as well, one for what cannot be done here a
    RuntimeError: callers may catch either.
    """


class LightningWarning(UserWarning):
    """Root of all warnings of this library: what a user has to know although all goes on."""


class ArgumentError(LightningError, ValueError):
    """An argument, an option or a value in a file is not legal; the message says what would be."""


class MissingFileError(LightningError, FileNotFoundError):
    """A file or folder that was named is not there; the message says what is."""


class NoRuleError(LightningError, NotImplementedError):
    """No rule says what the device does with such a call."""
