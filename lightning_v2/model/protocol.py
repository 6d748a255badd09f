"""What everything else here needs of a voice, whatever its architecture.

Another architecture is a package of its own with a class like this and an entry point that
`formats` finds (docs/adding.md, "A voice architecture"). What it says is emulated by interception
(`tensix.intercept`), site by site, unless `deployment.lowering` has its network written out as
device operations.
"""

from typing import Literal, Protocol, runtime_checkable

from torch import nn

from lightning_v2.model.speech import Speech

Given = Literal["durations", "f0"]


@runtime_checkable
class Voice(Protocol):
    """A trained network with its text front end.

    What comes after `synthesize` may be empty: a voice that has none of it is compared, emulated
    and searched all the same, and what would need it is left out, with a reason. One that does not
    speak any text has an attribute `sentences`, see `only_sentences`.

    Attributes:
        name: of the voice.
        model: the network, in evaluation mode. All that the voice computes runs in it: the names
            of its modules are those of the sites, its parameters and buffers are their constants.
        digest: SHA-256 of its weights; voices with one digest say the same.
        sample_rate: Hz.
        takes: what of a forced speech may be changed, and is spoken with: "durations", "f0".
        prosody_sites: globs of the sites that decide durations and F0 and nothing else.
    """

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> nn.Module: ...

    @property
    def digest(self) -> str: ...

    @property
    def sample_rate(self) -> int: ...

    def phonemize(self, text: str) -> tuple[str, ...]:
        """What `Speech.phonemes` of a text will be, without speaking it.

        Raises:
            TextError: there is nothing to say, the text holds control characters, or it is longer
                than this voice can speak.
        """
        ...

    def synthesize(
        self, text: str | list[str], *, seed: int = 0, forced: Speech | None = None
    ) -> Speech | list[Speech]:
        """Speak a text, or each text of a list.

        The same text, seed and weights give the same bits. The speech names the plan and the tier
        of `executors.executor_of(self.model)`.

        Args:
            text: of any language that the voice speaks.
            seed: of all noise.
            forced: another speech of the same text by this voice. What it decided about time is
                decided again (teacher-forced), so that sample n belongs to sample n: its durations,
                F0 and `decisions`, as far as it has them.

        Raises:
            TextError: see `phonemize`.
            ArgumentError: if `forced` is speech of another text.
        """
        ...

    @property
    def takes(self) -> frozenset[Given]: ...

    @property
    def prosody_sites(self) -> tuple[str, ...]: ...


def language_of(voice: Voice, text: str) -> str:
    """The language that a voice reads a text in, ISO 639-1; English where it does not tell."""
    tell = getattr(voice, "language_of", None)
    return "en" if tell is None else tell(text)


def only_sentences(voice: Voice) -> tuple[str, ...] | None:
    """The texts that a voice speaks, if there are no others; None if it speaks any."""
    return getattr(voice, "sentences", None)
