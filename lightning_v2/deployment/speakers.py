"""How a voice of either kind speaks on a device: what it asks of the host, and what it sends."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch

from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.deployment.lowering.graph.runner import GraphRunner
from lightning_v2.deployment.lowering.graph.voice import LoweredVoice
from lightning_v2.deployment.lowering.natural.lowering import NaturalLowering
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.executors import executed_by
from lightning_v2.model import Speech, Voice
from lightning_v2.model.natural.config import BINS, STEP
from lightning_v2.model.natural.voice import NaturalLine, NaturalVoice, Spoken
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.precision import Plan
from lightning_v2.precision.coverage import SENTENCE


class Speaker(Protocol):
    """A voice on one device."""

    def say(self, texts: list[str], seed: int, forced: Speech | None) -> list[Speech]:
        """The speech of each text."""
        ...

    def rehearse(self, phones: int, frames: int) -> None:
        """Run all parts once for a sentence that fills two buckets, whatever durations it gets."""
        ...


class NaturalSpeaker:
    """The voice that is trained here: sentences of all texts share batches."""

    def __init__(
        self, voice: NaturalVoice, runner: Runner, buckets: Buckets, plan: Plan, target: str
    ):
        """target: as speech names it."""
        self._voice, self._buckets, self._plan, self._target = voice, buckets, plan.name, target
        self._lowering = NaturalLowering(voice.network(plan.adapted), runner, buckets)

    def say(self, texts: list[str], seed: int, forced: Speech | None) -> list[Speech]:
        """See `Speaker`.

        Raises:
            ArgumentError: `forced` is speech of another text, or of one that has to be cut.
            TooLongError: a single word has more phones than the largest bucket holds.
        """
        scripts = [self._voice.read(one, self._buckets.phones[-1]) for one in texts]
        lines = [self._voice.lines(script, seed, forced) for script in scripts]
        counted = [(line.phones.shape[1], line) for script in lines for line in script]
        spoken = iter(in_batches(self._buckets, counted, self._together))
        return [
            self._voice.speech(
                text, script, [next(spoken) for _ in script], seed, self._plan, self._target
            )
            for text, script in zip(texts, scripts, strict=True)
        ]

    def rehearse(self, phones: int, frames: int) -> None:
        """See `Speaker`."""
        lowering, batch = self._lowering, self._buckets.batch
        steps = torch.full((1, phones), frames // STEP // phones)
        steps[0, : frames // STEP % phones] += 1
        unknown = [None] * batch
        encoded = lowering.encode([torch.zeros(1, phones, dtype=torch.int64)] * batch, unknown)
        timed = replace(encoded, durations=[steps.float()] * batch)
        lowering.speak_encoded(timed, unknown, [_silence] * batch)

    def _together(self, lines: list[NaturalLine]) -> list[Spoken]:
        """Lines of one batch, and after them what fills it up."""
        filler = replace(lines[-1], generator=np.random.default_rng(0))
        full = lines + [filler] * (self._buckets.batch - len(lines))
        return self._lowering.speak(
            [line.phones for line in full],
            [line.durations for line in full],
            [line.f0 for line in full],
            [line.noise for line in full],
        )


def in_batches[L, S](
    buckets: Buckets, lines: Sequence[tuple[int, L]], together: Callable[[list[L]], list[S]]
) -> list[S]:
    """What `together` makes of each line, those of one bucket of phones together: on it depend the
    bits.

    lines: with their numbers of phones.
    """
    waiting: dict[int, list[int]] = {}
    for i, (count, _) in enumerate(lines):
        waiting.setdefault(buckets.for_phones(count), []).append(i)
    spoken: dict[int, S] = {}
    for members in waiting.values():
        for start in range(0, len(members), buckets.batch):
            chosen = members[start : start + buckets.batch]
            spoken.update(zip(chosen, together([lines[i][1] for i in chosen]), strict=False))
    return [spoken[i] for i in range(len(lines))]


class GraphSpeaker:
    """A voice that others trained: one sentence at a time, as long as it is."""

    def __init__(self, voice: OnnxVoice, runner: GraphRunner, plan: str, target: str):
        """plan, target: as speech names them."""
        self._voice, self._plan, self._target = voice, plan, target
        self._lowered = LoweredVoice(voice, runner)

    def say(self, texts: Sequence[str], seed: int, forced: Speech | None) -> list[Speech]:
        """See `Speaker`."""
        with executed_by(self._voice.model, self._lowered, self._plan, self._target):
            return self._voice.synthesize(list(texts), seed=seed, forced=forced)

    def rehearse(self, phones: int, frames: int) -> None:
        """See `Speaker`; where durations are not known, with those that come out."""
        front = self._voice.frontend
        line, pinned = front.lines(SENTENCE)[0], {}
        inputs = {
            name: torch.from_numpy(_stretched(x, len(line.phonemes), phones))
            for name, x in line.inputs.items()
        }
        if front.durations is not None:
            ends = np.round(np.linspace(0, frames // front.frames_each, phones + 1))
            pinned[front.durations] = torch.from_numpy(np.diff(ends).astype(np.float32))
        also = [value for value in (front.durations, front.f0) if value is not None]
        outputs = self._lowered(inputs, pinned=pinned, also=also)
        self._lowered.waveform(outputs, np.random.default_rng(0))


def _stretched(x: np.ndarray, length: int, wanted: int) -> np.ndarray:
    """An input with as many phones as are wanted, from the first one on again and again."""
    for axis, size in enumerate(x.shape):
        if size == length:
            x = np.take(x, np.arange(wanted) % length, axis)
    return x


def _silence(frames: int) -> torch.Tensor:
    """No noise for so many frames, (1, T, 2, K)."""
    return torch.zeros(1, frames, 2, BINS)


def speaker_of(voice: Voice, runner: Runner, buckets: Buckets, plan: Plan, target: str) -> Speaker:
    """How a voice speaks that has a lowering, or whose graph has one."""
    if isinstance(voice, OnnxVoice):
        return GraphSpeaker(voice, runner, plan.name, target)
    return NaturalSpeaker(voice, runner, buckets, plan, target)
