"""The vocoder of the natural voice on the device.

Letters: B sentences, T frames of a bucket, K bins.

Every branch has all K bins here, so that nothing is cut out or put together: harmonics beyond those
that are turned have an angle of 0, harmonics and free bins beyond the last one a gain of 0. Both
are exact: cos 0 is 1, sin 0 is 0 in every format. Observers see as many bins as the network has.
"""

import math

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.model.natural.config import BINS
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.vocoder import LARGEST_LOG_GAIN, Angle, Gain

_HEAD = "vocoder.head"

Complex = tuple[DeviceTensor, DeviceTensor]
"""Real and imaginary parts, or cosine and sine: (B, T, K) each."""


class LoweredNaturalVocoder:
    """The second half of the voice, run by `runner`."""

    def __init__(self, network: NaturalNetwork, runner: Runner):
        self._vocoder, self._run = network.vocoder, runner

    def wave(
        self, x: DeviceTensor, even: DeviceTensor, odd: DeviceTensor, noise: Complex, view: View
    ) -> Complex:
        """Channels, folded pulses and noise to folded frames of the waveform.

        Args:
            x: (B, T, channels), the result of `decoder.norm`.
            even, odd: (B, T, K).
            noise: white, (B, T, K) each.
            view: off with the padding, (B, T, ·).

        Returns:
            Cosine and sine sums, (B, T, K) each.
        """
        real, imaginary = self._spectrum(x, even, odd, noise, view)
        run, vocoder = self._run, self._vocoder
        with run.leaving():
            even = run.basis("vocoder.inverse_cosines", real, vocoder.inverse_cosines, view)
            return even, run.basis("vocoder.inverse_sines", imaginary, vocoder.inverse_sines, view)

    # L1 is free for others once the last name of a tensor is gone: a method for each thing to keep.

    def _spectrum(
        self, x: DeviceTensor, even: DeviceTensor, odd: DeviceTensor, noise: Complex, view: View
    ) -> Complex:
        run, vocoder, head = self._run, self._vocoder, self._vocoder.head
        pulses = (
            run.basis("vocoder.cosines", even, vocoder.cosines, view, BINS),
            run.basis("vocoder.sines", odd, vocoder.sines, view, BINS),
        )
        gain = self._gain("harmonic_gain", x, head.harmonic_gain, view)
        turn = self._half_turn("harmonic_angle", x, head.harmonic_angle, view)
        noise_gain = self._gain("noise_gain", x, head.noise_gain, view)
        hiss = self._shaped(("mul", "mul_1"), noise_gain, noise, view)
        free_gain = self._gain("free_gain", x, head.free_gain, view)
        angle = self._angle("free_angle", x, head.free_angle, view)
        free = self._shaped(("mul_2", "mul_3"), free_gain, angle, _cropped(view, head.free_gain))
        turned = self._turned(turn, pulses, _cropped(view, head.harmonic_angle))
        voiced = self._voiced(gain, turned, _cropped(view, head.harmonic_gain))
        real = self._sum(("add_1", "add_2"), voiced[0], hiss[0], free[0], view)
        return real, self._sum(("add_3", "add_4"), voiced[1], hiss[1], free[1], view)

    def _gain(self, name: str, x: DeviceTensor, layer: Gain, view: View) -> DeviceTensor:
        run, path, cropped = self._run, f"{_HEAD}.{name}", _cropped(view, layer)
        x = run.linear(f"{path}.log", x, layer.log, view, BINS)
        limits = {"min": -LARGEST_LOG_GAIN, "max": LARGEST_LOG_GAIN}
        x = run.unary(f"{path}.clamp", "clamp", x, cropped, **limits)
        x = run.unary(f"{path}.exp", "exp", x, cropped)
        return run.scaled(f"{path}.mul", x, layer.typical, view, BINS)

    def _half_turn(self, name: str, x: DeviceTensor, layer: Angle, view: View) -> Complex:
        run, path, cropped = self._run, f"{_HEAD}.{name}", _cropped(view, layer)
        x = run.linear(f"{path}.output", x, layer.output, view, BINS)
        x = run.unary(f"{path}.tanh", "tanh", x, cropped)
        x = run.binary(f"{path}.mul", "mul", x, math.pi, cropped)
        return self._circle(path, x, cropped)

    def _angle(self, name: str, x: DeviceTensor, layer: Angle, view: View) -> Complex:
        path = f"{_HEAD}.{name}"
        x = self._run.linear(f"{path}.output", x, layer.output, view, BINS)
        return self._circle(path, x, _cropped(view, layer))

    def _circle(self, path: str, radians: DeviceTensor, view: View) -> Complex:
        run = self._run
        cosine = run.unary(f"{path}.cos", "cos", radians, view)
        return cosine, run.unary(f"{path}.sin", "sin", radians, view)

    def _shaped(
        self, names: tuple[str, str], gain: DeviceTensor, pair: Complex, view: View
    ) -> Complex:
        """A gain times both parts."""
        first, second = (
            self._run.binary(f"vocoder.{name}", "mul", gain, part, view)
            for name, part in zip(names, pair, strict=True)
        )
        return first, second

    def _turned(self, turn: Complex, pulses: Complex, view: View) -> Complex:
        """The product of two complex numbers."""
        (cosine, sine), (real, imaginary) = turn, pulses

        def binary(name: str, op: str, a: DeviceTensor, b: DeviceTensor) -> DeviceTensor:
            return self._run.binary(f"vocoder.spectrum.{name}", op, a, b, view)

        first, second = binary("mul", "mul", cosine, real), binary("mul_1", "mul", sine, imaginary)
        turned = binary("sub", "sub", first, second)
        first = binary("mul_2", "mul", cosine, imaginary)
        second = binary("mul_3", "mul", sine, real)
        return turned, binary("add", "add", first, second)

    def _voiced(self, gain: DeviceTensor, turned: Complex, view: View) -> Complex:
        first, second = (
            self._run.binary(f"vocoder.spectrum.{name}", "mul", gain, part, view)
            for name, part in zip(("mul_4", "mul_5"), turned, strict=True)
        )
        return first, second

    def _sum(
        self,
        names: tuple[str, str],
        voiced: DeviceTensor,
        hiss: DeviceTensor,
        free: DeviceTensor,
        view: View,
    ) -> DeviceTensor:
        """Harmonics, noise and free part of one of both parts."""
        head, binary = self._vocoder.head, self._run.binary
        first, second = (f"vocoder.spectrum.{name}" for name in names)
        both = binary(first, "add", voiced, hiss, _cropped(view, head.harmonic_gain))
        return binary(second, "add", both, free, _cropped(view, head.free_gain))


def _cropped(view: View, layer: Gain | Angle) -> View:
    """The bins that the network has of a branch."""
    linear = layer.log if isinstance(layer, Gain) else layer.output
    return lambda x: view(x)[..., : linear.out_features]
