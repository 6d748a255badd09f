"""hibari: American English, distilled from Kokoro-82M; the package brings its own front end."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lightning_v2.onnx.frontend import Frontend, Line
from lightning_v2.onnx.frontends.package import package_module
from lightning_v2.onnx.heads import HOP, LOWEST_F0, RATE, PulseNoisePhase
from lightning_v2.text import TextError

PACKAGE = "hibari-tts"


class HibariFrontend(Frontend):
    """Phonemes of the package `hibari-tts`, in the alphabet of misaki and Kokoro."""

    def __init__(self):
        super().__init__(
            RATE,
            "Apache-2.0 (hibari-tts, with a NOTICE)",
            HOP,
            durations="/Clip_output_0",
            frames_each=2,
            f0="f0",
            lowest_f0=LOWEST_F0,
            inner={
                "text": "/norm/LayerNormalization_output_0",
                "log_durations": "/dur/dur.2/Conv_output_0",
                "energy": "/Mul_62_output_0",
                "encoder": "/norm_1/LayerNormalization_output_0",
                "hidden_0": "/dec_in/Conv_output_0",
                **{f"hidden_{i + 1}": f"/dec.{i}/Add_1_output_0" for i in range(8)},
                "prosody_0": "/pro_in/Conv_output_0",
                **{f"prosody_{i + 1}": f"/pro.{i}/Add_1_output_0" for i in range(6)},
                **_sums("text", "", (9, 19)),
                **_sums("encoder", "_1", (29, 39, 49)),
            },
        )

    @cached_property
    def waveform(self) -> PulseNoisePhase:
        return PulseNoisePhase()

    @cached_property
    def _package(self) -> Any:
        return package_module("hibari", PACKAGE).Hibari()

    def lines(self, text: str) -> list[Line]:
        sentences = self._package.phonemize(text)
        if not sentences:
            raise TextError(f"there is nothing to say in {text!r}")
        return [self._line(sentence) for sentence in sentences]

    def _line(self, sentence: str) -> Line:
        vocabulary = self._package.vocab
        phones = tuple(phone for phone in sentence if phone in vocabulary)
        ids = np.array([[0, *[vocabulary[phone] for phone in phones], 0]], np.int64)
        inputs = {"ids": ids, "speed": np.ones(1, np.float32)}
        return Line(inputs, ("_", *phones, "_"))


def _sums(of: str, ending: str, layers: tuple[int, ...]) -> dict[str, str]:
    """What comes out of the two convolutions of an encoder, then out of every second of its
    layers."""
    names = [f"/convs.{i}{ending}/Add_1_output_0" for i in range(2)]
    names += [f"/Add_{layer}_output_0" for layer in layers]
    return {f"{of}_{number}": name for number, name in enumerate(names)}


def hibari_path() -> Path:
    """The file of the voice in the installed package.

    Raises:
        MissingFileError: the package is not installed.
    """
    return Path(package_module("hibari", PACKAGE).__file__).parent / "assets" / "hibari.onnx"
