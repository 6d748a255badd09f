"""A voice on a device, under a plan."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from lightning_v2.deployment.device.fusing import FusingOps
from lightning_v2.deployment.device.programs import ProgramError
from lightning_v2.deployment.device.stages import DeviceStages
from lightning_v2.deployment.device.target import Device
from lightning_v2.deployment.device.ttnn_ops import Choice, TtnnOps
from lightning_v2.deployment.device.weights import Weights
from lightning_v2.deployment.errors import UnsupportedError
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.deployment.lowering.graph.runner import GraphRunner
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.deployment.lowering.voices import has_lowering
from lightning_v2.deployment.observed.graph import Graph
from lightning_v2.deployment.observed.report import Report
from lightning_v2.deployment.speakers import Speaker, speaker_of
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech, Voice
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.tensix.intercept.interception import Observer
from lightning_v2.threads import torch_threads


class Deployment:
    """A voice on a device, whose bits are those of `as_deployed(voice, plan)`.

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
        voice: Voice,
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
        graph = isinstance(voice, OnnxVoice)
        if not graph and not has_lowering(voice.model):
            raise ArgumentError(
                f"voice {voice.name!r} is not written out as device operations: no device can run "
                "it; `emulate` can, by interception"
            )
        self.voice, self.device, self.buckets = voice, device, buckets or Buckets()
        if self.buckets.batch > 1 and observer is not None:
            raise ArgumentError("an observer sees one sentence at a time; batch must be 1")
        if self.buckets.batch > 1 and graph:
            raise ArgumentError("a voice of others speaks one sentence at a time; batch must be 1")
        sites = voice_sites(voice)
        self.plan = for_voice(Plan.of(plan), sites)
        self.plan.check(sites)
        self._ops = TtnnOps(device)
        self.weights = Weights(self._ops, voice, self.plan, cache)
        # An observer sees what each function gives: none may wait.
        ops = FusingOps(self._ops) if observer is None else self._ops
        self._stages = DeviceStages(ops, reported=observer is None)
        kind = GraphRunner if graph else Runner
        self._runner = kind(ops, self.plan.for_site, observer, self.weights, self._stages)
        given = self.buckets, self.plan, device.target
        self._speaker: Speaker = speaker_of(voice, self._runner, *given)

    @property
    def sites(self) -> dict[str, str]:
        """Sites that ran -> op."""
        return self._runner.sites

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
        with torch.inference_mode(), torch_threads(1), self._explained():
            speeches = self._speaker.say(texts, seed, forced)
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
                self._speaker.rehearse(phones, frames)
            yield f"frames {frames}, phones {phones}"

    def close(self) -> None:
        """Forget what was recorded on the device."""
        self._stages.release()

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
