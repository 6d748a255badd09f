"""The vocoder of the natural voice on the device.

Letters: B sentences, T frames of a bucket, K bins.

Every branch has all K bins here, so that nothing is cut out or put together: harmonics beyond those
that are turned have an angle of 0, harmonics and free bins beyond the last one a gain of 0. Both
are exact: cos 0 is 1, sin 0 is 0 in every format. Observers see as many bins as the network has;
of noise above the free bins they see the product that it is by itself, which a sum may round
otherwise.
"""

import math

from lightning_v2.deployment.lowering.constant import DeviceTensor, View
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.model.natural.config import BINS
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.vocoder import LARGEST_LOG_GAIN, Angle, Gain

_HEAD, _SPECTRUM = "vocoder.head", "vocoder.spectrum"

Complex = tuple[DeviceTensor, DeviceTensor]
"""Real and imaginary parts, or cosine and sine: (B, T, K) each."""

Casts = dict[str, DeviceTensor]
"""Format -> the same tensor in it."""

Pair = tuple[DeviceTensor, DeviceTensor]
"""What is multiplied, (B, T, K) each."""


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
            Cosine and sine sums, (K, B * T) each.
        """
        real, imaginary = self._spectrum(x, even, odd, noise, view)
        run, vocoder = self._run, self._vocoder
        with run.leaving():
            even = run.left_basis("vocoder.inverse_cosines", real, vocoder.inverse_cosines, view)
            path, layer = "vocoder.inverse_sines", vocoder.inverse_sines
            return even, run.left_basis(path, imaginary, layer, view)

    # L1 is free for others once the last name of a tensor is gone: a method for each thing to keep.

    def _spectrum(
        self, x: DeviceTensor, even: DeviceTensor, odd: DeviceTensor, noise: Complex, view: View
    ) -> Complex:
        run, vocoder, head = self._run, self._vocoder, self._vocoder.head
        real = run.basis("vocoder.cosines", even, vocoder.cosines, view, BINS)
        imaginary = run.basis("vocoder.sines", odd, vocoder.sines, view, BINS)
        cast = self._cast(x)
        gain = self._gain("harmonic_gain", cast, head.harmonic_gain, view)
        turn = self._half_turn("harmonic_angle", x, head.harmonic_angle, view)
        free = self._free(x, cast, view)
        hiss = self._gain("noise_gain", cast, head.noise_gain, view)
        turned = _cropped(view, head.harmonic_angle)
        straight, across = (
            run.binary(f"{_SPECTRUM}.{name}", "mul", gain, part, turned)
            for name, part in zip(("mul", "mul_1"), turn, strict=True)
        )
        views = turned, turned
        first = self._without_turn((2, 0), free[0], (hiss, noise[0]), (straight, real), view)
        first = self._added(("mul_4", "sub"), first, (across, imaginary), views)
        second = self._without_turn((5, 2), free[1], (hiss, noise[1]), (straight, imaginary), view)
        return first, self._added(("mul_7", "add_4"), second, (across, real), views)

    def _without_turn(
        self, numbers: tuple[int, int], free: DeviceTensor, hiss: Pair, voiced: Pair, view: View
    ) -> DeviceTensor:
        """One part, but for what pulses bring from the other; numbers: of its first sites."""
        head, (product, total) = self._vocoder.head, numbers
        own, both = _cropped(view, head.free_gain), _cropped(view, head.harmonic_gain)
        first = f"add_{total}" if total else "add"
        known = self._added((f"mul_{product}", first), free, hiss, (view, own))
        names = f"mul_{product + 1}", f"add_{total + 1}"
        return self._added(names, known, voiced, (both, both))

    def _added(
        self, names: tuple[str, str], x: DeviceTensor, pair: Pair, views: tuple[View, View]
    ) -> DeviceTensor:
        """x and a product, as the second name says; views: of product and sum."""
        product, total = (f"{_SPECTRUM}.{name}" for name in names)
        return self._run.with_product(product, total, names[1].partition("_")[0], x, *pair, views)

    def _free(self, x: DeviceTensor, cast: Casts, view: View) -> Complex:
        run, head = self._run, self._vocoder.head
        gain = self._gain("free_gain", cast, head.free_gain, view)
        angle, cropped = self._angle("free_angle", x, head.free_angle, view), head.free_gain
        real, imaginary = (
            run.binary(f"vocoder.{name}", "mul", gain, part, _cropped(view, cropped))
            for name, part in zip(("mul", "mul_1"), angle, strict=True)
        )
        return real, imaginary

    def _cast(self, x: DeviceTensor) -> Casts:
        """x in each format that a gain takes."""
        sites = (f"{_HEAD}.{name}.log" for name in ("harmonic_gain", "noise_gain", "free_gain"))
        formats = {self._run.precision(site).activations for site in sites}
        return {dtype: self._run.ops.typecast(x, dtype) for dtype in formats}

    def _gain(self, name: str, cast: Casts, layer: Gain, view: View) -> DeviceTensor:
        run, path, cropped = self._run, f"{_HEAD}.{name}", _cropped(view, layer)
        x = cast[run.precision(f"{path}.log").activations]
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


def _cropped(view: View, layer: Gain | Angle) -> View:
    """The bins that the network has of a branch."""
    linear = layer.log if isinstance(layer, Gain) else layer.output
    return lambda x: view(x)[..., : linear.out_features]
