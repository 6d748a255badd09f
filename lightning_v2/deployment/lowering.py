"""The voice as a sequence of device operations with ttnn's names, written once.

The same lowering runs on `lightning_v2.tensix`, which emulates the chip, and on anything else that
has ttnn's operations under the same names. The network gives the weights; of its code only the
modules marked `on_host` run, in float32. Every operation of the device runs at a site, under the
precision that the plan has for it; the names are those that `tensix.trace` finds in the network.

Where host and device meet, tensors are packed by the host (`from_torch`), in the format that the
first operation asks for. That is what really happens there; the interception of `tensix.intercept`
knows no such places and casts as the device does, which differs in ties and in block floats. Rows
of the phone embedding lie in bfloat16, or in float32 where that is what their consumer takes.

Letters: P phones, T frames, N = T * 256 samples. The device runs one sentence at a time: B = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import torch
from torch import Tensor

from lightning_v2.deployment.lowering_acoustic import LoweredAcoustics
from lightning_v2.deployment.lowering_vocoder import LoweredVocoder
from lightning_v2.deployment.runner import Runner
from lightning_v2.model.network import Frames, Network
from lightning_v2.tensix.interception import Observer
from lightning_v2.tensix.sites import SitePrecision


class Lowering:
    """`Network` on the device: `acoustics` and `wave` with the same arguments and results.

    Attributes:
        runner: tells which sites ran, and what was left to the host.
    """

    def __init__(
        self,
        network: Network,
        ops: ModuleType,
        policy: Callable[[str], SitePrecision],
        observer: Observer | None = None,
    ):
        """network: of the weights. The others are those of `Runner`."""
        self.runner = Runner(ops, policy, observer)
        self._acoustics = LoweredAcoustics(network, self.runner)
        self._vocoder = LoweredVocoder(network, self.runner)
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
            ValueError: more than one sentence.
        """
        _check_batch("phones", phones)
        network, lowered, host = self._network, self._acoustics, self.runner.on_host
        encoded = lowered.encoder(phones, features)
        if ends is None:
            ends = host("ends", network.ends, lowered.duration(encoded))
        count = f0.shape[1] if f0 is not None else int(ends[:, -1].max().item()) + 1
        hidden = self.runner.download(encoded)
        at_frames, position = host(
            "regulator", network.regulator, hidden, ends, torch.arange(count)
        )
        if f0 is None:
            f0 = host("hertz", network.hertz, *lowered.pitch(at_frames, position))
        pitched, pitch = host("pitch_columns", network.pitch_columns, position, f0)
        return Frames(ends, f0, lowered.decoder(at_frames, pitched), pitch)

    def wave(self, frames: Frames, noise: Tensor) -> Tensor:
        """Frames and white noise of unit variance (1, N) to a waveform (1, N).

        Raises:
            ValueError: more than one sentence.
        """
        _check_batch("frames.f0", frames.f0)
        pulses, noise = self._vocoder.source(frames.f0, noise)
        return self._vocoder.wave(frames.envelope, frames.pitch, pulses, noise)


def _check_batch(name: str, x: Tensor) -> None:
    if x.shape[0] != 1:
        raise ValueError(f"{name} holds {x.shape[0]} sentences; legal is 1 at a time")
