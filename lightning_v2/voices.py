"""Voices by name or path: our own, ONNX files of others, and what Python of the user's makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_v2.errors import ArgumentError
from lightning_v2.resources import data_path

if TYPE_CHECKING:
    from lightning_v2.model import Voice
    from lightning_v2.onnx.frontend import Frontend

DEFAULT_VOICE = "slt"

_PYTHON = (".py", ".kept")
"""Suffixes of what `own_code` reads."""


def load(
    name: str | Path = DEFAULT_VOICE,
    frontend: Frontend | None = None,
    style: str | Path | None = None,
    speaker: int | None = None,
) -> Voice:
    """Load a voice. Needs no network, ever.

    Args:
        name: in data/voices/; a folder with config.json; a voice that an installed package brings
            (`lightning-v2 voices` lists them); an .onnx file; or a .py file whose function `voice`
            returns one, such as a `ModuleVoice`: it is run. Where only a name can be given, it may
            end in `?style=FILE:NAME` or `?speaker=NUMBER`.
        frontend: of an .onnx file that is neither Piper's nor Kokoro's: text to inputs, outputs to
            a waveform, and the rate.
        style: of a Kokoro file, `FILE` or `FILE:NAME`.
        speaker: number of a speaker of a Piper file with several.

    Raises:
        CheckpointError: there is no such voice, or its files are damaged.
        MissingFileError: a file or package is not there; the message says what to install.
        OnnxError: an .onnx file cannot be used; the message says why.
        ArgumentError: it is not known how to speak with a file, or a .py file fails.
    """
    from lightning_v2.model import CheckpointError
    from lightning_v2.model.formats import checked, known_voices
    from lightning_v2.model.formats import load as load_own

    whole, _, settings = str(name).partition("?")
    options = {"frontend": frontend, "style": style, "speaker": speaker}
    options |= _settings(settings) if settings else {}
    if whole in known_voices() or (Path(whole) / "config.json").exists():
        given = [key for key, value in options.items() if value is not None]
        if given:
            raise ArgumentError(f"{given[0]} is of .onnx files, and {whole!r} is none")
        return load_own(whole)
    if Path(whole).suffix in _PYTHON:
        from lightning_v2.own_code import called, kept

        path = Path(whole)
        return checked(called(path, "voice") if path.suffix == ".py" else kept(path), path)
    from lightning_v2.onnx.voices import PACKAGED, load_onnx

    if whole in PACKAGED or Path(whole).suffix == ".onnx":
        return load_onnx(whole, **options)
    known = ", ".join([*known_voices(), *PACKAGED])
    raise CheckpointError(
        f"no voice {whole!r}: known are {known}, or give the path of an .onnx file, of a .py file "
        "with a function voice, or of a folder with config.json and model.safetensors"
    )


def name_of(voice: Voice | str | Path) -> str:
    """A name under which `load` finds a voice in every process of this machine.

    A voice that is an object is kept for them in a file among the user's caches.

    Raises:
        ArgumentError: it cannot be pickled.
    """
    if isinstance(voice, str | Path):
        return str(voice)
    from lightning_v2.own_code import keep

    stem = re.sub(r"[^\w-]+", "-", voice.name)
    return str(keep(voice, f"{stem}-{voice.digest[:16]}"))


def label(name: str) -> str:
    """A name for people: of a voice that `name_of` has kept that of the file."""
    return Path(name).stem if Path(name).suffix == _PYTHON[1] else name


def stamp(name: str | Path) -> int:
    """When the newest of the files that a name stands for was written, in ns; 0 where there is
    none, which `load` explains."""
    whole, _, settings = str(name).partition("?")
    style = _settings(settings).get("style") if settings else None
    files = [Path(whole)] if Path(whole).suffix in (".onnx", *_PYTHON) else []
    files += [Path(style.partition(":")[0])] if style else []
    files += [folder / "config.json" for folder in (Path(whole), data_path("voices") / whole)]
    return max((path.stat().st_mtime_ns for path in files if path.exists()), default=0)


def _settings(words: str) -> dict[str, str | int]:
    key, _, value = words.partition("=")
    if key == "speaker" and value.isdecimal():
        return {"speaker": int(value)}
    if key == "style" and value:
        return {"style": value}
    raise ArgumentError(
        f"after the ? of a voice comes style=FILE:NAME or speaker=NUMBER, not {words!r}"
    )
