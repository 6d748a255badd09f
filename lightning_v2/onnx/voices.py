"""Voices by name or path: what a user writes, and which file and front end it means."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.frontend import Frontend
from lightning_v2.onnx.frontends import hibari, kokoro, piper
from lightning_v2.onnx.network import OnnxNetwork
from lightning_v2.onnx.roles import summed_f0
from lightning_v2.onnx.voice import OnnxVoice


@dataclass(frozen=True, slots=True)
class Packaged:
    """A voice that comes in a package.

    Attributes:
        package: that has to be installed.
        language: that it speaks.
        licence: of its weights.
    """

    package: str
    language: str
    licence: str

    @property
    def version(self) -> str | None:
        """Of the installed package, None if it is not there."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


PACKAGED = {
    "hibari": Packaged(hibari.PACKAGE, "American English", "Apache-2.0, with a NOTICE"),
    "piper:joe": Packaged(piper.PACKAGE, "American English", "CC0 (package MIT)"),
    "kokoro": Packaged(kokoro.PACKAGE, "Japanese and English", "Apache-2.0 (export MIT)"),
}
"""Name of a voice -> the package that brings it."""


def load_onnx(
    name: str | Path,
    frontend: Frontend | None = None,
    style: str | Path | None = None,
    speaker: int | None = None,
) -> OnnxVoice:
    """A voice that is an ONNX file.

    Args:
        name: one of `PACKAGED`, or the path of an .onnx file.
        frontend: of a file that is none of Piper's, Kokoro's or hibari's.
        style: file of styles of a Kokoro export, `FILE` or `FILE:NAME`.
        speaker: number of the speaker of a Piper voice with several.

    Raises:
        MissingFileError: a file or a package is not there.
        OnnxError: the file cannot be used.
        ArgumentError: it is not known how to speak with this file.
    """
    if name == "hibari":
        return OnnxVoice.load("hibari", hibari.hibari_path(), lambda _: hibari.HibariFrontend())
    if name == "piper:joe":
        return _piper("piper:joe", piper.joe_path(), speaker)
    if name == "kokoro":
        path, rows = kokoro.kokoro_path(), kokoro.packaged_style()
        return _kokoro("kokoro", path, rows, PACKAGED["kokoro"].licence)
    path = Path(name)
    if path.suffix != ".onnx":
        known = ", ".join(PACKAGED)
        raise MissingFileError(f"no voice {str(name)!r}: known are {known}, or an .onnx file")
    if not path.is_file():
        raise MissingFileError(f"no file {path}")
    if frontend is not None:
        return OnnxVoice.load(path.stem, path, lambda _: frontend)
    if style is not None:
        file, _, of = str(style).partition(":")
        rows = kokoro.read_style(Path(file), of or None)
        return _kokoro(path.stem, path, rows, "not told: see where the file comes from")
    beside = path.with_name(path.name + ".json")
    if beside.is_file():
        return _piper(path.stem, path, speaker)
    raise ArgumentError(
        f"{path} has no JSON of Piper's beside it ({beside.name}): give style= for a Kokoro export "
        "(on a command line FILE.onnx?style=STYLES), or in Python frontend= that says how a text "
        "becomes its inputs and its outputs a waveform"
    )


def _piper(name: str, path: Path, speaker: int | None) -> OnnxVoice:
    def front(network: OnnxNetwork) -> Frontend:
        return piper.piper_frontend(path, _durations(path, network), speaker)

    return OnnxVoice.load(name, path, front)


def _kokoro(name: str, path: Path, rows: np.ndarray, licence: str) -> OnnxVoice:
    def front(network: OnnxNetwork) -> Frontend:
        f0 = summed_f0(network.graph)
        return kokoro.KokoroFrontend(rows, licence, _durations(path, network), f0)

    return OnnxVoice.load(name, path, front)


def _durations(path: Path, network: OnnxNetwork) -> str:
    """The one value of a graph that is rounded to frames."""
    if len(network.counts) != 1:
        raise OnnxError(
            f"{path} rounds {len(network.counts)} values to whole numbers, expected one, the "
            "durations"
        )
    return network.counts[0]
