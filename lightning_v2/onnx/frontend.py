"""What a voice has besides its graph: text to inputs, outputs to a waveform, and a rate."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Line:
    """One sentence for a graph. P phones.

    Attributes:
        inputs: name of an input of the graph -> value.
        phonemes: the P phones, pauses and blanks included.
    """

    inputs: Mapping[str, np.ndarray]
    phonemes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Frontend:
    """The part of a voice that is no network. Subclasses say what `lines` and `waveform` do.

    Where `waveform` is a torch module it becomes a part of the network, and what it computes are
    sites of it.

    Attributes:
        sample_rate: Hz.
        licence: of the weights, in a few words.
        hop: samples of one frame of `f0`.
        durations: value in the graph that holds how long each phone lasts, P numbers; None: it is
            not known.
        frames_each: frames that 1 in `durations` stands for.
        f0: value in the graph that holds F0 in Hz, (1, T); None: there is none.
        lowest_f0: Hz; less is unvoiced.
        inner: what a pupil of this voice learns from besides its outputs -> value in the graph: see
            `training.distillation.lessons`.
    """

    sample_rate: int
    licence: str = "not told"
    hop: int = 1
    durations: str | None = field(default=None, kw_only=True)
    frames_each: int = field(default=1, kw_only=True)
    f0: str | None = field(default=None, kw_only=True)
    lowest_f0: float = field(default=0.0, kw_only=True)
    inner: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def key(self) -> str:
        """What of it decides how a text sounds, besides the graph: a speaker, a style."""
        return ""

    def language_of(self, text: str) -> str:
        """The language that a text is read in, ISO 639-1."""
        return "en"

    def lines(self, text: str) -> list[Line]:
        """The sentences of a text.

        Raises:
            TextError: there is nothing to say, or it is too long.
        """
        raise NotImplementedError

    def waveform(self, outputs: Mapping[str, Tensor], noise: np.random.Generator) -> Tensor:
        """The sound of one sentence, (N,), from what the graph returned."""
        raise NotImplementedError
