"""Source and vocoder on the device. Letters: T frames, N = T * 256 samples, F = 512 bins.

Pulses and noise are two planes (1, 2, T, ·) here, where the network has (1, T, 2, ·): the rows of a
tile are frames, and no tile is left with two rows of values. Observers see them as the network's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lightning_v2.deployment.lowering_acoustic import stack
from lightning_v2.deployment.runner import DeviceTensor, Runner
from lightning_v2.model.network import Network
from lightning_v2.model.source import excitations
from lightning_v2.model.vocoder import LARGEST_LOG_GAIN


class LoweredVocoder:
    """The second half of the voice, run by `runner`."""

    def __init__(self, network: Network, runner: Runner):
        self._network, self._run = network, runner

    def source(self, f0: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """(1, T) Hz, (1, N) white noise -> (1, N) pulses, (1, N) noise; the phase is a site."""
        cycles = self._run.phase("source.phase", f0)
        return self._run.on_host("source", excitations, cycles, f0, noise)

    def wave(self, envelope: Tensor, pitch: Tensor, pulses: Tensor, noise: Tensor) -> Tensor:
        """(1, T, bands), (1, T, 32), (1, N), (1, N) -> waveform (1, N)."""
        run, ops, vocoder = self._run, self._run.ops, self._network.vocoder
        spectra = self._spectra(pulses, noise)
        gains = self._log_gains(envelope, pitch)
        angle = run.basis("vocoder.minimum_phase", gains, vocoder.minimum_phase, _as_network)
        magnitude = run.unary("vocoder.exp", "exp", gains, _as_network)
        cosine = run.unary("vocoder.cos", "cos", angle, _as_network)
        real = self._binary("mul", "mul", magnitude, cosine)
        sine = run.unary("vocoder.sin", "sin", angle, _as_network)
        imaginary = self._binary("mul_1", "mul", magnitude, sine)
        both = ops.concat(self._filtered((real, imaginary), spectra), -1)
        planes = [ops.reshape(run.part(both, 1, i, i + 1), (1, *both.shape[2:])) for i in (0, 1)]
        total = run.binary("vocoder.add", "add", *planes)
        frames = run.basis("vocoder.synthesis", total, vocoder.synthesis)
        return run.on_host("vocoder.overlap_add", vocoder.overlap_add, run.download(frames))

    def _spectra(self, pulses: Tensor, noise: Tensor) -> tuple[DeviceTensor, DeviceTensor]:
        """(1, N) each of the host -> real and imaginary parts, (1, 2, T, F) each."""
        run, vocoder = self._run, self._network.vocoder
        planes = [
            run.on_host("vocoder.framing", vocoder.framing, excitation)
            for excitation in (pulses, noise)
        ]
        frames = run.upload(torch.stack(planes, 1), "vocoder.analysis")
        spectra = run.basis("vocoder.analysis", frames, vocoder.analysis, _as_network)
        return self._halves(spectra)

    def _log_gains(self, envelope: Tensor, pitch: Tensor) -> DeviceTensor:
        """(1, T, bands), (1, T, 32) of the host -> log gains (1, 2, T, F): pulses, noise."""
        run, ops, vocoder = self._run, self._run.ops, self._network.vocoder
        windows = vocoder.input.windows(torch.cat([envelope, pitch], -1))
        x = run.linear("vocoder.input", run.upload(windows, "vocoder.input"), vocoder.input)
        x = run.layer_norm("vocoder.input_norm", x, vocoder.input_norm)
        x = run.layer_norm("vocoder.norm", stack(run, "vocoder", x, vocoder.blocks), vocoder.norm)
        gains = run.linear("vocoder.gains", x, vocoder.gains)
        gains = run.unary("vocoder.clamp", "clamp", gains, max=LARGEST_LOG_GAIN)
        planes = [ops.reshape(half, (1, 1, *half.shape[1:])) for half in self._halves(gains)]
        return ops.concat(planes, 1)

    def _filtered(
        self, a: tuple[DeviceTensor, DeviceTensor], b: tuple[DeviceTensor, DeviceTensor]
    ) -> list[DeviceTensor]:
        """The complex product of a and b as [real, imaginary]."""
        products = [
            self._binary(f"filter.{name}", "mul", x, y)
            for name, x, y in (("mul", a[0], b[0]), ("mul_1", a[1], b[1]))
        ]
        real = self._binary("filter.sub", "sub", *products)
        products = [
            self._binary(f"filter.{name}", "mul", x, y)
            for name, x, y in (("mul_2", a[0], b[1]), ("mul_3", a[1], b[0]))
        ]
        return [real, self._binary("filter.add", "add", *products)]

    def _binary(self, name: str, op: str, a: DeviceTensor, b: DeviceTensor) -> DeviceTensor:
        return self._run.binary(f"vocoder.{name}", op, a, b, _as_network)

    def _halves(self, x: DeviceTensor) -> tuple[DeviceTensor, DeviceTensor]:
        """(..., 2 F) -> (..., F), (..., F)."""
        bins = self._network.vocoder.bins
        return self._run.columns(x, 0, bins), self._run.columns(x, bins, 2 * bins)


def _as_network(planes: Tensor) -> Tensor:
    return planes.transpose(1, 2)
