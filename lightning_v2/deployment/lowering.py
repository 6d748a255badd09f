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

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.deployment.buckets import EXACT_LENGTHS, Buckets, Piece
from lightning_v2.deployment.lowering_acoustic import LoweredAcoustics
from lightning_v2.deployment.lowering_vocoder import LoweredVocoder
from lightning_v2.deployment.runner import DeviceTensor, Runner, Upload, View
from lightning_v2.model.network import Frames, Network
from lightning_v2.model.source import excitations

_MASKED = -1e4
"""Added to the score of a key that is padding, as `model.layers.Attention` fills in."""


@dataclass(frozen=True)
class Request:
    """A sentence to speak: phones int64 (1, P), features (1, P, 32); ends (1, P) frames and F0
    (1, T) in Hz if they are given (teacher-forced)."""

    phones: Tensor
    features: Tensor
    ends: Tensor | None = None
    f0: Tensor | None = None


@dataclass(frozen=True)
class Encoded:
    """Sentences after the encoder.

    hidden: of all, on the device. ends: (1, P) of each. phone: (1, T) of each, the phone of every
    frame, counted through the batch. position: (1, T, 32) of each.
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
            ValueError: more than one sentence. TooLongError: more phones than a bucket holds.
        """
        _check_batch("phones", phones)
        encoded = self.encode([Request(phones, features, ends, f0)])
        if f0 is None:
            (f0,) = self.pitch(encoded)
        pitched, pitch = self.columns(encoded.position[0], f0)
        parts = []
        for piece in self.buckets.pieces(f0.shape[1]):
            uploads = self._frame_uploads(encoded, [pitched], "decoder.input", piece)
            view = _crop([f0.shape[1] - piece.start])

            def decode(view: View = view, **operands: DeviceTensor) -> tuple[DeviceTensor]:
                return (self._acoustics.decode(view=view, **operands),)

            (envelope,) = self.runner.stage("decode", decode, uploads, hidden=encoded.hidden)
            parts.append(self.runner.download(envelope)[:, piece.valid])
        return Frames(encoded.ends[0], f0, torch.cat(parts, 1), pitch)

    def wave(self, frames: Frames, noise: Tensor) -> Tensor:
        """Frames and white noise of unit variance (1, N) to a waveform (1, N).

        Raises:
            ValueError: more than one sentence.
        """
        _check_batch("frames.f0", frames.f0)
        planes = self.planes(frames.f0, noise)
        parts = []
        for piece in self.buckets.pieces(frames.f0.shape[1]):
            uploads = self._wave_uploads([frames.pitch], [planes], piece)
            # Values as the decoder wrote them: nothing is lost on the way.
            written = self.runner.precision("decoder.output").output
            uploads["envelope"] = Upload(_cut([frames.envelope], piece), written)
            uploads |= self._mask([frames.f0], piece)
            view = _crop([frames.f0.shape[1] - piece.start])

            def wave(view: View = view, **operands: DeviceTensor) -> tuple[DeviceTensor]:
                return (self._vocoder.wave(view=view, **operands),)

            (windows,) = self.runner.stage("wave", wave, uploads)
            parts.append(self.runner.download(windows)[:, piece.valid])
        return self.overlap_add(torch.cat(parts, 1))

    def encode(self, requests: Sequence[Request]) -> Encoded:
        """Sentences that fit one bucket of phones through the encoder, and where their phones end.

        Raises:
            TooLongError: one has more phones than the largest bucket holds.
        """
        run, host, network = self.runner, self.runner.on_host, self._network
        counts = [request.phones.shape[1] for request in requests]
        size = self.buckets.for_phones(max(counts))
        whole = Piece(0, size, 0, size)
        phones = _cut([request.phones for request in requests], whole)
        features = _cut([request.features for request in requests], whole)
        valid = _cut([torch.ones(1, count, 1) for count in counts], whole)
        uploads = {
            "phones": Upload(phones, "uint32"),
            "features": run.upload(features, "encoder.features"),
            "mask": Upload(valid, "bfloat16"),
            "keys": Upload((1 - valid.view(-1, 1, 1, size)) * _MASKED, "bfloat16"),
        }
        ends = [request.ends for request in requests]
        timed = any(given is None for given in ends)

        def encode(**operands: DeviceTensor) -> tuple[DeviceTensor, ...]:
            return self._acoustics.encode(view=_crop(counts), timed=timed, **operands)

        hidden, *durations = run.stage("encode" if timed else "encode untimed", encode, uploads)
        if timed:
            logs = run.download(*durations)
            ends = [
                host("ends", network.ends, logs[i : i + 1, : counts[i], 0])
                if given is None
                else given
                for i, given in enumerate(ends)
            ]
        phone, position = [], []
        for i, request in enumerate(requests):
            last = int(ends[i][:, -1].max().item()) + 1
            frames = torch.arange(last if request.f0 is None else request.f0.shape[1])
            index, place = host("regulator", network.regulator.places, ends[i], frames)
            phone.append(index + i * size)
            position.append(place)
        return Encoded(hidden, ends, phone, position)

    def pitch(self, encoded: Encoded) -> list[Tensor]:
        """F0 of each sentence, (1, T) Hz, 0 where unvoiced."""
        parts: list[Tensor] = []
        counts = [phone.shape[1] for phone in encoded.phone]
        for piece in self.buckets.pieces(max(counts)):
            uploads = self._frame_uploads(encoded, encoded.position, "pitch.input", piece)
            view = _crop([count - piece.start for count in counts])

            def pitch(view: View = view, **operands: DeviceTensor) -> tuple[DeviceTensor]:
                return (self._acoustics.pitch(view=view, **operands),)

            (found,) = self.runner.stage("pitch", pitch, uploads, hidden=encoded.hidden)
            parts.append(self.runner.download(found)[:, piece.valid])
        found = torch.cat(parts, 1)
        return [
            self.runner.on_host("hertz", self._network.hertz, *found[i : i + 1, :count].unbind(-1))
            for i, count in enumerate(counts)
        ]

    def columns(self, position: Tensor, f0: Tensor) -> tuple[Tensor, Tensor]:
        """Pitch as columns for the decoder and for the vocoder, (1, T, 32) each."""
        return self.runner.on_host("pitch_columns", self._network.pitch_columns, position, f0)

    def planes(self, f0: Tensor, noise: Tensor) -> Tensor:
        """(1, T) Hz, (1, N) noise -> framed excitations (1, 2, T, 512); the phase is a site."""
        run, framing = self.runner, self._network.vocoder.framing
        cycles = run.phase("source.phase", f0)
        pair = run.on_host("source", excitations, cycles, f0, noise)
        return torch.stack([run.on_host("vocoder.framing", framing, x) for x in pair], 1)

    def overlap_add(self, windows: Tensor) -> Tensor:
        """Filtered frames (1, T, fft) -> waveform (1, N)."""
        return self.runner.on_host(
            "vocoder.overlap_add", self._network.vocoder.overlap_add, windows
        )

    def _frame_uploads(
        self, encoded: Encoded, columns: list[Tensor], site: str, piece: Piece
    ) -> dict[str, Upload]:
        """What the host sends for frames of a piece; columns: position of each sentence."""
        return {
            "indices": Upload(_cut(encoded.phone, piece), "uint32"),
            "position": self.runner.upload(_cut(columns, piece), site),
            **self._mask(encoded.phone, piece),
        }

    def _wave_uploads(
        self, pitch: list[Tensor], planes: list[Tensor], piece: Piece
    ) -> dict[str, Upload]:
        run = self.runner
        frames = [x.transpose(1, 2) for x in planes]
        cut = _cut(frames, piece).transpose(1, 2)
        neighbours = self._vocoder.neighbours(len(pitch), piece.size)
        return {
            "pitch": run.upload(_cut(pitch, piece), "vocoder.input"),
            "excitations": run.upload(cut, "vocoder.analysis"),
            "neighbours": Upload(neighbours, "uint32"),
        }

    def _mask(self, rows: list[Tensor], piece: Piece) -> dict[str, Upload]:
        """1 for the frames of sentences with `rows` (1, T, …), 0 for padding, if there may be."""
        if not self.buckets.frames:
            return {}
        ones = [torch.ones(1, x.shape[1], 1) for x in rows]
        return {"mask": Upload(_cut(ones, piece), "bfloat16")}


def _cut(rows: list[Tensor], piece: Piece) -> Tensor:
    """The rows of a piece of each sentence (1, T, …), as one batch (B, size, …) ending in zeros."""
    parts = [x[:, piece.start : piece.start + piece.size] for x in rows]
    padded = [F.pad(x, (*(0, 0) * (x.dim() - 2), 0, piece.size - x.shape[1])) for x in parts]
    return torch.cat(padded)


def _crop(counts: list[int]) -> View:
    """Off with the padding of the only sentence of a batch."""
    return lambda x: x[:, : counts[0]]


def _check_batch(name: str, x: Tensor) -> None:
    if x.shape[0] != 1:
        raise ValueError(f"{name} holds {x.shape[0]} sentences; legal is 1 at a time")
