"""The linear parts of a pupil, solved by least squares instead of trained.

What goes into the first block of the teacher's decoder or of its prosody, and their outputs, are
linear in what is known. Letters: F frames, S steps, C channels.
"""

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.model.natural.config import STEP, NaturalConfig
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.model.natural.prosody import F0_SCALE
from lightning_v2.training.distillation.dataset import Dataset
from lightning_v2.training.distillation.losses import Targets

_SENTENCES = 40
_RIDGE = 1e-5


def solve_linear(
    network: NaturalNetwork, config: NaturalConfig, data: Dataset, energy_scale: float
) -> None:
    """Set the decoder's first layer and the heads, for blocks that do what the teacher's do."""
    inputs, hidden, spectra, f0 = _frames(network, data, energy_scale)
    head = network.vocoder.head
    _fit(network.decoder.input, inputs, hidden[:, 0])
    x = nn.functional.layer_norm(hidden[:, -1], hidden.shape[-1:])
    targets = Targets.of(spectra[None], f0[None], config)
    for gain, log in (
        (head.harmonic_gain, targets.harmonic),
        (head.noise_gain, targets.noise),
        (head.free_gain, targets.free),
    ):
        _fit(gain.log, x, gain.relative_to_typical(log[0]))
    _, theta, _, _, phi = spectra.unbind(1)
    _fit(head.harmonic_angle.output, x, theta[:, : head.harmonic_angle.output.out_features])
    _fit(head.free_angle.output, x, phi[:, : head.free_angle.output.out_features])


def solve_prosody(network: NaturalNetwork, data: Dataset, energy_scale: float) -> None:
    """Set the first and the last layers of what predicts F0 and energy likewise."""
    hidden, sums, f0, energy = _steps(data)
    prosody = network.prosody
    _fit(prosody.input, hidden, sums[:, 0])
    _fit(prosody.pitch, sums[:, -1], f0 / F0_SCALE)
    _fit(prosody.energy, sums[:, -1], energy / energy_scale)


def _steps(data: Dataset) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Hidden vectors of the phones of steps (S, C), sums (S, 7, C), F0 and energy (S, 2)."""
    generator, rows = np.random.default_rng(0), []
    for index in data.draw(_SENTENCES, generator, 1, False):
        sentence = data.sentences([index])
        crop = data.crop([index], generator, int(sentence.durations.sum()), 0, False)
        hidden = data.sums(sentence)[1][0, :, -1][crop.phone[0]]
        frames = (x[0].reshape(-1, STEP) for x in (crop.f0, crop.energy))
        rows.append((hidden, crop.prosody[0], *frames))
    return tuple(torch.cat(column) for column in zip(*rows, strict=True))


def _frames(
    network: NaturalNetwork, data: Dataset, energy_scale: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Windows of the decoder's inputs (F, taps * columns), hidden (F, 9, C), spectra (F, 5, K), F0
    (F,)."""
    generator, rows = np.random.default_rng(0), []
    for index in data.draw(_SENTENCES, generator, 1, True):
        sentence = data.sentences([index])
        steps = int(sentence.durations.sum())
        crop = data.crop([index], generator, steps, 0, True)
        text = sentence.text[0][crop.phone[0].repeat_interleave(STEP)][None]
        pitch = network.pitch_columns(crop.f0, crop.energy / energy_scale)
        windows = network.decoder.input.windows(torch.cat([text, pitch], -1))
        rows.append((windows[0], crop.hidden[0], crop.spectra[0], crop.f0[0]))
    return tuple(torch.cat(column) for column in zip(*rows, strict=True))


def _fit(layer: nn.Linear, given: Tensor, wanted: Tensor) -> None:
    """Weights and biases of least squares, in float64."""
    x = torch.cat([given, torch.ones_like(given[:, :1])], -1).double()
    gram = x.T @ x
    gram.diagonal().add_(_RIDGE * len(x))
    solved = torch.linalg.solve(gram, x.T @ wanted.double()).float()
    with torch.no_grad():
        layer.weight.copy_(solved[:-1].T)
        layer.bias.copy_(solved[-1])
