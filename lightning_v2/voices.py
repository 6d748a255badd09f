"""Voices by name or path: our own, ONNX files of others, and what Python of the user's makes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_v2.errors import ArgumentError
from lightning_v2.resources import DEFAULT_VOICE, data_path

if TYPE_CHECKING:
    from lightning_v2.model import Voice
    from lightning_v2.onnx.frontend import Frontend

_PYTHON = (".py", ".kept")
"""Suffixes of what `own_code` reads."""


def load(
    name: str | Path = DEFAULT_VOICE,
    frontend: Frontend | None = None,
    style: str | Path | None = None,
    speaker: int | None = None,
    weights: str | Path | None = None,
) -> Voice:
    """Load a voice. Needs no network, ever.

    Args:
        name: in data/voices/; a folder with config.json, be it a voice or an overlay of weights,
            which names its own; a voice that an installed package brings
            (`lightning-v2 voices` lists them); an .onnx file; or a .py file whose function `voice`
            returns one, such as a `ModuleVoice`: it is run. Where only a name can be given, it may
            end in `?style=FILE:NAME` or `?speaker=NUMBER`.
        frontend: of an .onnx file that is neither Piper's nor Kokoro's: text to inputs, outputs to
            a waveform, and the rate.
        style: of a Kokoro file, `FILE` or `FILE:NAME`.
        speaker: number of a speaker of a Piper file with several.
        weights: folder of an overlay, as `lightning-v2 adapt` writes it for this voice.

    Raises:
        CheckpointError: there is no such voice, its files are damaged, or the overlay is of
            another.
        MissingFileError: a file or package is not there; the message says what to install.
        OnnxError: an .onnx file cannot be used; the message says why.
        ArgumentError: it is not known how to speak with a file, or a .py file fails.
    """
    from lightning_v2.model.overlay import lay_over

    voice = _loaded(str(name), {"frontend": frontend, "style": style, "speaker": speaker})
    if weights is not None:
        lay_over(voice, Path(weights))
    return voice


def _loaded(name: str, options: dict[str, Any]) -> Voice:
    """A voice without an overlay of somebody else's choice; options: those that files may have."""
    from lightning_v2.model import CheckpointError
    from lightning_v2.model.formats import checked, known_voices
    from lightning_v2.model.formats import load as load_own
    from lightning_v2.model.overlay import base_of, lay_over

    whole, _, settings = name.partition("?")
    options = options | (_settings(settings) if settings else {})
    if (base := base_of(Path(whole))) is not None:
        voice = _loaded(base, options)
        lay_over(voice, Path(whole))
        return voice
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
    whole = str(name).partition("?")[0]
    files = files_of(name)
    files += [folder / "config.json" for folder in (Path(whole), data_path("voices") / whole)]
    return max((path.stat().st_mtime_ns for path in files if path.exists()), default=0)


def files_of(name: str | Path) -> list[Path]:
    """The files of a name that is a path: a .py file, or an .onnx file, its JSON, its styles."""
    whole, _, settings = str(name).partition("?")
    if Path(whole).suffix in _PYTHON:
        return [Path(whole)]
    if Path(whole).suffix != ".onnx":
        return []
    style = _settings(settings).get("style") if settings else None
    styles = [Path(style.partition(":")[0])] if style else []
    return [Path(whole), Path(f"{whole}.json"), *styles]


def from_anywhere(name: str) -> str:
    """A name that means the same in any folder: relative paths become absolute ones."""
    whole, mark, settings = name.partition("?")
    if not files_of(name):
        is_folder = os.sep in whole and Path(whole).exists()
        return os.path.abspath(name) if is_folder else name
    if settings.startswith("style="):
        settings = f"style={os.path.abspath(settings.removeprefix('style='))}"
    return f"{os.path.abspath(whole)}{mark}{settings}"


@dataclass(frozen=True)
class Licence:
    """Whose a voice is.

    Attributes:
        words: licence of the weights.
        language: that it speaks; "" where only its file knows.
        package: that brings it, with its version; "" for a file.
        missing: what to install, "" if it is there.
    """

    words: str
    language: str = ""
    package: str = ""
    missing: str = ""


def licence_of(name: str | Path) -> Licence:
    """Whose a voice is, told without loading it."""
    from lightning_v2.model.checkpoint import read_config
    from lightning_v2.model.formats import known_voices

    whole = str(name).partition("?")[0]
    if whole in known_voices():
        licence = read_config(data_path("voices", whole))["about"].get("licence", "not told")
        return Licence(licence, "American English", "part of lightning-v2")
    from lightning_v2.model.overlay import base_of
    from lightning_v2.onnx.frontends.piper import card_licence
    from lightning_v2.onnx.voices import PACKAGED

    if (base := base_of(Path(whole))) is not None:
        return licence_of(base)

    if whole in PACKAGED:
        voice = PACKAGED[whole]
        there = f"{voice.package} {voice.version}" if voice.version else voice.package
        missing = "" if voice.version else f"pip install {voice.package}"
        return Licence(voice.licence, voice.language, there, missing)
    return Licence(card_licence(Path(whole)))


def _settings(words: str) -> dict[str, str | int]:
    key, _, value = words.partition("=")
    if key == "speaker" and value.isdecimal():
        return {"speaker": int(value)}
    if key == "style" and value:
        return {"style": value}
    raise ArgumentError(
        f"after the ? of a voice comes style=FILE:NAME or speaker=NUMBER, not {words!r}"
    )
