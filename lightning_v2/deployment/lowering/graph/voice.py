"""A voice that is a graph, as it speaks on a device."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from lightning_v2.deployment.lowering.graph.network import LoweredGraph
from lightning_v2.deployment.lowering.graph.pulse_noise import LoweredPulseNoise
from lightning_v2.deployment.lowering.graph.runner import GraphRunner
from lightning_v2.onnx.heads import PulseNoisePhase
from lightning_v2.onnx.voice import OnnxVoice


class LoweredVoice:
    """What executes the network of an `OnnxVoice` and its way to a waveform.

    Attributes:
        runner: tells which sites ran, and what was left to the host.
    """

    def __init__(self, voice: OnnxVoice, runner: GraphRunner):
        self.runner = runner
        self._graph, self._head = LoweredGraph(voice.model, runner), voice.frontend.waveform
        if isinstance(self._head, PulseNoisePhase):
            self._head = LoweredPulseNoise(self._head, runner)

    def __call__(
        self,
        inputs: Mapping[str, Tensor],
        *,
        seed: int = 0,
        pinned: Mapping[str, Tensor] | None = None,
        also: Iterable[str] = (),
    ) -> dict[str, Any]:
        """The outputs of the graph, those that the way to the waveform takes there on the device.

        Arguments are those of `OnnxNetwork.forward`.
        """
        stay = getattr(self._head, "stay", ())
        return self._graph(inputs, seed=seed, pinned=pinned, also=also, stay=stay)

    def waveform(self, outputs: dict[str, Any], noise: np.random.Generator) -> Tensor:
        """The sound of one sentence, (N,)."""
        return self._head(outputs, noise)
