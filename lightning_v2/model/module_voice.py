"""Any module that returns sound, as a voice."""

import hashlib
import inspect
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.errors import ArgumentError
from lightning_v2.executors import executor_of
from lightning_v2.identity import source_digest
from lightning_v2.model.protocol import Given
from lightning_v2.model.speech import Speech
from lightning_v2.model.stages import Stage, as_module, folded, fresh, inside, waveform
from lightning_v2.noise import drawn_from
from lightning_v2.text import TextError
from lightning_v2.threads import torch_threads


class ModuleVoice:
    """A module of one's own, wherever a voice is taken: compared, checked, searched, explored.

        voice = ModuleVoice(generator, {"Seven silver ships.": mel}, audio=24000)

    It says each text of a table, or any text for which a function makes inputs. It cannot be given
    durations or F0, and tells none: two of its speeches are compared sample by sample where they
    have one length. See `protocol.Voice`.

    Attributes:
        name: for people and files.
        model: a copy of the module as it was when this was made, in evaluation mode; weights that
            are made of others (weight norm and other parametrizations) are made once.
        sample_rate: Hz.
        sentences: the texts of the table; None if it is a function.
    """

    takes: ClassVar[frozenset[Given]] = frozenset()
    prosody_sites: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        module: nn.Module | Mapping[str, Stage] | Sequence[Stage],
        inputs: Mapping[str, object] | Callable[[str], object],
        audio: int,
        name: str = "module",
    ):
        """
        Args:
            module: returns one sound, see `stages.waveform`; a list or dict of modules, and of
                functions between them, is run in a row (`stages.Stages`).
            inputs: text -> what the module is given, as `compare_module` takes it: a table, or a
                function. A recogniser expects the words of the text in the sound.
            audio: Hz.
            name: of the voice.

        Raises:
            ArgumentError: there are no inputs, no stages, the rate is none, or the module cannot be
                copied.
        """
        if audio < 1:
            raise ArgumentError(f"audio is {audio}; legal is a rate in Hz")
        if not callable(inputs) and not inputs:
            raise ArgumentError("no inputs: there is nothing that the module could say")
        self.name, self.sample_rate = name, audio
        self.model = folded(as_module(module))
        self.sentences = None if callable(inputs) else tuple(inputs)
        self._inputs = inputs if callable(inputs) else dict(inputs)
        self._code = self._digest_of_code()

    def __reduce__(self) -> tuple:
        """Made anew in another process, whose code may be another."""
        return type(self), (self.model, self._inputs, self.sample_rate, self.name)

    @property
    def digest(self) -> str:
        """SHA-256 of weights, inputs, and the code of the module as it was when this was made.

        What functions take from around them, such as global variables, does not count.
        """
        found = hashlib.sha256(f"{self._code} {self.sample_rate}".encode())
        for name, x in (*self.model.named_parameters(), *self.model.named_buffers()):
            found.update(f"{name} {_told(x)}".encode())
        for text in self.sentences or ():
            told = [_told(value) for value in inside(self._inputs[text])]
            found.update(repr((text, told)).encode())
        return found.hexdigest()

    def phonemize(self, text: str) -> tuple[str, ...]:
        """No phones are known.

        Raises:
            TextError: the table has no such text.
        """
        if self.sentences is not None and text not in self.sentences:
            known = ", ".join(map(repr, self.sentences[:3]))
            more = f" and {len(self.sentences) - 3} more" if len(self.sentences) > 3 else ""
            raise TextError(f"voice {self.name!r} has no inputs for {text!r}, only {known}{more}")
        return ()

    def synthesize(
        self, text: str | list[str], *, seed: int = 0, forced: Speech | None = None
    ) -> Speech | list[Speech]:
        """What the module returns for the inputs of a text, or of each text of a list.

        Args:
            text: of the table, or any that the function of the inputs takes.
            seed: of what the module draws from the generators of torch, NumPy and Python.
            forced: another speech of the same text; there is nothing to be taken from it.

        Raises:
            TextError: the table has no such text.
            ArgumentError: forward does not take its inputs, or returns no sound; `forced` is speech
                of another text; or the seed is negative.
        """
        if not isinstance(text, str):
            return [self.synthesize(one, seed=seed, forced=forced) for one in text]
        self.phonemize(text)
        if forced is not None and forced.text != text:
            raise ArgumentError(f"forced is speech of another text: {forced.text!r}")
        executor = executor_of(self.model)
        given = self._inputs(text) if callable(self._inputs) else self._inputs[text]
        args, kwargs = fresh(self.model, given)
        with torch.no_grad(), torch_threads(1), drawn_from(seed):
            wave = waveform(self.model(*args, **kwargs))
        return Speech(
            text=text,
            waveform=wave.numpy(),
            phonemes=(),
            seed=seed,
            sample_rate=self.sample_rate,
            hop=1,
            plan=executor.plan,
            tier=executor.tier,
        )

    def _digest_of_code(self) -> str:
        functions = {source_digest(function) for function in self._functions()}
        return hashlib.sha256(repr(sorted(functions)).encode()).hexdigest()

    def _functions(self) -> Iterator[Callable]:
        """What is not PyTorch's of the code that makes inputs and sound."""
        for thing in (*self.model.modules(), *getattr(self.model, "row", ()), self._inputs):
            if inspect.isroutine(thing):
                yield thing
            elif not type(thing).__module__.startswith("torch."):
                yield from filter(inspect.isfunction, vars(type(thing)).values())


def _told(value: object) -> object:
    """A value as something that looks the same in every process."""
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, torch.Generator):
        value = value.get_state()
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(value)
    if not isinstance(value, Tensor):
        return hashlib.sha256(pickle.dumps(value)).hexdigest()
    data = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return str(value.dtype), tuple(value.shape), hashlib.sha256(data).hexdigest()
