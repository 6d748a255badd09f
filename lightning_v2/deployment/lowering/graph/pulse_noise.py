"""hibari's way from its outputs to a waveform on the device; see `onnx.heads`.

Letters: F frames, K = 601 bins. On the device there is an axis of length 1 before them.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from lightning_v2.deployment.lowering.constant import DeviceTensor
from lightning_v2.deployment.lowering.graph.runner import GraphRunner
from lightning_v2.deployment.lowering.graph.value import Value
from lightning_v2.deployment.lowering.stage import Upload
from lightning_v2.onnx.heads import BINS, FFT, LARGEST_LOG_GAIN, PulseNoisePhase

SPECTRA = ("lh", "theta", "ln", "lr", "phi")
"""Outputs of the graph that stay on the device."""

_PATH = "waveform"

Complex = tuple[Value, Value]
_FRAMES = ((), (0,), (1,))


class LoweredPulseNoise:
    """`PulseNoisePhase`, run by `runner`."""

    stay = SPECTRA

    def __init__(self, head: PulseNoisePhase, runner: GraphRunner):
        self._head, self._run = head, runner

    def __call__(self, outputs: dict[str, Value | Tensor], noise: np.random.Generator) -> Tensor:
        """Arguments and result as those of `PulseNoisePhase.forward`, the spectra as `Value`s."""
        run, head = self._run, self._head
        f0 = outputs["f0"]
        frames = f0.shape[-1]
        pulses = run.on_host(f"{_PATH}.pulses", head.pulses, f0)
        framed = run.on_host(f"{_PATH}.frames", head.frames, pulses)
        drawn = noise.standard_normal((frames, 2, BINS), dtype=np.float32)
        size = outputs[SPECTRA[0]].sizes[2]
        sent = {
            "pulses": (framed, run.precision(f"{_PATH}.analysis").activations),
            "real": (torch.from_numpy(drawn[:, 0]), self._noise_format()),
            "imaginary": (torch.from_numpy(drawn[:, 1]), self._noise_format()),
        }
        uploads = {name: Upload(_rows(x, size), dtype) for name, (x, dtype) in sent.items()}
        spectra = {name: outputs[name].squeezed([0]).transposed((1, 0)) for name in SPECTRA}

        def compute(**operands: DeviceTensor) -> tuple:
            values = {
                name: replace(x, tensor=operands[f"of.{name}"]) for name, x in spectra.items()
            }
            for name, upload in uploads.items():
                shape = (frames, upload.values.shape[-1])
                values[name] = Value(operands[name], shape, _FRAMES, upload.dtype)
            return (), (self._wave(values).tensor,)

        held = {f"of.{name}": x.tensor for name, x in spectra.items()}
        _, (windows,) = run.stage(f"wave, rows {size}", compute, uploads, **held)
        seen = windows[0, :frames, :FFT]
        return run.on_host(f"{_PATH}.overlap_add", head.overlap_add, seen)

    def _noise_format(self) -> str:
        return self._run.precision(f"{_PATH}.shaped.mul").activations

    def _wave(self, x: dict[str, Value]) -> Value:
        run, head = self._run, self._head
        spectra = {name: run.moves.arranged(x[name], _FRAMES) for name in SPECTRA}
        analysis = run.product(f"{_PATH}.analysis", x["pulses"], head.analysis.weight, None)
        self._observe("analysis", head.analysis, (x["pulses"],), analysis)
        pulses = tuple(run.moves.cut(analysis, 1, i * BINS, (i + 1) * BINS) for i in range(2))
        angle = self._unary("theta", "tanh", spectra["theta"])
        turned = run.combined(f"{_PATH}.angle", "multiply", angle, torch.pi, angle)
        self._observe("angle", head.angle, (angle,), turned)
        response = self._scaled(
            "harmonic",
            self._gain("harmonic", spectra["lh"]),
            (
                self._unary("harmonic_cos", "cos", turned),
                self._unary("harmonic_sin", "sin", turned),
            ),
        )
        voiced = self._filtered(response, pulses)
        hiss = self._scaled(
            "shaped", self._gain("noise", spectra["ln"]), (x["real"], x["imaginary"])
        )
        rest = self._scaled(
            "free",
            self._gain("free", spectra["lr"]),
            (
                self._unary("free_cos", "cos", spectra["phi"]),
                self._unary("free_sin", "sin", spectra["phi"]),
            ),
        )
        parts = []
        for i, names in enumerate((("add", "add_1"), ("add_2", "add_3"))):
            first = self._binary(f"sum.{names[0]}", "add", voiced[i], hiss[i])
            parts.append(self._binary(f"sum.{names[1]}", "add", first, rest[i]))
        spectrum = run.moves.joined(parts, 1)
        wave = run.product(f"{_PATH}.synthesis", spectrum, head.synthesis.weight, None)
        self._observe("synthesis", head.synthesis, (spectrum,), wave)
        return wave

    def _gain(self, branch: str, log_gain: Value) -> Value:
        limited = self._unary(f"{branch}_limit", "clamp", log_gain, max=LARGEST_LOG_GAIN)
        return self._unary(f"{branch}_gain", "exp", limited)

    def _filtered(self, a: Complex, b: Complex) -> Complex:
        """The product of two complex numbers."""

        def product(name: str, x: Value, y: Value) -> Value:
            return self._binary(f"filter.{name}", "multiply", x, y)

        first, second = product("mul", a[0], b[0]), product("mul_1", a[1], b[1])
        real = self._binary("filter.sub", "subtract", first, second)
        first, second = product("mul_2", a[0], b[1]), product("mul_3", a[1], b[0])
        return real, self._binary("filter.add", "add", first, second)

    def _scaled(self, name: str, gain: Value, pair: Complex) -> Complex:
        """A gain times a complex number."""
        return tuple(
            self._binary(f"{name}.{site}", "multiply", gain, part)
            for site, part in zip(("mul", "mul_1"), pair, strict=True)
        )

    def _unary(self, name: str, op: str, x: Value, **parameters: float) -> Value:
        y = self._run.function(f"{_PATH}.{name}", op, x, **parameters)
        self._observe(name, getattr(self._head, name), (x,), y)
        return y

    def _binary(self, name: str, op: str, a: Value, b: Value) -> Value:
        y = self._run.combined(f"{_PATH}.{name}", op, a, b, a)
        self._observe(name, getattr(torch, op), (a, b), y)
        return y

    def _observe(
        self, name: str, function: Callable, operands: tuple[Value, ...], result: Value
    ) -> None:
        site = f"{_PATH}.{name}"
        self._run.observed(site, self._run.sites[site], function, operands, result)


def _rows(x: Tensor, size: int) -> Tensor:
    """(F, N) as (1, size, N), zeros behind."""
    return torch.nn.functional.pad(x, (0, 0, 0, size - len(x)))[None].contiguous()
