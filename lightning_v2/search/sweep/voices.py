"""Voices of measurements: loaded once in a process, and again when their files change."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from lightning_v2.voices import stamp

if TYPE_CHECKING:
    from lightning_v2.model import Voice


def voice(name: str) -> Voice:
    """A voice by its name or path.

    Raises:
        CheckpointError, MissingFileError, OnnxError: see `lightning_v2.voices.load`.
    """
    return _load(name, stamp(name))


def digest_of(parameters: dict) -> str:
    """SHA-256 of the weights that parameters called "voice" and "reference" name; "" if there are
    none."""
    return " ".join(_loaded_digest(name, stamp(name)) for name in _named(parameters))


def digest_here(parameters: dict) -> str:
    """The same of the weights that measurements of this process compute with at this moment."""
    return " ".join(voice(name).digest for name in _named(parameters))


def _named(parameters: dict) -> list[str]:
    return [parameters[key] for key in ("voice", "reference") if parameters.get(key) is not None]


@functools.lru_cache(maxsize=4)
def _loaded_digest(name: str, _stamp: int) -> str:
    from lightning_v2.voices import load

    return load(name).digest


@functools.lru_cache(maxsize=2)
def _load(name: str, _stamp: int) -> Voice:
    # Here, because a unit without a voice need not wait for torch.
    from lightning_v2.voices import load

    return load(name)
