"""The vocoder on the device. Letters: B sentences, T frames of a bucket, F = 512 bins.

Pulses and noise are two planes (B, 2, T, ·) here, where the network has (B, T, 2, ·): the rows of a
tile are frames, and no tile is left with two rows of values. Observers see them as the network's.
"""

import torch
from torch import Tensor

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.layers import stack
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.deployment.lowering.taps import side_by_side
from lightning_v2.model.network import Network
from lightning_v2.model.vocoder import LARGEST_LOG_GAIN
from lightning_v2.tile import TILE


class LoweredVocoder:
    """The second half of the voice, run by `runner`."""

    def __init__(self, network: Network, runner: Runner):
        self._network, self._run = network, runner

    def neighbours(self, batch: int, frames: int) -> Tensor:
        """Indices (B, T * taps) of the frames around each frame; beyond the edges a zero row."""
        reach = self._network.vocoder.input.kernel // 2
        window = torch.arange(frames)[:, None] + torch.arange(-reach, reach + 1)
        inside = (window >= 0) & (window < frames)
        sentences = frames * torch.arange(batch)[:, None, None]
        return torch.where(inside, window + sentences, batch * frames).flatten(1)

    def wave(
        self,
        envelope: DeviceTensor,
        pitch: DeviceTensor,
        excitations: DeviceTensor,
        neighbours: DeviceTensor,
        view: View,
        mask: DeviceTensor | None = None,
    ) -> DeviceTensor:
        """Envelope, pitch and framed excitations to filtered frames of the waveform.

        Args:
            envelope: (B, T, bands), the result of `decoder.output`.
            pitch: (B, T, 32), zero in padding.
            excitations: (B, 2, T, 512): pulses, noise.
            neighbours: as `self.neighbours` says.
            view: off with the padding, (B, T, ·).
            mask: (B, T, 1), 1 for frames and 0 for padding; not given where there is none.

        Returns:
            (B, T, fft).
        """
        total = self._spectrum(envelope, pitch, excitations, neighbours, view, mask)
        synthesis = self._network.vocoder.synthesis
        with self._run.leaving():
            return self._run.basis("vocoder.synthesis", total, synthesis, view)

    # L1 is free for others once the last name of a tensor is gone: a method for each thing to keep.

    def _spectrum(
        self,
        envelope: DeviceTensor,
        pitch: DeviceTensor,
        excitations: DeviceTensor,
        neighbours: DeviceTensor,
        view: View,
        mask: DeviceTensor | None,
    ) -> DeviceTensor:
        """Filtered pulses and noise together, (B, T, 2 F)."""

        def planes(seen: Tensor) -> Tensor:
            return view(seen.transpose(1, 2))

        run, analysis = self._run, self._network.vocoder.analysis
        spectra = run.basis("vocoder.analysis", excitations, analysis, planes)
        filters = self._filters(self._log_gains(envelope, pitch, neighbours, view, mask), planes)
        both = run.ops.concat(self._filtered(filters, self._halves(spectra), planes), -1)
        return run.binary("vocoder.add", "add", self._plane(both, 0), self._plane(both, 1), view)

    def _filters(self, gains: DeviceTensor, planes: View) -> tuple[DeviceTensor, DeviceTensor]:
        """Log gains (B, 2, T, F) to minimum-phase filters: real and imaginary parts."""
        run = self._run
        basis = self._network.vocoder.minimum_phase
        angle = run.basis("vocoder.minimum_phase", gains, basis, planes)
        magnitude = run.unary("vocoder.exp", "exp", gains, planes)
        cosine = run.unary("vocoder.cos", "cos", angle, planes)
        real = run.binary("vocoder.mul", "mul", magnitude, cosine, planes)
        sine = run.unary("vocoder.sin", "sin", angle, planes)
        return real, run.binary("vocoder.mul_1", "mul", magnitude, sine, planes)

    def _log_gains(
        self,
        envelope: DeviceTensor,
        pitch: DeviceTensor,
        neighbours: DeviceTensor,
        view: View,
        mask: DeviceTensor | None,
    ) -> DeviceTensor:
        """Log gains (B, 2, T, F): pulses, noise."""
        run, ops, vocoder = self._run, self._run.ops, self._network.vocoder
        written = run.precision("decoder.output").output
        windows = self._windows(run.masked(envelope, mask, written), pitch, neighbours)
        x = run.taps("vocoder.input", windows, vocoder.input, side_by_side(vocoder.input), view)
        x = run.layer_norm("vocoder.input_norm", x, vocoder.input_norm, view)
        stored = run.precision("vocoder.input_norm").output
        x = run.masked(x, mask, stored)
        x = stack(run, "vocoder.blocks", x, vocoder.blocks, view, mask)
        x = run.layer_norm("vocoder.norm", x, vocoder.norm, view)
        gains = run.linear("vocoder.gains", x, vocoder.gains, view)
        gains = run.unary("vocoder.clamp", "clamp", gains, view, max=LARGEST_LOG_GAIN)
        batch, frames, _ = gains.shape
        halves = [
            ops.reshape(half, (batch, 1, frames, vocoder.bins)) for half in self._halves(gains)
        ]
        return ops.concat(halves, 1)

    def _windows(
        self, envelope: DeviceTensor, pitch: DeviceTensor, neighbours: DeviceTensor
    ) -> DeviceTensor:
        """Every frame with its neighbours side by side, (B, T, taps * C)."""
        run, ops, site = self._run, self._run.ops, "vocoder.input"
        x = ops.concat([run.at(site).operand(envelope), pitch], -1)
        batch, frames, channels = x.shape
        table = ops.reshape(x, (batch * frames, channels))
        table = ops.pad(run.movable_operand(table, site), ((0, TILE), (0, 0)))
        taps = self._network.vocoder.input.kernel
        return ops.reshape(ops.embedding(neighbours, table), (batch, frames, taps * channels))

    def _filtered(
        self,
        a: tuple[DeviceTensor, DeviceTensor],
        b: tuple[DeviceTensor, DeviceTensor],
        planes: View,
    ) -> list[DeviceTensor]:
        """The complex product of a and b as [real, imaginary]."""

        def product(name: str, x: DeviceTensor, y: DeviceTensor) -> DeviceTensor:
            return self._run.binary(f"vocoder.filter.{name}", "mul", x, y, planes)

        first, second = product("mul", a[0], b[0]), product("mul_1", a[1], b[1])
        real = self._run.binary("vocoder.filter.sub", "sub", first, second, planes)
        first, second = product("mul_2", a[0], b[1]), product("mul_3", a[1], b[0])
        imaginary = self._run.binary("vocoder.filter.add", "add", first, second, planes)
        return [real, imaginary]

    def _plane(self, x: DeviceTensor, index: int) -> DeviceTensor:
        """(B, 2, T, ·) -> (B, T, ·)."""
        batch, _, *rest = x.shape
        return self._run.ops.reshape(self._run.part(x, 1, index, index + 1), (batch, *rest))

    def _halves(self, x: DeviceTensor) -> tuple[DeviceTensor, DeviceTensor]:
        """(..., 2 F) -> (..., F), (..., F)."""
        bins = self._network.vocoder.bins
        return self._run.columns(x, 0, bins), self._run.columns(x, bins, 2 * bins)
