"""Voices of measurements: loaded once in a process, and again when their files change."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_v2.resources import data_path

if TYPE_CHECKING:
    from lightning_v2.model import Voice


def voice(name: str) -> Voice:
    """A voice by its name in data/voices/, or from a folder.

    Raises:
        CheckpointError: if there is no such voice, or its files are damaged or foreign.
    """
    return _load(name, _stamp(name))


def digest_of(parameters: dict) -> str:
    """SHA-256 of the weights that `parameters["voice"]` names; "" if it names none."""
    if "voice" not in parameters:
        return ""
    name = parameters["voice"]
    return _loaded_digest(name, _stamp(name))


def digest_here(parameters: dict) -> str:
    """The same of the weights that measurements of this process compute with at this moment."""
    return voice(parameters["voice"]).digest if "voice" in parameters else ""


@functools.lru_cache(maxsize=2)
def _loaded_digest(name: str, _stamp: int) -> str:
    from lightning_v2.model import load

    return load(name).digest


@functools.lru_cache(maxsize=2)
def _load(name: str, _stamp: int) -> Voice:
    # Here, because a unit without a voice need not wait for torch.
    from lightning_v2.model import load

    return load(name)


def _stamp(name: str) -> int:
    """When the configuration was written, in ns; 0 where there is none, which `load` explains."""
    for folder in (Path(name), data_path("voices") / name):
        if (path := folder / "config.json").exists():
            return path.stat().st_mtime_ns
    return 0
