"""Texts, said by the teacher: the voice as it is, in float32. Letters: N samples."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lightning_v2 import tensix
from lightning_v2.adaptation.survey import Survey
from lightning_v2.adaptation.tape import Place, Recorder, Tape
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech, Voice
from lightning_v2.model.protocol import language_of, only_sentences
from lightning_v2.resources import data_path, held_out_texts, sentence_lines
from lightning_v2.tensix.numbers.sites import SiteCall
from lightning_v2.text import TextError

LONGEST = 120
"""Characters of a text of ours that is used: about eight seconds."""

HELD_OUT = 8
"""Texts that are only listened to, at most; of few texts a fifth."""


@dataclass(frozen=True)
class Texts:
    """What is said.

    Attributes:
        training: in the order in which they are said, over and over.
        held_out: that nothing is learned from.
    """

    training: tuple[str, ...]
    held_out: tuple[str, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join((*self.training, "", *self.held_out)).encode()).hexdigest()

    @classmethod
    def of(cls, voice: Voice, path: Path | None, seed: int) -> "Texts":
        """Those of a file, or the usual ones, in an order that the seed decides.

        Sentences that the equivalence test holds out are never among them.

        Raises:
            ArgumentError: there are fewer than two, or none is given in the language of the voice.
            OSError: the file cannot be read.
        """
        own = only_sentences(voice)
        if path is not None:
            texts = [*sentence_lines(path).values()]
        elif own is not None:
            texts = [*own]
        else:
            usual = sentence_lines(data_path("sentences", "training.tsv")).values()
            texts = [text for text in usual if len(text) <= LONGEST]
            if (language := language_of(voice, texts[0])) != "en":
                raise ArgumentError(
                    f"voice {voice.name!r} speaks {language!r}, our sentences are English: give "
                    "some of its language in a file"
                )
        tested = set(held_out_texts().values())
        texts = [text for text in dict.fromkeys(texts) if text not in tested]
        if len(texts) < 2:
            raise ArgumentError(f"{len(texts)} texts to learn from; needed are at least 2")
        random.Random(seed).shuffle(texts)
        count = min(HELD_OUT, max(1, len(texts) // 5))
        return cls(tuple(texts[count:]), tuple(texts[:count]))


@dataclass(frozen=True, eq=False)
class Lesson:
    """One text, as the teacher says it.

    Attributes:
        text: that is said.
        tape: what it computed for that.
        sounds: where the parts of its waveform are among what the calls return, and their samples.
        inner: watched site -> its values, call by call.
    """

    text: str
    tape: Tape
    sounds: tuple[tuple[Place, Tensor], ...]
    inner: dict[str, list[Tensor]]


class Teacher:
    """A voice whose weights stay what they are.

    Attributes:
        voice: on the CPU.
        seed: of its noise.
        device: of the lessons.
        watched: sites whose values are part of a lesson.
    """

    def __init__(self, voice: Voice, seed: int, device: torch.device):
        self.voice, self.seed, self.device = voice, seed, device
        self.watched: frozenset[str] = frozenset()

    def survey(self, texts: Sequence[str]) -> Survey:
        """What of the voice can learn, as the first text that it can say shows."""
        calls: list[SiteCall] = []
        for text in texts:
            try:
                self._said(text, calls.append)
            except TextError:
                continue
            return Survey.of(self.voice.model, calls)
        raise ArgumentError(f"voice {self.voice.name!r} can say none of the {len(texts)} texts")

    def lesson(self, text: str) -> Lesson:
        """A text, said in float32.

        Raises:
            TextError: it cannot be said.
            ArgumentError: what the voice says is not what its modules return.
        """
        inner: dict[str, list[Tensor]] = {}

        def observe(call: SiteCall) -> None:
            if call.site in self.watched and isinstance(call.result, Tensor):
                with torch.inference_mode(False), torch.no_grad():
                    value = call.result.detach().clone().to(self.device)
                inner.setdefault(call.site, []).append(value)

        speech, recorder = self._said(text, observe, inner.clear)
        waveform = torch.from_numpy(speech.waveform)
        places = recorder.sounds(waveform)
        if not places:
            raise ArgumentError(
                f"voice {self.voice.name!r} does something to the sound of its network outside of "
                "every module: what is learned in there would not be what is heard"
            )
        sizes = [place.among(recorder.results).numel() for place in places]
        sounds = (x.to(self.device) for x in waveform.split(sizes))
        tape = recorder.tape.to(self.device)
        return Lesson(text, tape, tuple(zip(places, sounds, strict=True)), inner)

    def lessons(self, texts: Sequence[str]) -> Iterator[Lesson]:
        """Those of the texts that the voice can say."""
        for text in texts:
            try:
                yield self.lesson(text)
            except TextError:
                continue

    def _said(
        self, text: str, observe: Callable[[SiteCall], None], again: Callable = lambda: None
    ) -> tuple[Speech, Recorder]:
        """A speech, and what it took. Where decisions about time are no calls of their own, they
        are made once and then given.

        again: called between the two.
        """
        speech, recorder = self._recorded(text, observe, None)
        if recorder.decides or not (self.voice.takes or speech.decisions):
            return speech, recorder
        again()
        return self._recorded(text, observe, speech)

    def _recorded(
        self, text: str, observe: Callable[[SiteCall], None], forced: Speech | None
    ) -> tuple[Speech, Recorder]:
        model = self.voice.model
        with tensix.intercept(model, lambda site: None, observe), Recorder(model) as recorder:
            return self.voice.synthesize(text, seed=self.seed, forced=forced), recorder
