"""A voice on a device, under a plan."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from lightning_v2.deployment.device.programs import ProgramError
from lightning_v2.deployment.device.stages import DeviceStages
from lightning_v2.deployment.device.target import Device
from lightning_v2.deployment.device.ttnn_ops import Choice, TtnnOps
from lightning_v2.deployment.device.weights import Weights
from lightning_v2.deployment.errors import UnsupportedError
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.deployment.lowering.lowering import Lowering
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.deployment.lowering.single_calls import has_lowering
from lightning_v2.deployment.observed.graph import Graph
from lightning_v2.deployment.observed.report import Report
from lightning_v2.errors import ArgumentError
from lightning_v2.model import SourceFilterVoice, Speech
from lightning_v2.model.config import HOP
from lightning_v2.model.network import Frames
from lightning_v2.model.voice import Line, Script
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.edit import adapted
from lightning_v2.tensix.intercept.interception import Observer
from lightning_v2.threads import torch_threads


class Deployment:
    """A voice on a device, whose bits are those of `emulate(voice, plan, tier="exact")`.

    Every weight and every matrix product, convolution, norm, activation, attention and transform
    runs on the device. The host reads the text, turns durations into indices of frames, sums the
    phase of the source in integers, and adds up overlapping frames.

    Not yet run on silicon.

    Attributes:
        voice, plan, device, buckets: as given.
        weights: constants on the device, and where they came from.
    """

    def __init__(
        self,
        voice: SourceFilterVoice,
        plan: Plan | str | Path,
        device: Device,
        *,
        buckets: Buckets | None = None,
        observer: Observer | None = None,
        cache: Path | None = None,
    ):
        """Nothing is sent before the first sentence; see `prepare`.

        Args:
            voice: from `lightning_v2.load`.
            plan: a plan, or the name or path of one.
            device: from `open_device`.
            buckets: lengths that programs are compiled for, and sentences at once.
            observer: called after every site as that of `emulate`, for one sentence at a time.
            cache: folder of packed weights; the user's cache if not given.

        Raises:
            PlanError: the plan does not parse, or does not fit the voice.
            ArgumentError: an observer of several sentences at once, or a voice without a lowering.
        """
        if not has_lowering(voice.model):
            raise ArgumentError(
                f"voice {voice.name!r} is not written out as device operations: no device can run "
                "it; `emulate` can, by interception"
            )
        self.voice, self.device, self.buckets = voice, device, buckets or Buckets()
        if self.buckets.batch > 1 and observer is not None:
            raise ArgumentError("an observer sees one sentence at a time; batch must be 1")
        sites = voice_sites(voice)
        self.plan = adapted(Plan.of(plan), sites)
        self.plan.check(sites)
        self._ops = TtnnOps(device)
        self.weights = Weights(self._ops, voice, self.plan, cache)
        self._stages = DeviceStages(self._ops, reported=observer is None)
        runner = Runner(self._ops, self.plan.for_site, observer, self.weights, self._stages)
        self._lowering = Lowering(voice.model, runner, self.buckets)

    @property
    def sites(self) -> dict[str, str]:
        """Sites that ran -> op."""
        return self._lowering.runner.sites

    @property
    def report(self) -> Report:
        """What the parts and buckets that ran so far ask of the device."""
        return Report(list(self._stages.reports.values()))

    @property
    def graphs(self) -> list[Graph]:
        """What ttnn captured of each stage of `report`, in the same order."""
        return list(self._stages.graphs.values())

    @property
    def choices(self) -> list[Choice]:
        """The matrix products that ran so far, each with its program and the others."""
        return list(self._ops.choices.values())

    def synthesize(
        self, text: str | Sequence[str], *, seed: int = 0, forced: Speech | None = None
    ) -> Speech | list[Speech]:
        """Speak a text, or each text of a list, as `Voice.synthesize`.

        Sentences of all texts share batches. One with more phones than the largest bucket holds is
        spoken in parts, cut after a phrase or else after a word.

        Raises:
            TextError: there is nothing to say, or a text holds control characters.
            ArgumentError: `forced` is speech of another text, or of one that has to be cut.
            TooLongError: a single word has more phones than the largest bucket holds.
            UnsupportedError: ttnn cannot run the plan on this device.
        """
        texts = [text] if isinstance(text, str) else list(text)
        scripts = [self._fitting(Script.of(one, seed), forced) for one in texts]
        lines = [self.voice.lines(script, forced) for script in scripts]
        with torch.inference_mode(), torch_threads(1), self._explained():
            spoken = iter(self._speak([line for script in lines for line in script]))
            speeches = [
                self.voice.speech(
                    script,
                    [next(spoken) for _ in script.sentences],
                    self.plan.name,
                    self.device.target,
                )
                for script in scripts
            ]
        return speeches[0] if isinstance(text, str) else speeches

    def prepare(self) -> Iterator[str]:
        """Compile the programs of all buckets, smallest first; yields the name of each when done.

        The i-th bucket of frames runs with the i-th of phones: both grow with a sentence. Where
        there are more of one kind, they run with the largest of the other.

        Raises:
            UnsupportedError: ttnn cannot run the plan on this device.
        """
        frames, phones = self.buckets.frames, self.buckets.phones
        count = max(len(frames), len(phones))
        pairs = [
            (frames[min(i, len(frames) - 1)], phones[min(i, len(phones) - 1)]) for i in range(count)
        ]
        for frames, phones in pairs:
            with torch.inference_mode(), torch_threads(1), self._explained():
                self._rehearse(phones, frames)
            yield f"frames {frames}, phones {phones}"

    def close(self) -> None:
        """Forget what was recorded on the device."""
        self._stages.release()

    def _rehearse(self, phones: int, frames: int) -> None:
        """Run all parts once for sentences that fill two buckets, whatever durations they get."""
        lowering, batch = self._lowering, self.buckets.batch
        features = torch.zeros(1, phones, self.voice.config.features)
        ends = torch.linspace(frames / phones, frames, phones)[None] - 0.5
        unknown = [None] * batch
        encoded = lowering.encode(
            [torch.zeros(1, phones, dtype=torch.int64)] * batch,
            [features] * batch,
            unknown,
            unknown,
        )
        encoded = lowering.regulate(encoded.hidden, [ends] * batch, unknown)
        lowering.speak_encoded(encoded, unknown, [_silence] * batch)

    def _fitting(self, script: Script, forced: Speech | None) -> Script:
        largest = self.buckets.phones[-1]
        parts = [part for sentence in script.sentences for part in sentence.split(largest)]
        if forced is not None and len(parts) > len(script.sentences):
            raise ArgumentError(
                f"a sentence of {script.text!r} has more than {largest} phones and is cut, so that "
                "it has other pauses than forced: use larger buckets of phones"
            )
        return replace(script, sentences=tuple(parts))

    def _speak(self, lines: list[Line]) -> list[tuple[Frames, torch.Tensor]]:
        """All lines, those of one bucket of phones together: on it depend the bits."""
        waiting: dict[int, list[int]] = {}
        for i, line in enumerate(lines):
            waiting.setdefault(self.buckets.for_phones(line.phones.shape[1]), []).append(i)
        spoken: dict[int, tuple[Frames, torch.Tensor]] = {}
        for members in waiting.values():
            for start in range(0, len(members), self.buckets.batch):
                chosen = members[start : start + self.buckets.batch]
                spoken.update(zip(chosen, self._together([lines[i] for i in chosen]), strict=False))
        return [spoken[i] for i in range(len(lines))]

    def _together(self, lines: list[Line]) -> list[tuple[Frames, torch.Tensor]]:
        """Lines of one batch, and after them what fills it up."""
        filler = replace(lines[-1], generator=np.random.default_rng(0))
        full = lines + [filler] * (self.buckets.batch - len(lines))
        return self._lowering.speak(
            [line.phones for line in full],
            [line.features for line in full],
            [line.ends for line in full],
            [line.f0 for line in full],
            [line.noise for line in full],
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """ttnn's errors in the words of the plan."""
        try:
            yield
        except (RuntimeError, ProgramError) as error:
            notes = getattr(error, "__notes__", ())
            if not notes and not str(error).startswith("TT_"):
                raise
            # Moves of data belong to no site.
            where = notes[0] if notes else "in a move of data"
            raise UnsupportedError(self.plan.name, self.device.board, where, str(error)) from error


def _silence(frames: int) -> torch.Tensor:
    """No noise for so many frames, (1, N)."""
    return torch.zeros(1, frames * HOP)
