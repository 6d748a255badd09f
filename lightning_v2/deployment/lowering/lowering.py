"""The voice as a sequence of device operations with ttnn's names, written once.

The same lowering runs on `lightning_v2.tensix`, which emulates the chip, and on anything else that
has ttnn's operations under the same names. The network gives the weights; of its code only the
modules marked `on_host` run, in float32. Every operation of the device runs at a site, under the
precision that the plan has for it; the names are those that `tensix.trace` finds in the network.

    host      text, ends of phones          F0, phase, excitations             overlap-add
    device             encode ------------- pitch ------------- decode, wave
              phones ->  |    <- durations    |   <- log F0          -> frames

Hidden vectors and the envelope stay on the device. Sentences are padded to buckets, alone or
several at a time. Padding never reaches a result: it is masked where the voice looks at neighbours
(convolutions, attention), so that the bits do not depend on the bucket of frames. On the bucket of
phones they do: sums over keys are cut into blocks. The emulator therefore pads phones, too.

Where host and device meet, tensors are packed by the host (`from_torch`), in the format that the
first operation asks for. That is what really happens there; the interception of `tensix.intercept`
knows no such places and casts as the device does, which differs in ties and in block floats. Rows
of the phone embedding lie in bfloat16, or in float32 where that is what their consumer takes.

Letters: B sentences, P phones, T frames, N = T * 256 samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_v2.deployment.lowering.acoustic import LoweredAcoustics
from lightning_v2.deployment.lowering.buckets import EXACT_LENGTHS, Buckets, Piece
from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.pieces import Members, by_pieces, cropping, cut, keys, mask
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.deployment.lowering.stage import Upload
from lightning_v2.deployment.lowering.vocoder import LoweredVocoder
from lightning_v2.errors import ArgumentError
from lightning_v2.model.config import HOP, SAMPLE_RATE
from lightning_v2.model.network import Frames, Network
from lightning_v2.model.source import accumulate_phase, excitations

Outputs = tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]


@dataclass(frozen=True)
class Encoded:
    """Sentences after the encoder.

    Attributes:
        hidden: of all, on the device.
        ends: (1, P) of each.
        phone: (1, T) of each, the phone of every frame, counted through the batch.
        position: (1, T, 32) of each.
    """

    hidden: DeviceTensor
    ends: list[Tensor]
    phone: list[Tensor]
    position: list[Tensor]


class Lowering:
    """`Network` on the device: `acoustics` and `wave` with the same arguments and results.

    Attributes:
        runner: tells which sites ran, and what was left to the host.
        buckets: the shapes that the device sees.
    """

    def __init__(self, network: Network, runner: Runner, buckets: Buckets = EXACT_LENGTHS):
        """network: of the weights."""
        self.runner, self.buckets = runner, buckets
        self._acoustics = LoweredAcoustics(network, runner)
        self._vocoder = LoweredVocoder(network, runner)
        self._network = network

    def acoustics(
        self,
        phones: Tensor,
        features: Tensor,
        ends: Tensor | None = None,
        f0: Tensor | None = None,
    ) -> Frames:
        """Phones to frames. All predicted, unless ends and F0 are given (teacher-forced).

        Args:
            phones: int64 (1, P).
            features: (1, P, 32).
            ends: (1, P) frames.
            f0: (1, T) Hz, 0 where unvoiced; only together with ends.

        Raises:
            ArgumentError: more than one sentence. TooLongError: more phones than a bucket holds.
        """
        _check_batch("phones", phones)
        encoded = self.encode([phones], [features], [ends], [f0])
        if f0 is None:
            (f0,) = self.pitch(encoded)
        pitched, pitch = self._columns(encoded.position[0], f0)

        def decode(members: Members, piece: Piece, view: View) -> tuple[Tensor, ...]:
            def compute(**operands: DeviceTensor) -> Outputs:
                return (), (self._acoustics.decode(view=view, **operands),)

            uploads = self._frame_uploads(encoded, [pitched], "decoder.input", members, piece)
            return self.runner.stage("decode", compute, uploads, hidden=encoded.hidden)[1]

        ((envelope,),) = by_pieces(self.buckets, [f0.shape[1]], decode)
        return Frames(encoded.ends[0], f0, envelope, pitch)

    def wave(self, frames: Frames, noise: Tensor) -> Tensor:
        """Frames and white noise of unit variance (1, N) to a waveform (1, N).

        Raises:
            ArgumentError: more than one sentence.
        """
        _check_batch("frames.f0", frames.f0)
        excited, counts = self._excitations(frames.f0, noise), [frames.f0.shape[1]]
        # Values as the decoder wrote them: nothing is lost on the way.
        written = self.runner.precision("decoder.output").output

        def wave(members: Members, piece: Piece, view: View) -> tuple[Tensor, ...]:
            def compute(**operands: DeviceTensor) -> Outputs:
                return (), (self._vocoder.wave(view=view, **operands),)

            uploads = {
                "envelope": Upload(cut([frames.envelope], members, piece), written),
                **self._wave_uploads([frames.pitch], [excited], members, piece),
                "mask": mask(counts, members, piece),
            }
            return self.runner.stage("wave", compute, uploads)[1]

        ((windows,),) = by_pieces(self.buckets, counts, wave)
        return self._overlap_add(windows)

    def speak(
        self,
        phones: Sequence[Tensor],
        features: Sequence[Tensor],
        ends: Sequence[Tensor | None],
        f0: Sequence[Tensor | None],
        noise: Sequence[Callable[[int], Tensor]],
    ) -> list[tuple[Frames, Tensor]]:
        """Frames and waveform (1, N) of sentences, at once, without a stop between the two.

        Arguments are those of `acoustics`, one of each for a sentence. noise: frames -> (1, N).

        Raises:
            TooLongError: one has more phones than the largest bucket holds.
        """
        return self.speak_encoded(self.encode(phones, features, ends, f0), f0, noise)

    def speak_encoded(
        self,
        encoded: Encoded,
        f0: Sequence[Tensor | None],
        noise: Sequence[Callable[[int], Tensor]],
    ) -> list[tuple[Frames, Tensor]]:
        """`speak` from the encoder on."""
        if any(given is None for given in f0):
            pairs = zip(f0, self.pitch(encoded), strict=True)
            f0 = [predicted if given is None else given for given, predicted in pairs]
        columns = [self._columns(*pair) for pair in zip(encoded.position, f0, strict=True)]
        pitched, pitch = map(list, zip(*columns, strict=True))
        counts = [x.shape[1] for x in f0]
        excited = [
            self._excitations(x, draw(count))
            for x, draw, count in zip(f0, noise, counts, strict=True)
        ]

        def speech(members: Members, piece: Piece, view: View) -> tuple[Tensor, ...]:
            def compute(**operands: DeviceTensor) -> Outputs:
                return (), self._speech(view, **operands)

            uploads = self._frame_uploads(encoded, pitched, "decoder.input", members, piece)
            uploads |= self._wave_uploads(pitch, excited, members, piece)
            return self.runner.stage("speech", compute, uploads, hidden=encoded.hidden)[1]

        return [
            (Frames(encoded.ends[i], f0[i], envelope, pitch[i]), self._overlap_add(windows))
            for i, (envelope, windows) in enumerate(by_pieces(self.buckets, counts, speech))
        ]

    def _speech(
        self,
        view: View,
        hidden: DeviceTensor,
        indices: DeviceTensor,
        position: DeviceTensor,
        mask: DeviceTensor | None = None,
        **rest: DeviceTensor,
    ) -> tuple[DeviceTensor, DeviceTensor]:
        envelope = self._acoustics.decode(hidden, indices, position, view, mask)
        return envelope, self._vocoder.wave(envelope, view=view, mask=mask, **rest)

    def encode(
        self,
        phones: Sequence[Tensor],
        features: Sequence[Tensor],
        ends: Sequence[Tensor | None],
        f0: Sequence[Tensor | None],
    ) -> Encoded:
        """Sentences that fit one bucket of phones through the encoder, and where their phones end.

        Raises:
            TooLongError: one has more phones than the largest bucket holds.
        """
        run, host, network = self.runner, self.runner.on_host, self._network
        counts = [x.shape[1] for x in phones]
        size = self.buckets.for_phones(max(counts))
        every, whole = range(len(counts)), Piece(0, size, 0, size)
        valid = mask(counts, every, whole)
        uploads = {
            "phones": Upload(cut(phones, every, whole), "uint32"),
            "features": run.upload(cut(features, every, whole), "encoder.features"),
            "mask": valid,
            "keys": keys(valid),
        }
        timed = any(given is None for given in ends)

        def encode(**operands: DeviceTensor) -> Outputs:
            return self._acoustics.encode(view=cropping(counts[0]), timed=timed, **operands)

        name = "encode" if timed else "encode untimed"
        (hidden,), durations = run.stage(name, encode, uploads)
        all_ends = [
            host("ends", network.ends, durations[0][i : i + 1, : counts[i], 0])
            if given is None
            else given
            for i, given in enumerate(ends)
        ]
        return self.regulate(hidden, all_ends, f0)

    def regulate(
        self, hidden: DeviceTensor, ends: Sequence[Tensor], f0: Sequence[Tensor | None]
    ) -> Encoded:
        """Hidden vectors (B, P, C) on the device, and where the frames of each sentence lie.

        ends: (1, P) frames. f0: (1, T) of what is as long as it is, or None.
        """
        host, network, size = self.runner.on_host, self._network, hidden.shape[1]
        phone, position = [], []
        for i, (given, pitch) in enumerate(zip(ends, f0, strict=True)):
            last = int(given[:, -1].max().item()) + 1
            frames = torch.arange(last if pitch is None else pitch.shape[1])
            index, place = host("regulator", network.regulator.places, given, frames)
            phone.append(index + i * size)
            position.append(place)
        return Encoded(hidden, list(ends), phone, position)

    def pitch(self, encoded: Encoded) -> list[Tensor]:
        """F0 of each sentence, (1, T) Hz, 0 where unvoiced."""

        def pitch(members: Members, piece: Piece, view: View) -> tuple[Tensor, ...]:
            def compute(**operands: DeviceTensor) -> Outputs:
                return (), (self._acoustics.pitch(view=view, **operands),)

            uploads = self._frame_uploads(encoded, encoded.position, "pitch.input", members, piece)
            return self.runner.stage("pitch", compute, uploads, hidden=encoded.hidden)[1]

        counts = [phone.shape[1] for phone in encoded.phone]
        return [
            self.runner.on_host("hertz", self._network.hertz, *hertz_columns.unbind(-1))
            for (hertz_columns,) in by_pieces(self.buckets, counts, pitch)
        ]

    def _columns(self, position: Tensor, f0: Tensor) -> tuple[Tensor, Tensor]:
        """Pitch as columns for the decoder and for the vocoder, (1, T, 32) each."""
        return self.runner.on_host("pitch_columns", self._network.pitch_columns, position, f0)

    def _excitations(self, f0: Tensor, noise: Tensor) -> Tensor:
        """(1, T) Hz, (1, N) noise -> framed excitations (1, 2, T, 512); the phase is a site."""
        run, framing = self.runner, self._network.vocoder.framing
        cycles = run.phase("source.phase", accumulate_phase, f0, HOP, SAMPLE_RATE)
        pair = run.on_host("source", excitations, cycles, f0, noise)
        return torch.stack([run.on_host("vocoder.framing", framing, x) for x in pair], 1)

    def _overlap_add(self, windows: Tensor) -> Tensor:
        """Filtered frames (1, T, fft) -> waveform (1, N)."""
        return self.runner.on_host(
            "vocoder.overlap_add", self._network.vocoder.overlap_add, windows
        )

    def _frame_uploads(
        self,
        encoded: Encoded,
        columns: list[Tensor],
        site: str,
        members: Members,
        piece: Piece,
    ) -> dict[str, Upload]:
        """What the host sends for frames of a piece; columns: position of each sentence."""
        counts = [phone.shape[1] for phone in encoded.phone]
        return {
            "indices": Upload(cut(encoded.phone, members, piece), "uint32"),
            "position": self.runner.upload(cut(columns, members, piece), site),
            "mask": mask(counts, members, piece),
        }

    def _wave_uploads(
        self, pitch: list[Tensor], excited: list[Tensor], members: Members, piece: Piece
    ) -> dict[str, Upload]:
        frames = cut([x.transpose(1, 2) for x in excited], members, piece).transpose(1, 2)
        neighbours = self._vocoder.neighbours(len(members), piece.size)
        return {
            "pitch": self.runner.upload(cut(pitch, members, piece), "vocoder.input"),
            "excitations": self.runner.upload(frames, "vocoder.analysis"),
            "neighbours": Upload(neighbours, "uint32"),
        }


def _check_batch(name: str, x: Tensor) -> None:
    if x.shape[0] != 1:
        raise ArgumentError(f"{name} holds {x.shape[0]} sentences; legal is 1 at a time")
