"""The natural voice as a sequence of device operations with ttnn's names, written once.

The same lowering runs on `lightning_v2.tensix`, which emulates the chip, and on anything else that
has ttnn's operations under the same names. The network gives the weights; of its code only the
modules marked `on_host` run, in float32. Every operation of the device runs at a site, under the
precision that the plan has for it; the names are those that `tensix.trace` finds in the network.

    host      text, steps of phones         F0, energy             phase, pulses    overlap-add
    device             encode ---------------- prosody -------------- decode, wave
              phones ->  |       <- durations    |   <- pitch, energy          -> folded frames

Hidden vectors stay on the device. Sentences are padded to buckets, alone or several at a time.
Padding never reaches a result: it is masked where the voice looks at neighbours (convolutions,
attention), so that the bits do not depend on the bucket of frames. On the bucket of phones they do:
sums over keys are cut into blocks. The emulator therefore pads phones, too.

Where host and device meet, tensors are packed by the host (`from_torch`), in the format that the
first operation asks for. That is what really happens there; the interception of `tensix.intercept`
knows no such places and casts as the device does, which differs in ties and in block floats. Rows
of the phone embeddings lie in bfloat16, or in float32 where that is what their consumer takes.

Letters: B sentences, P phones, S steps, T = 2 S frames, N = 300 T samples, K bins.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lightning_v2.deployment.lowering.buckets import EXACT_LENGTHS, Buckets, Piece
from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.natural.acoustic import LoweredNaturalAcoustics
from lightning_v2.deployment.lowering.natural.vocoder import LoweredNaturalVocoder
from lightning_v2.deployment.lowering.pieces import Members, by_pieces, cropping, cut, keys, mask
from lightning_v2.deployment.lowering.runner import Runner, moved
from lightning_v2.deployment.lowering.stage import Upload
from lightning_v2.deployment.lowering.taps import neighbours
from lightning_v2.deployment.lowering.views import unturned
from lightning_v2.model.natural.config import HOP, SAMPLE_RATE, STEP
from lightning_v2.model.natural.network import NaturalFrames, NaturalNetwork
from lightning_v2.model.natural.source import LOWEST_F0, accumulate_phase, pulse_train
from lightning_v2.model.natural.voice import Spoken
from lightning_v2.tile import TILE

OVERLAP_STEPS = 64
"""Steps of context at an inner edge of a piece: two tiles, above the 54 that what predicts pitch
reaches."""

Outputs = tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]


@dataclass(frozen=True)
class Encoded:
    """Sentences after the encoder.

    Attributes:
        phones: P of all, padding and all.
        hidden: table of their vectors on the device, (R, C), for what predicts.
        text: the same for the decoder.
        durations: (1, P) steps of each.
    """

    phones: int
    hidden: DeviceTensor
    text: DeviceTensor
    durations: list[Tensor]


class NaturalLowering:
    """`NaturalNetwork` on the device: `acoustics` and `wave` with its arguments and results.

    Attributes:
        runner: tells which sites ran, and what was left to the host.
        buckets: the shapes that the device sees.
    """

    def __init__(self, network: NaturalNetwork, runner: Runner, buckets: Buckets = EXACT_LENGTHS):
        """network: of the weights."""
        self.runner, self.buckets = runner, buckets
        self._acoustics = LoweredNaturalAcoustics(network, runner)
        self._vocoder = LoweredNaturalVocoder(network, runner)
        self._network = network

    def acoustics(
        self, phones: Tensor, durations: Tensor | None = None, f0: Tensor | None = None
    ) -> NaturalFrames:
        """Phones to frames; see `NaturalNetwork.acoustics`.

        Raises:
            TooLongError: more phones than a bucket holds.
        """
        encoded = self.encode([phones], [durations])
        (pitch,), (columns,) = self.prosody(encoded, [f0])

        def decode(members: Members, piece: Piece, view: View) -> tuple[Tensor, ...]:
            def compute(**operands: DeviceTensor) -> Outputs:
                return (), (self._acoustics.decode(view=view, **operands),)

            uploads = self._frame_uploads(encoded, [columns], members, piece)
            name = _named("decode", members, encoded.phones, piece.size)
            return self.runner.stage(name, compute, uploads, text=encoded.text)[1]

        ((channels,),) = by_pieces(self.buckets, [pitch.shape[1]], decode)
        return NaturalFrames(encoded.durations[0], pitch, channels)

    def wave(self, frames: NaturalFrames, noise: Tensor) -> Tensor:
        """Frames and white noise (1, T, 2, K) of unit variance to a waveform (1, N)."""
        pulses = self._pulses(frames.f0)
        # Values as the decoder wrote them: nothing is lost on the way.
        written = self.runner.precision("decoder.norm").output

        def wave(members: Members, piece: Piece, view: View) -> tuple[Tensor, ...]:
            def compute(**operands: DeviceTensor) -> Outputs:
                return (), self._wave(view, **operands)

            uploads = {
                "channels": Upload(cut([frames.channels], members, piece), written),
                **self._wave_uploads([pulses], [noise], members, piece),
            }
            return _unturned(self.runner.stage("wave", compute, uploads)[1], members)

        (sums,) = by_pieces(self.buckets, [frames.f0.shape[1]], wave)
        return self._overlap_add(*sums)

    def speak(
        self,
        phones: Sequence[Tensor],
        durations: Sequence[Tensor | None],
        f0: Sequence[Tensor | None],
        noise: Sequence[Callable[[int], Tensor]],
    ) -> list[Spoken]:
        """Sentences at once, without a stop between frames and waveform.

        Arguments are those of `acoustics`, one of each for a sentence.

        noise: frames -> (1, T, 2, K).

        Raises:
            TooLongError: one has more phones than the largest bucket holds.
        """
        return self.speak_encoded(self.encode(phones, durations), f0, noise)

    def speak_encoded(
        self,
        encoded: Encoded,
        f0: Sequence[Tensor | None],
        noise: Sequence[Callable[[int], Tensor]],
    ) -> list[Spoken]:
        """`speak` from the encoder on."""
        pitch, columns = self.prosody(encoded, f0)
        counts = [x.shape[1] for x in pitch]
        pulses = [self._pulses(x) for x in pitch]
        drawn = [draw(count) for draw, count in zip(noise, counts, strict=True)]

        def speech(members: Members, piece: Piece, view: View) -> tuple[Tensor, ...]:
            def compute(**operands: DeviceTensor) -> Outputs:
                names = ("text", "neighbours", "columns", "mask")
                framed = {name: operands.pop(name) for name in names if name in operands}
                channels = self._acoustics.decode(view=view, **framed)
                return (), self._wave(view, channels, **operands)

            uploads = self._frame_uploads(encoded, columns, members, piece)
            uploads |= self._wave_uploads(pulses, drawn, members, piece)
            name = _named("speech", members, encoded.phones, piece.size)
            fetched = self.runner.stage(name, compute, uploads, text=encoded.text)[1]
            return _unturned(fetched, members)

        return [
            (encoded.durations[i], pitch[i], self._overlap_add(*sums))
            for i, sums in enumerate(by_pieces(self.buckets, counts, speech))
        ]

    def encode(self, phones: Sequence[Tensor], durations: Sequence[Tensor | None]) -> Encoded:
        """Sentences that fit one bucket of phones through the encoder.

        Raises:
            TooLongError: one has more phones than the largest bucket holds.
        """
        counts = [x.shape[1] for x in phones]
        size = self.buckets.for_phones(max(counts))
        every, whole = range(len(counts)), Piece(0, size, 0, size)
        valid = mask(counts, every, whole)
        uploads = {
            "phones": Upload(cut([x + 1 for x in phones], every, whole), "uint32"),
            "mask": valid,
            "keys": keys(valid),
        }
        timed = any(given is None for given in durations)
        if timed:
            kernel, beyond = self._network.duration.input.kernel, len(counts) * size
            rows = [torch.arange(count)[None] + i * size for i, count in enumerate(counts)]
            around = cut([neighbours(x, kernel, beyond) for x in rows], every, whole)
            uploads["neighbours"] = Upload(around.flatten(1), "uint32")

        def encode(**operands: DeviceTensor) -> Outputs:
            return self._acoustics.encode(view=cropping(counts[0]), **operands)

        name = _named("encode" if timed else "encode untimed", every, size)
        (hidden, text), logs = self.runner.stage(name, encode, uploads)
        steps = [
            self.runner.on_host("steps", self._network.steps, logs[0][i : i + 1, : counts[i], 0])
            if given is None
            else given
            for i, given in enumerate(durations)
        ]
        return Encoded(size, hidden, text, steps)

    def prosody(
        self, encoded: Encoded, f0: Sequence[Tensor | None]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """F0 (1, T) in Hz of each sentence, and its columns (1, T, 32) for the decoder."""
        host, network = self.runner.on_host, self._network
        phones = self._repeated(encoded, 1)
        counts = [x.shape[1] for x in phones]

        def prosody(members: Members, piece: Piece, view: View) -> tuple[Tensor, ...]:
            def compute(**operands: DeviceTensor) -> Outputs:
                return (), self._acoustics.prosody(view=view, **operands)

            uploads = {"indices": Upload(cut(phones, members, piece), "uint32")}
            uploads["mask"] = mask(counts, members, piece)
            name = _named("prosody", members, encoded.phones, STEP * piece.size)
            return self.runner.stage(name, compute, uploads, hidden=encoded.hidden)[1]

        pitches, columns = [], []
        spoken = by_pieces(_of_steps(self.buckets), counts, prosody)
        for given, (pitch, energy) in zip(f0, spoken, strict=True):
            hertz = host("hertz", network.hertz, pitch.flatten(1)) if given is None else given
            pitches.append(hertz)
            made = host("pitch_columns", network.pitch_columns, hertz, energy.flatten(1))
            columns.append(self._acoustics.columns(made))
        return pitches, columns

    def _repeated(self, encoded: Encoded, times: int) -> list[Tensor]:
        """(1, S * times) of each, the phone of every step or frame, counted through the batch."""
        batch, size = len(encoded.durations), encoded.phones
        rows = torch.arange(batch * size).view(batch, 1, size, 1)
        return [
            self.runner.on_host(
                "repeat", self._network.repeat, rows[i, :, : steps.shape[1]], steps, times
            )[..., 0]
            for i, steps in enumerate(encoded.durations)
        ]

    def _wave(
        self, view: View, channels: DeviceTensor, **operands: DeviceTensor
    ) -> tuple[DeviceTensor, DeviceTensor]:
        real, imaginary = operands.pop("real"), operands.pop("imaginary")
        return self._vocoder.wave(channels, **operands, noise=(real, imaginary), view=view)

    def _frame_uploads(
        self, encoded: Encoded, columns: list[Tensor], members: Members, piece: Piece
    ) -> dict[str, Upload]:
        """What the host sends for frames of a piece; columns: (1, T, 32) of each sentence."""
        phones, kernel = self._repeated(encoded, STEP), self._network.decoder.input.kernel
        beyond = len(encoded.durations) * encoded.phones
        around = cut([neighbours(x, kernel, beyond) for x in phones], members, piece)
        dtype = moved(self.runner.precision("decoder.input").activations)
        return {
            "neighbours": Upload(around.flatten(1), "uint32"),
            "columns": Upload(cut(columns, members, piece), dtype),
            "mask": mask([x.shape[1] for x in phones], members, piece),
        }

    def _wave_uploads(
        self,
        pulses: list[tuple[Tensor, Tensor]],
        noise: list[Tensor],
        members: Members,
        piece: Piece,
    ) -> dict[str, Upload]:
        even, odd = map(list, zip(*pulses, strict=True))
        rows = {
            "even": (even, "vocoder.cosines"),
            "odd": (odd, "vocoder.sines"),
            "real": ([x[:, :, 0] for x in noise], "vocoder.spectrum.mul_2"),
            "imaginary": ([x[:, :, 1] for x in noise], "vocoder.spectrum.mul_5"),
        }
        return {
            name: self.runner.upload(cut(values, members, piece), site)
            for name, (values, site) in rows.items()
        }

    def _pulses(self, f0: Tensor) -> tuple[Tensor, Tensor]:
        """(1, T) Hz -> folded pulses (1, T, K), even and odd; the phase is a site."""
        run = self.runner
        cycles = run.phase("source.phase", accumulate_phase, f0, HOP, SAMPLE_RATE, LOWEST_F0)
        pulses = run.on_host("source", pulse_train, cycles, f0)
        return run.on_host("vocoder.folding", self._network.vocoder.folding, pulses)

    def _overlap_add(self, even: Tensor, odd: Tensor) -> Tensor:
        """Cosine and sine sums (1, T, K) -> waveform (1, N)."""
        unfold = self._network.vocoder.overlap_add
        return self.runner.on_host("vocoder.overlap_add", unfold, even, odd)


def _named(stage: str, members: Members, phones: int, frames: int = 0) -> str:
    """A stage and its static shape in words, as "speech, frames 256, phones 64, batch 2"."""
    parts = [stage, *([f"frames {frames}"] if frames else []), f"phones {phones}"]
    return ", ".join([*parts, *([f"batch {len(members)}"] if len(members) > 1 else [])])


def _unturned(sums: tuple[Tensor, ...], members: Members) -> tuple[Tensor, ...]:
    """(K, B * T) each -> (B, T, K), on the host."""
    return tuple(unturned(x, len(members)) for x in sums)


def _of_steps(buckets: Buckets) -> Buckets:
    """The lengths in steps of buckets that are given in frames."""
    sizes = {-(-frames // (STEP * TILE)) * TILE for frames in buckets.frames}
    if sizes and max(sizes) <= 2 * OVERLAP_STEPS:
        sizes.add(2 * OVERLAP_STEPS + TILE)
    return replace(buckets, frames=tuple(sorted(sizes)), overlap=OVERLAP_STEPS)
